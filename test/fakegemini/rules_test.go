package fakegemini

import (
	"fmt"
	"strings"
	"testing"
)

const namePattern = "[FIELD_INVALID] Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.\n"

func TestRefusesContents(t *testing.T) {
	const oneof = "required oneof field 'data' must have one initialized field\n"
	checkRefusals(t, []refusal{
		{"no contents", studio25, `{}`, "* GenerateContentRequest.contents: contents is not specified\n"},
		{"no parts", studio25, contentsOf(`{"role":"user","parts":[]}`), "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n"},
		{"empty part", studio25, contentsOf(`{"parts":[{"text":"a"},{}]}`), "* GenerateContentRequest.contents[0].parts[1].data: " + oneof},
		{"thought without data", studio25, contentsOf(`{"parts":[{"text":"a"}]},{"role":"model","parts":[{"thought":true}]}`), "* GenerateContentRequest.contents[1].parts[0].data: " + oneof},
		{"empty text", studio25, contentsOf(`{"parts":[{"text":""},{"text":"a"}]}`), "* GenerateContentRequest.contents[0].parts[0].data: " + oneof},
		{"empty text on vertex", vertex25, contentsOf(`{"parts":[{"text":""}]}`), "Unable to submit request because it has an empty text parameter. Add a value to the parameter and try again."},
		{"empty system text", studio25, with(`"systemInstruction":{"parts":[{"text":""}]}`), "* GenerateContentRequest.system_instruction.parts[0].data: " + oneof},
		{"role assistant", studio25, contentsOf(`{"role":"assistant","parts":[{"text":"a"}]}`), "Please use a valid role: user, model."},
		{"role function", studio25, contentsOf(`{"role":"function","parts":[{"text":"a"}]}`), "Please use a valid role: user, model."},
		{"model first", studio25, contentsOf(`{"role":"model","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"a"}]}`), "Please ensure that the first content is a user turn."},
		{"trailing model turn", studio36, contentsOf(`{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"a"}]}`), "Requests ending with a model turn are not supported."},
		{"cloud storage on AI Studio", studio25, contentsOf(`{"parts":[{"fileData":{"fileUri":"gs://b/o"}}]}`), "* GenerateContentRequest.contents[0].parts[0].file_data.file_uri: Unsupported file uri: gs://b/o\n"},
		{"part resolution on 2.5", studio25, contentsOf(`{"parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="},"mediaResolution":{"level":"MEDIA_RESOLUTION_LOW"}}]}`), "* GenerateContentRequest.contents[0].parts[0].media_resolution: per-part media resolution is not supported for this model.\n"},
		{"GIF", studio35, contentsOf(`{"parts":[{"inlineData":{"mimeType":"image/gif","data":"R0lGODlh"}}]}`), "Unsupported MIME type: image/gif"},
		{"GIF at vertex", vertex25, contentsOf(`{"role":"user","parts":[{"inlineData":{"mimeType":"image/gif","data":"R0lGODlh"}}]}`), "Unable to submit request because it has a mimeType parameter with value image/gif, which is not supported. Update the mimeType and try again. Learn more: https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/gemini"},
		{"sound in an answer", studio35, toolTurn(`{"functionCall":{"id":"c","name":"a","args":{}},"thoughtSignature":"c2ln"}`, `{"functionResponse":{"id":"c","name":"a","response":{},"parts":[{"inlineData":{"mimeType":"audio/wav","data":"aGk="}}]}}`), "Unsupported MIME type: audio/wav"},
		{"media in an answer on 2.5", studio25, toolTurn(`{"functionCall":{"name":"a","args":{}}}`, `{"functionResponse":{"name":"a","response":{},"parts":[{"inlineData":{"mimeType":"image/png","data":"aGk="}}]}}`), "Multimodal function responses are not supported for this model."},
		{"$ref in an answer", studio35, toolTurn(callA, `{"functionResponse":{"id":"1","name":"a","response":{"deep":[{"$ref":"#/x"}]}}}`), "The referenced name `#/x` in function_response.response does not match to a display_name in the function_response.parts."},
		{"answer without response", studio35, toolTurn(callA, `{"functionResponse":{"id":"1","name":"a"}}`), "* GenerateContentRequest.contents[2].parts[0].function_response.response: required field is missing.\n"},
		{"cache with system", studio25, with(`"cachedContent":"cachedContents/x","systemInstruction":{"parts":[{"text":"s"}]}`), "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request."},
		{"cache of the other API", studio25, with(`"cachedContent":"projects/p/locations/l/cachedContents/x"`), "Invalid cached content name: projects/p/locations/l/cachedContents/x"},
		{"cache of the other API on vertex", vertex25, with(`"cachedContent":"cachedContents/x"`), "Invalid cached content name: cachedContents/x"},
		{"uploaded file on vertex", vertex25, contentsOf(`{"parts":[{"fileData":{"mimeType":"a/b","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/x"}}]}`), "* GenerateContentRequest.contents[0].parts[0].file_data.file_uri: Unsupported file uri: https://generativelanguage.googleapis.com/v1beta/files/x\n"},
		{"body model", studio25, with(`"model":"models/gemini-2.5-pro"`), `The model "models/gemini-2.5-pro" in the request does not match the model "gemini-2.5-flash" in the URL.`},
		{"label", vertex25, with(`"labels":{"Team":"x"}`), `Invalid label "Team": "x". Keys and values hold at most 63 characters of [a-z0-9_-]; keys start with a letter.`},
		{"safety twice", studio25, with(`"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"},{"category":7,"threshold":"OFF"}]`), "* GenerateContentRequest.safety_settings[1]: element predicate failed: there should be at most one safety setting per category\n"},
		{"safety with armor", vertex25, with(`"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"OFF"}],"modelArmorConfig":{"promptTemplateName":"x"}`), "safety_settings and model_armor_config are mutually exclusive."},
	})
}

func TestRefusesPairing(t *testing.T) {
	text := `{"text":"t"}`
	checkRefusals(t, []refusal{
		{"fewer answers", studio35, toolTurn(callA+","+callB, answerA), pairCount},
		{"more answers", studio35, toolTurn(callA, answerA+","+answerB), pairCount},
		{"text in place of the answer", studio35, toolTurn(callA, text), pairCount},
		{"call at the end", studio35, contentsOf(`{"parts":[{"text":"go"}]},{"role":"model","parts":[` + callA + `]}`), pairCount},
		{"call first", studio35, contentsOf(`{"role":"model","parts":[` + callA + `]},{"parts":[` + answerA + `]}`), "Please ensure that the first content is a user turn."},
		{"answer without call", studio35, contentsOf(`{"parts":[` + answerA + `]}`), pairAnswerPlace},
		{"answer after text", studio35, contentsOf(`{"parts":[{"text":"go"}]},{"role":"model","parts":[` + callA + `]},{"parts":[` + text + `]},{"parts":[` + answerA + `]}`), pairCount},
		{"answers split", studio35, contentsOf(`{"parts":[{"text":"go"}]},{"role":"model","parts":[` + callA + `,` + callB + `]},{"parts":[` + answerA + `]},{"parts":[` + answerB + `]}`), pairCount},
		{"text beside the answer", studio35, toolTurn(callA, answerA+","+text), "Function response parts can not be mixed with other parts in one content."},
		{"other name", studio35, toolTurn(callA, `{"functionResponse":{"id":"1","name":"z","response":{}}}`), "Please ensure that function response names match function call names: the answer to `1` is named `z`, its call `a`."},
		{"other name by position", vertex25, toolTurn(`{"functionCall":{"name":"a"}},{"functionCall":{"name":"b"}}`, `{"functionResponse":{"name":"b","response":{}}},{"functionResponse":{"name":"a","response":{}}}`), "Please ensure that function response names match function call names: answer 0 is named `b`, its call `a`."},
		{"other id", studio35, toolTurn(callA, `{"functionResponse":{"id":"9","name":"a","response":{}}}`), "functionResponse.id does not match functionCall.id."},
		{"id on one side", studio25, toolTurn(`{"functionCall":{"name":"a"}}`, answerA), "functionResponse.id does not match functionCall.id."},
		{"same id twice", studio25, toolTurn(`{"functionCall":{"id":"1","name":"a"}},{"functionCall":{"id":"1","name":"a"}}`, answerA+","+answerA), "functionResponse.id does not match functionCall.id."},
		{"no ids on 3.5", studio35, toolTurn(`{"functionCall":{"name":"a"},"thoughtSignature":"skip_thought_signature_validator"}`, `{"functionResponse":{"name":"a","response":{}}}`), "functionCall.id and functionResponse.id are required for this model."},
		{"call by the user", studio35, contentsOf(`{"parts":[` + callA + `]}`), "Please ensure that function call turn contains only model parts: contents[0].parts[0].function_call has role user."},
	})
}

func TestRefusesTools(t *testing.T) {
	functions := func(n int) string {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`{"name":"f%d"}`, i)
		}
		return strings.Join(all, ",")
	}
	path := "* GenerateContentRequest.tools[0].function_declarations[0]"
	checkRefusals(t, []refusal{
		{"duplicate", studio25, declared(`{"name":"f"},{"name":"f"}`), "Duplicate function declaration found: f"},
		{"too many", studio25, declared(functions(513)), "Too many function declarations: 513. At most 512 are allowed."},
		{"name with a colon", studio25, declared(`{"name":"a:b"}`), path + ".name: " + namePattern},
		{"name too long", studio25, declared(`{"name":"` + strings.Repeat("x", 65) + `"}`), path + ".name: " + namePattern},
		{"name in history", studio25, toolTurn(`{"functionCall":{"name":"a b"}}`, `{"functionResponse":{"name":"a b","response":{}}}`), "* GenerateContentRequest.contents[1].parts[0].function_call.name: " + namePattern},
		{"empty tool", studio25, with(`"tools":[{}]`), "* GenerateContentRequest.tools[0].tool_type: required one_of 'tool_type' must have one initialized field\n"},
		{"config without functions", studio25, with(`"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}`), "Function calling config is set without function_declarations."},
		{"names under AUTO", studio25, with(`"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"allowedFunctionNames":["f"]}}`), "allowed_function_names may only be set when the function calling mode is ANY or VALIDATED, not AUTO."},
		{"undeclared name", studio25, with(`"tools":[{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"any","allowedFunctionNames":["g"]}}`), "allowed_function_names contains `g`, which is not declared."},
		{"built-in on 2.5", studio25, with(`"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"f"}]}]`), "Tool use with function calling is unsupported"},
		{"built-in on 3.5 unsaid", studio35, with(`"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"f"}]}]`), "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling."},
		{"functions on an image model", "/v1beta/models/gemini-2.5-flash-image:generateContent", declared(`{"name":"f"}`), "Function calling is not enabled for this model."},
		{"parameters not an object", studio25, protoParameters(`{"type":"STRING"}`), path + ".parameters: should be of type OBJECT\n"},
		{"array without items", studio25, protoParameters(`{"type":"OBJECT","properties":{"x":{"type":"ARRAY"}}}`), path + ".parameters.properties[x].items: missing field.\n"},
		{"required undefined", studio25, protoParameters(`{"type":"OBJECT","properties":{},"required":["x"]}`), path + ".parameters.required[0]: property is not defined\n"},
		{"empty enum member", studio25, protoParameters(`{"type":"OBJECT","properties":{"x":{"type":"STRING","enum":[""]}}}`), path + ".parameters.properties[x].enum[0]: cannot be empty\n"},
		{"ref with siblings on vertex", vertex25, protoParameters(`{"type":"OBJECT","properties":{"x":{"ref":"T","type":"OBJECT"}}}`), "Schema.ref 'T' was set alongside unsupported fields. If a schema node has Schema.ref set, then only description and default can be set alongside it; other fields they would be replaced by the expanded reference."},
		{"json keyword", studio25, jsonParameters(`{"type":"object","properties":{"x":{"type":"array","uniqueItems":true}}}`), `tools[0].function_declarations[0].parameters_json_schema: schema at properties.x has the unsupported keyword "uniqueItems"`},
		{"$ref with siblings", studio25, jsonParameters(`{"type":"object","properties":{"x":{"$ref":"#/$defs/T","description":"d"}},"$defs":{"T":{"type":"string"}}}`), `tools[0].function_declarations[0].parameters_json_schema: schema at properties.x can only contain properties starting with '$' when $ref is present`},
		{"$ref nowhere", studio25, jsonParameters(`{"type":"object","properties":{"x":{"$ref":"#/properties/y"}}}`), `tools[0].function_declarations[0].parameters_json_schema: schema at properties.x has a $ref "#/properties/y" that does not resolve within $defs`},
		{"required recursion", studio25, jsonParameters(`{"type":"object","properties":{"x":{"$ref":"#"}},"required":["x"]}`), loopText + "properties.x"},
		{"loop through anyOf", studio25, jsonParameters(`{"type":"object","properties":{"f":{"$ref":"#/$defs/F"}},"$defs":{"F":{"anyOf":[{"type":"string"},{"$ref":"#/$defs/And"}]},"And":{"type":"object","properties":{"left":{"$ref":"#/$defs/F"}},"required":["left"]}}}`), loopText + "$defs.And.properties.left"},
		{"loop through an array that is not empty", studio25, jsonParameters(`{"type":"object","properties":{"k":{"type":"array","minItems":1,"items":{"$ref":"#"}}},"required":["k"]}`), loopText + "properties.k.items"},
		{"loop through additionalProperties", studio25, jsonParameters(`{"type":"object","properties":{"f":{"$ref":"#/$defs/V"}},"$defs":{"V":{"anyOf":[{"type":"string"},{"type":"object","additionalProperties":{"$ref":"#/$defs/V"}}]}}}`), loopText + "$defs.V.anyOf.1.additionalProperties"},
		{"boolean enum", studio25, jsonParameters(`{"type":"object","properties":{"x":{"enum":[true]}}}`), `tools[0].function_declarations[0].parameters_json_schema: schema at properties.x.enum [0]: only strings and numbers are supported`},
		{"boolean schema", studio25, jsonParameters(`{"type":"object","properties":{"x":true}}`), `tools[0].function_declarations[0].parameters_json_schema: schema at properties.x must be an object, not true`},
		{"root without type", studio25, jsonParameters(`{"properties":{}}`), path + ".parameters_json_schema: schema at top-level must be of type object.\n"},
	})
}

// loopText is what Google says of schemas that hold themselves, before the place.
const loopText = "ref loops are only supported if they include optional or nullable property values, or a potentially-zero-length array items, but a ref loop of required fields was found at "

func TestRefusesGeneration(t *testing.T) {
	config := func(members string) string { return with(`"generationConfig":{` + members + `}`) }
	think := func(members string) string { return config(`"thinkingConfig":{` + members + `}`) }
	model := func(name string) string { return "/v1beta/models/" + name + ":generateContent" }
	ranged := func(what, got, span string) string {
		return "Unable to submit request because it has " + what + " value of " + got + " but the supported range is from " + span + ". Update the value and try again."
	}
	checkRefusals(t, []refusal{
		{"level and budget", studio35, think(`"thinkingLevel":"LOW","thinkingBudget":5`), "You can only set only one of thinking budget and thinking level."},
		{"level on 2.5", studio25, think(`"thinkingLevel":"LOW"`), "Thinking level is not supported for this model."},
		{"minimal on 3.8", model("gemini-3.8-flash"), think(`"thinkingLevel":"minimal"`), "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level."},
		{"minimal on 3.1 pro", model("gemini-3.1-pro-preview"), think(`"thinkingLevel":"MINIMAL"`), "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level."},
		{"off on pro", model("gemini-2.5-pro"), think(`"thinkingBudget":0`), "Budget 0 is invalid. This model only works in thinking mode."},
		{"budget above", studio25, think(`"thinkingBudget":24577`), "The thinking budget 24577 is invalid. Please choose a value between 1 and 24576."},
		{"budget below on lite", model("gemini-2.5-flash-lite"), think(`"thinkingBudget":511`), "The thinking budget 511 is invalid. Please choose a value between 512 and 24576."},
		{"thinking on 2.0", model("gemini-2.0-flash"), think(`"includeThoughts":true`), "Thinking is not enabled for models/gemini-2.0-flash"},
		{"temperature", studio25, config(`"temperature":2.1`), ranged("a temperature", "2.1", "0 (inclusive) to 2.0001 (exclusive)")},
		{"output limit", studio25, config(`"maxOutputTokens":128000`), ranged("a maxOutputTokens", "128000", "1 (inclusive) to 65537 (exclusive)")},
		{"no output", studio25, config(`"maxOutputTokens":0`), ranged("a maxOutputTokens", "0", "1 (inclusive) to 65537 (exclusive)")},
		{"penalty", studio25, config(`"presencePenalty":0.5`), "Penalty is not enabled for models/gemini-2.5-flash"},
		{"candidates on 3.x", studio35, config(`"candidateCount":2`), "Multiple candidates is not enabled for models/gemini-3.5-flash"},
		{"six stops", studio25, config(`"stopSequences":["a","b","c","d","e","f"]`), "* GenerateContentRequest.generation_config.stop_sequences: at most 5 stop sequences may be specified, not 6.\n"},
		{"logprobs unasked", studio25, config(`"logprobs":3`), "logprobs must lie between 0 and 20 and needs response_logprobs."},
		{"mime type", studio25, config(`"responseMimeType":"text/html"`), "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, `application/xml`, `application/yaml` and `text/x.enum`.\n"},
		{"schema without mime type", studio25, config(`"responseJsonSchema":{"type":"object"}`), "* GenerateContentRequest.generation_config.response_mime_type: a response schema requires response_mime_type application/json or text/x.enum.\n"},
		{"JSON and functions on 2.5", studio25, with(`"generationConfig":{"responseMimeType":"application/json"},"tools":[{"functionDeclarations":[{"name":"f"}]}]`), "Function calling with a response mime type: 'application/json' is unsupported"},
		{"input too long", studio25, contentsOf(`{"parts":[{"text":"` + strings.Repeat("x", 4*maxInput) + `"}]}`), "The input token count (1048581) exceeds the maximum number of tokens allowed (1048576)."},
	})
}

func TestTolerateAndRefuse(t *testing.T) {
	body := `{"contents":[{"role":"user","parts":[{"text":"a"},{"text":""}]}],"generationConfig":{"temperature":1}}`
	for _, tc := range []struct {
		name   string
		opts   Options
		status int
		marks  int
	}{
		{"default", Options{}, 400, 1},
		{"tolerated", Options{Tolerate: []Rule{RuleEmptyText}}, 200, 2},
		{"mark made fatal", Options{Tolerate: []Rule{RuleEmptyText}, Refuse: []Rule{RuleFixedSampling}}, 400, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := Start(t, tc.opts)
			status, reply := send(t, s, studio36, body)
			got := s.Requests()[0]
			if status != tc.status || len(got.Marks) != tc.marks || (got.Rejected != "") != (status == 400) {
				t.Errorf("status %d, marks %q, rejected %q: %s", status, got.Marks, got.Rejected, reply)
			}
		})
	}
}
