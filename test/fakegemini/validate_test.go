package fakegemini

import (
	"strings"
	"testing"
)

// user wraps one request around a generationConfig or other members.
func with(members string) string {
	return `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],` + members + `}`
}

func contentsOf(contents string) string { return `{"contents":[` + contents + `]}` }

func declared(declaration string) string {
	return with(`"tools":[{"functionDeclarations":[` + declaration + `]}]`)
}

func jsonParameters(schema string) string {
	return declared(`{"name":"f","description":"d","parametersJsonSchema":` + schema + `}`)
}

func protoParameters(schema string) string {
	return declared(`{"name":"f","description":"d","parameters":` + schema + `}`)
}

// toolTurn is a complete exchange with placeholder signature and ids.
func toolTurn(calls, answers string) string {
	return contentsOf(`{"role":"user","parts":[{"text":"go"}]},{"role":"model","parts":[` + calls + `]},{"role":"user","parts":[` + answers + `]}`)
}

const (
	callA   = `{"functionCall":{"id":"1","name":"a","args":{}},"thoughtSignature":"skip_thought_signature_validator"}`
	callB   = `{"functionCall":{"id":"2","name":"b","args":{}}}`
	answerA = `{"functionResponse":{"id":"1","name":"a","response":{"output":"x"}}}`
	answerB = `{"functionResponse":{"id":"2","name":"b","response":{"output":"y"}}}`
)

func TestAccepts(t *testing.T) {
	s := Start(t)
	for _, tc := range []struct{ name, path, body string }{
		{"text", studio25, hello},
		{"nothing but empty text", studio25, contentsOf(`{"role":"user","parts":[{"text":""},{"text":""}]}`)},
		{"snake case names", studio25, `{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":"iVBORw0KGgo="}}]}],"generation_config":{"max_output_tokens":5}}`},
		{"v1", "/v1/models/gemini-2.5-flash:generateContent", hello},
		{"dated preview", "/v1beta/models/gemini-2.5-flash-preview-05-20:generateContent", hello},
		{"lone object for a list", studio25, with(`"systemInstruction":{"parts":{"text":"s"}}`)},
		{"enum in lower case", studio35, with(`"generationConfig":{"thinkingConfig":{"thinkingLevel":"low"}}`)},
		{"enum as number", studio25, with(`"safetySettings":[{"category":10,"threshold":3}]`)},
		{"integral float", studio25, with(`"generationConfig":{"maxOutputTokens":1e3,"topK":40.0,"seed":"7"}`)},
		{"null is absence", studio25, with(`"tools":null,"generationConfig":{"seed":null}`)},
		{"url-safe bytes without padding", studio25, contentsOf(`{"parts":[{"inlineData":{"mimeType":"text/csv","data":"_-8"}}]}`)},
		{"adjacent contents of a role", studio25, contentsOf(`{"role":"user","parts":[{"text":"a"}]},{"role":"user","parts":[{"text":"b"}]}`)},
		{"tool exchange", studio35, toolTurn(callA+","+callB, answerA+","+answerB)},
		{"answers in another order, by id", studio35, toolTurn(callA+","+callB, answerB+","+answerA)},
		{"trailing model turn where allowed", studio35, contentsOf(`{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"b"}]}`)},
		{"signature on empty text", studio35, contentsOf(`{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"","thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"text":"c"}]}`)},
		{"proto schema", studio25, protoParameters(`{"type":"OBJECT","properties":{"x":{"type":"string","enum":["a"]},"ref":{"type":"ARRAY","items":{"type":"INTEGER"}}},"required":["x"]}`)},
		{"json schema", studio25, jsonParameters(`{"type":"object","properties":{"t":{"$ref":"#/$defs/T"},"n":{"type":["integer","null"],"minimum":1}},"required":["t"],"$defs":{"T":{"type":"object","properties":{"next":{"$ref":"#/$defs/T"}}}},"additionalProperties":false}`)},
		{"vertex labels", vertex25, with(`"labels":{"team":"a-b_1"}`)},
		{"vertex call without id", vertex25, toolTurn(`{"functionCall":{"name":"a","args":{}}}`, `{"functionResponse":{"name":"a","response":{}}}`)},
		{"built-in beside functions on 3.x", studio35, with(`"tools":[{"googleSearch":{}},{"functionDeclarations":[{"name":"f"}]}],"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"},"includeServerSideToolInvocations":true}`)},
		{"budget off on flash", studio25, with(`"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}`)},
		{"structured output", studio25, with(`"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{"a":{"type":"string"}}}}`)},
		{"express mode", "/v1beta1/publishers/google/models/gemini-2.5-flash:generateContent", hello},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if status, body := send(t, s, tc.path, tc.body); status != 200 {
				t.Errorf("status %d: %s", status, body)
			}
		})
	}
}

// refusal is a request and the exact text it must draw.
type refusal struct{ name, path, body, want string }

func checkRefusals(t *testing.T, rows []refusal) {
	t.Helper()
	s := Start(t)
	for _, tc := range rows {
		t.Run(tc.name, func(t *testing.T) {
			status, body := send(t, s, tc.path, tc.body)
			if got := errorMessage(t, body); status != 400 || got != tc.want {
				t.Errorf("status %d\n got %q\nwant %q", status, got, tc.want)
			}
		})
	}
}

func TestRefusesByFieldTable(t *testing.T) {
	checkRefusals(t, []refusal{
		{"unknown at the top", studio25, with(`"foo":1`), `Invalid JSON payload received. Unknown name "foo": Cannot find field.`},
		{"unknown in a part", studio25, contentsOf(`{"parts":[{"x":1,"text":"a"}]}`), `Invalid JSON payload received. Unknown name "x" at 'contents[0].parts[0]': Cannot find field.`},
		{"two unknowns", studio25, with(`"a":1,"b":2`), "Invalid JSON payload received. Unknown name \"a\": Cannot find field.\nInvalid JSON payload received. Unknown name \"b\": Cannot find field."},
		{"schema keyword in parameters", studio25, protoParameters(`{"type":"OBJECT","properties":{"x":{"type":"STRING","const":"a"}},"additionalProperties":false}`),
			"Invalid JSON payload received. Unknown name \"const\" at 'tools[0].function_declarations[0].parameters.properties[0].value': Cannot find field.\nInvalid JSON payload received. Unknown name \"additionalProperties\" at 'tools[0].function_declarations[0].parameters': Cannot find field."},
		{"type array in parameters", studio25, protoParameters(`{"type":["OBJECT"]}`), `Invalid JSON payload received. Unknown name "type" at 'tools[0].function_declarations[0].parameters': Proto field is not repeating, cannot start list.`},
		{"wrong type", studio25, with(`"generationConfig":{"temperature":"warm"}`), `Invalid value at 'generation_config.temperature' (TYPE_FLOAT), "warm"`},
		{"fraction for int32", studio25, with(`"generationConfig":{"topK":1.5}`), `Invalid value at 'generation_config.top_k' (TYPE_INT32), 1.5`},
		{"int32 overflow", studio25, with(`"generationConfig":{"seed":2147483648}`), `Invalid value at 'generation_config.seed' (TYPE_INT32), 2147483648`},
		{"unknown enum", studio35, with(`"generationConfig":{"thinkingConfig":{"thinkingLevel":"max"}}`), `Invalid value at 'generation_config.thinking_config.thinking_level' (type.googleapis.com/google.ai.generativelanguage.v1beta.ThinkingLevel), "max"`},
		{"bad base64", studio25, contentsOf(`{"parts":[{"inlineData":{"mimeType":"text/csv","data":"%%%"}}]}`), `Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for "%%%"`},
		{"mixed base64 alphabets", studio25, contentsOf(`{"parts":[{"inlineData":{"mimeType":"text/csv","data":"+_8="}}]}`), `Invalid value at 'contents[0].parts[0].inline_data.data' (TYPE_BYTES), Base64 decoding failed for "+_8="`},
		{"args not an object", studio25, contentsOf(`{"role":"model","parts":[{"functionCall":{"name":"f","args":"{}"}}]}`), `Invalid value at 'contents[0].parts[0].function_call.args' (type.googleapis.com/google.protobuf.Struct), "{}"`},
		{"scalar for a message", studio25, with(`"systemInstruction":"be nice"`), `Invalid value at 'system_instruction' (type.googleapis.com/google.ai.generativelanguage.v1beta.Content), "be nice"`},
		{"oneof", studio25, contentsOf(`{"parts":[{"text":"a","functionCall":{"name":"f"}}]}`), `Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. Cannot set 'functionCall'`},
		{"exclusive", studio25, declared(`{"name":"f","parameters":{"type":"OBJECT"},"parametersJsonSchema":{"type":"object"}}`), `tools[0].function_declarations[0]: only one of parameters, parameters_json_schema may be set.`},
		{"duplicate key", studio25, `{"contents":[{"role":"user","role":"user","parts":[{"text":"a"}]}]}`, `Invalid JSON payload received. Duplicate name "role" at 'contents[0]'.`},
		{"duplicate key in args", studio25, contentsOf(`{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1,"a":2}}}]}`), `Invalid JSON payload received. Duplicate name "a" at 'contents[0].parts[0].function_call.args'.`},
		{"one field by both names", studio25, with(`"toolConfig":{},"tool_config":{}`), `Invalid JSON payload received. Duplicate name "tool_config".`},
		{"invalid UTF-8", studio25, contentsOf("{\"parts\":[{\"text\":\"\xff\"}]}"), `Invalid JSON payload received. Invalid UTF-8 at byte 32.`},
		{"trailing bytes", studio25, hello + "{}", `Invalid JSON payload received. Unexpected token after the top-level value.`},
		{"cut short", studio25, hello[:20], `Invalid JSON payload received. Unexpected end of string. Expected a value.`},
		{"not an object", studio25, `[]`, `Invalid JSON payload received. The request must be an object.`},
		{"too deep", studio25, contentsOf(strings.Repeat(`[`, 101) + strings.Repeat(`]`, 101)), `Message too deep. Max recursion depth reached.`},
		{"service tier on vertex", vertex25, with(`"serviceTier":"flex"`), `Invalid JSON payload received. Unknown name "serviceTier": Cannot find field.`},
		{"server-side tools on vertex", vertex25, with(`"toolConfig":{"includeServerSideToolInvocations":true}`), `Invalid JSON payload received. Unknown name "includeServerSideToolInvocations" at 'tool_config': Cannot find field.`},
		{"labels on AI Studio", studio25, with(`"labels":{"a":"b"}`), `Invalid JSON payload received. Unknown name "labels": Cannot find field.`},
		{"type error on vertex", vertex25, with(`"cachedContent":5`), `Invalid value at 'cached_content' (TYPE_STRING), 5`},
	})
}

func TestSchemaErrorHasDetails(t *testing.T) {
	_, body := send(t, Start(t), studio25, contentsOf(`{"parts":[{"x":1,"text":"a"}]}`))
	want := `{
  "error": {
    "code": 400,
    "message": "Invalid JSON payload received. Unknown name \"x\" at 'contents[0].parts[0]': Cannot find field.",
    "status": "INVALID_ARGUMENT",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [
          {
            "field": "contents[0].parts[0]",
            "description": "Invalid JSON payload received. Unknown name \"x\" at 'contents[0].parts[0]': Cannot find field."
          }
        ]
      }
    ]
  }
}
`
	if body != want {
		t.Errorf("got %s", body)
	}
}

func FuzzParseNode(f *testing.F) {
	f.Add([]byte(hello))
	f.Add([]byte(`{"a":[1,2.50,-0,1e9,"\u00e9\ud83d\ude00",true,null,{}]}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := parseNode(b)
		if err != nil {
			return
		}
		// What was read writes back to something that reads the same.
		once := n.json()
		again, err := parseNode([]byte(once))
		if err != nil {
			t.Fatalf("%q became %q: %v", b, once, err)
		}
		if twice := again.json(); once != twice {
			t.Errorf("%q, then %q", once, twice)
		}
	})
}

// Gemini 3 at Vertex AI answers a history with nothing where calls and answers
// have no ids in common. An older endpoint knows no ids.
func TestVertexCallIDs(t *testing.T) {
	const (
		bareCall   = `{"functionCall":{"name":"a","args":{}},"thoughtSignature":"skip_thought_signature_validator"}`
		bareAnswer = `{"functionResponse":{"name":"a","response":{}}}`
		unknown    = `Invalid JSON payload received. Unknown name \"id\" at 'contents[1].parts[0].function_call': Cannot find field.`
	)
	for _, tc := range []struct {
		name, path, calls, answers string
		older                      bool
		status                     int
		want                       string
	}{
		{"ids", vertex35, callA, answerA, false, 200, "The tool said"},
		{"no ids", vertex35, bareCall, bareAnswer, false, 200, ""},
		{"no id on the answer", vertex35, callA, bareAnswer, false, 200, ""},
		{"other ids", vertex35, callA, strings.Replace(answerA, `"1"`, `"9"`, 1), false, 200, ""},
		{"no ids on 2.5", vertex25, bareCall, bareAnswer, false, 200, "The tool said"},
		{"older endpoint", vertex35, bareCall, bareAnswer, true, 200, "The tool said"},
		{"ids at an older endpoint", vertex35, callA, answerA, true, 400, unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := Start(t, Options{VertexWithoutIDs: tc.older})
			status, body := send(t, s, tc.path, toolTurn(tc.calls, tc.answers))
			if status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("%d %s", status, body)
			}
			if empty := status == 200 && !strings.Contains(body, `"text"`); empty != (tc.want == "") {
				t.Errorf("empty: %t: %s", empty, body)
			}
			if lost := strings.Contains(strings.Join(s.Requests()[0].Marks, " "), "lost"); lost != (tc.want == "") {
				t.Errorf("marks %q", s.Requests()[0].Marks)
			}
		})
	}
}
