package exchange

import (
	"strconv"
	"strings"
)

// memoryShape is a body of any size: unit over and over, each # in it replaced
// with a number, between head and tail.
type memoryShape struct {
	wire             wire
	name             string
	head, unit, tail string
	sep              string
}

func (s memoryShape) body(size int) []byte {
	var b strings.Builder
	b.Grow(size + len(s.unit) + len(s.head) + len(s.tail))
	b.WriteString(s.head)
	for i := 0; b.Len()+len(s.tail) < size; i++ {
		if i > 0 {
			b.WriteString(s.sep)
		}
		b.WriteString(strings.ReplaceAll(s.unit, "#", strconv.Itoa(i)))
	}
	b.WriteString(s.tail)
	return []byte(b.String())
}

// hole stands where the units go.
const hole = "@@"

// repeated makes a shape of a body with a hole.
func repeated(w wire, name, body, unit string) memoryShape {
	head, tail, _ := strings.Cut(body, hole)
	return memoryShape{w, name, head, unit, tail, ","}
}

// run is repeated without commas between the units.
func run(w wire, name, body, unit string) memoryShape {
	s := repeated(w, name, body, unit)
	s.sep = ""
	return s
}

// memoryShapes are bodies that could cost much more than their size: very many
// of whatever there can be many of, each as short as it may be.
func memoryShapes() []memoryShape {
	var out []memoryShape
	for _, w := range wires {
		out = append(out, sharedShapes(w)...)
	}
	for _, own := range ownShapes {
		for _, w := range wires {
			if w.name == own.wire {
				out = append(out, repeated(w, own.name, own.body, own.unit))
			}
		}
	}
	return out
}

// sharedShapes are those that every API has, in its own words.
func sharedShapes(w wire) []memoryShape {
	hi := w.user(`"hi"`)
	messages := w.body([]string{hole}, nil, "")
	tools := w.body([]string{hi}, []string{hole}, "")
	more := w.body([]string{hi}, nil, hole+",")
	text := w.body([]string{w.user(`"` + hole + `"`)}, nil, "")
	schema := func(in string) string { return w.body([]string{hi}, []string{w.tool("t", in)}, "") }
	args := func(in string) string {
		return w.body(append([]string{hi}, w.call("c", "t", in, `"r"`)...), nil, "")
	}
	results := func(in string) string {
		return w.body(append([]string{hi}, w.call("c", "t", "{}", in)...), nil, "")
	}
	pair := strings.Join(w.call("c#", "t", "{}", `""`), ",")
	return []memoryShape{
		repeated(w, "messages", messages, w.user(`"a"`)),
		repeated(w, "messages that say nothing", messages, w.user(`""`)),
		repeated(w, "messages without content", messages, w.user(`[]`)),
		repeated(w, "messages {}", messages, `{}`),
		repeated(w, "messages 0", messages, `0`),
		repeated(w, "call and result", messages, pair),
		repeated(w, "user and call and result", messages, hi+","+pair),
		repeated(w, "calls alone", messages, w.call("c#", "t#", "{}", `""`)[0]),
		repeated(w, "results alone", messages, w.call("c#", "t#", "{}", `""`)[1]),
		repeated(w, "tools", tools, w.tool("t#", `{}`)),
		repeated(w, "tools with a property", tools, w.tool("t#", `{"type":"object","properties":{"a":{}}}`)),
		repeated(w, "tools of one name", tools, w.tool("t", `{}`)),
		repeated(w, "tools {}", tools, `{}`),
		repeated(w, "schema: enum of numbers", schema(`{"type":"object","properties":{"a":{"enum":[`+hole+`]}}}`), `1`),
		repeated(w, "schema: enum of mixed", schema(`{"type":"object","properties":{"a":{"enum":[`+hole+`]}}}`), `"#",true,[]`),
		repeated(w, "schema: required", schema(`{"type":"object","properties":{"a":{}},"required":[`+hole+`]}`), `"r#"`),
		repeated(w, "schema: properties", schema(`{"type":"object","properties":{`+hole+`}}`), `"#":{}`),
		repeated(w, "schema: typed properties", schema(`{"type":"object","properties":{`+hole+`}}`), `"#":{"type":["string","null"],"const":1}`),
		repeated(w, "schema: properties of one name", schema(`{"type":"object","properties":{`+hole+`}}`), `"a":{}`),
		repeated(w, "schema: unknown keywords", schema(`{"type":"object",`+hole+`}`), `"k#":0`),
		repeated(w, "schema: one keyword", schema(`{"type":"object",`+hole+`}`), `"type":0`),
		repeated(w, "schema: anyOf", schema(`{"type":"object","properties":{"a":{"anyOf":[`+hole+`]}}}`), `{}`),
		repeated(w, "schema: allOf", schema(`{"type":"object","allOf":[`+hole+`]}`), `{"required":["a#"]}`),
		repeated(w, "schema: allOf properties", schema(`{"type":"object","allOf":[`+hole+`]}`), `{"properties":{"#":{}}}`),
		repeated(w, "schema: $defs", schema(`{"type":"object","properties":{"a":{"$ref":"#/$defs/1"}},"$defs":{`+hole+`}}`), `"#":{}`),
		repeated(w, "schema: definitions", schema(`{"type":"object","properties":{"a":{"$ref":"#/definitions/1"}},"definitions":{`+hole+`}}`), `"#":{}`),
		repeated(w, "schema: references", schema(`{"type":"object","$defs":{"a":{"type":"string","x":1}},"properties":{`+hole+`}}`), `"#":{"$ref":"#/$defs/a"}`),
		repeated(w, "schema: default", schema(`{"type":"object","default":[`+hole+`],"properties":{"a":{}}}`), `0`),
		repeated(w, "schema: prefixItems", schema(`{"type":"object","properties":{"a":{"type":"array","prefixItems":[`+hole+`]}}}`), `{}`),
		run(w, "schema: description of escapes", schema(`{"type":"object","properties":{"a":{"description":"`+hole+`","const":1}}}`), `\u0000`),
		repeated(w, "arguments: members", args(`{`+hole+`}`), `"#":0`),
		repeated(w, "arguments: numbers", args(`{"a":[`+hole+`]}`), `0`),
		repeated(w, "arguments: objects", args(`{"a":[`+hole+`]}`), `{}`),
		repeated(w, "arguments: no object", args(`[`+hole+`]`), `0`),
		repeated(w, "result of texts", results(`[`+hole+`]`), `{"type":"text","text":"a"}`),
		repeated(w, "unknown fields", more, `"u#":0`),
		repeated(w, "unknown field again and again", more, `"u":0`),
		repeated(w, "unknown list", w.body([]string{hi}, nil, `"u":[`+hole+`],`), `0`),
		repeated(w, "unknown member of a message", w.body([]string{strings.TrimSuffix(hi, "}") + "," + hole + "}"}, nil, ""), `"u#":0`),
		run(w, "nested lists", w.body([]string{hi}, nil, `"u":`+hole+`,`), `[`),
		run(w, "arguments: nested lists", args(`{"a":`+hole+`}`), `[`),
		run(w, "schema: nested objects", schema(`{"type":"object","properties":`+hole+`}`), `{"a":`),
		run(w, "one text", text, `a`),
		run(w, "one text of escapes", text, `\u0000`),
		run(w, "one text of quotes", text, `\"`),
		run(w, "one text of half surrogates", text, `\ud83d`),
		run(w, "one text of invalid UTF-8", text, "\xff"),
		run(w, "one text of invalid UTF-8 and letters", text, "\xffa"),
		run(w, "space", w.body([]string{hi}, nil, hole), ` `),
		repeated(w, "messages again and again", more, messagesField(w)),
	}
}

// messagesField is the field of the conversation, whole.
func messagesField(w wire) string {
	body := w.body([]string{w.user(`"hi"`)}, nil, "")
	for _, name := range []string{"messages", "input", "contents"} {
		if _, rest, ok := strings.Cut(body, `"`+name+`":[`); ok {
			list, _, _ := strings.Cut(rest, `,"tools"`)
			return `"` + name + `":[` + list
		}
	}
	panic("no conversation in " + body)
}

const (
	claudeBody = `{"model":"gemini-3.5-flash","max_tokens":9,`
	claudeHi   = `"messages":[{"role":"user","content":"hi"}]`
	openaiHead = `{"model":"gemini-3.5-flash",`
)

func claudeContent(in string) string {
	return claudeBody + `"messages":[{"role":"user","content":[` + in + `]}]}`
}

func claudeSaid(in string) string {
	return claudeBody + `"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[` + in + `]}]}`
}

const chatContent = openaiHead + `"messages":[{"role":"user","content":[` + hole + `]}]}`

func chatSaid(in string) string {
	return openaiHead + `"messages":[{"role":"user","content":"hi"},{"role":"assistant",` + in + `}]}`
}

func responsesInput(in string) string {
	return openaiHead + `"input":[{"role":"user","content":"hi"},` + in + `]}`
}

const responsesContent = openaiHead + `"input":[{"role":"user","content":[` + hole + `]}]}`

func geminiContent(in string) string {
	return `{"contents":[{"role":"user","parts":[` + in + `]}]}`
}

const geminiHi = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`

// dot is a GIF of one pixel, which becomes a PNG.
const dot = "R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="

// ownShapes are those that one API has.
var ownShapes = []struct{ wire, name, body, unit string }{
	{"claude", "text blocks", claudeContent(hole), `{"type":"text","text":"a"}`},
	{"claude", "text blocks that say nothing", claudeContent(hole), `{"type":"text","text":""}`},
	{"claude", "text blocks to be cached", claudeContent(hole), `{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}`},
	{"claude", "text blocks with an unknown field", claudeContent(hole), `{"type":"text","text":"a","u#":0}`},
	{"claude", "citations", claudeContent(`{"type":"text","text":"a","citations":[` + hole + `]}`), `{}`},
	{"claude", "blocks {}", claudeContent(hole), `{}`},
	{"claude", "blocks left out", claudeContent(hole), `{"type":"fallback"}`},
	{"claude", "blocks warned of", claudeContent(hole), `{"type":"tool_removal"}`},
	{"claude", "images without data", claudeContent(hole), `{"type":"image","source":{"type":"base64","media_type":"a/b","data":""}}`},
	{"claude", "small pictures", claudeContent(hole), `{"type":"image","source":{"type":"base64","media_type":"image/gif","data":"` + dot + `"}}`},
	{"claude", "images by address", claudeContent(hole), `{"type":"image","source":{"type":"url","url":""}}`},
	{"claude", "documents", claudeContent(hole), `{"type":"document","source":{"type":"text","data":"a"}}`},
	{"claude", "documents with a title", claudeContent(hole), `{"type":"document","title":"t","source":{"type":"url","url":"u"}}`},
	{"claude", "a document of blocks", claudeContent(`{"type":"document","source":{"type":"content","content":[` + hole + `]}}`), `{"type":"text","text":"a"}`},
	{"claude", "a search result of blocks", claudeContent(`{"type":"search_result","title":"t","source":"s","content":[` + hole + `]}`), `{"type":"text","text":"a"}`},
	{"claude", "search results", claudeContent(hole), `{"type":"search_result"}`},
	{"claude", "thoughts", claudeSaid(hole), `{"type":"thinking","thinking":""}`},
	{"claude", "hidden thoughts", claudeSaid(hole), `{"type":"redacted_thinking","data":"a"}`},
	{"claude", "calls", claudeSaid(hole), `{"type":"tool_use","id":"","name":""}`},
	{"claude", "results", claudeContent(hole), `{"type":"tool_result","tool_use_id":""}`},
	{"claude", "server calls", claudeSaid(hole), `{"type":"server_tool_use","name":"a"}`},
	{"claude", "a server call of numbers", claudeSaid(`{"type":"server_tool_use","name":"a","input":[` + hole + `]}`), `""`},
	{"claude", "pages found", claudeSaid(`{"type":"web_search_tool_result","content":[` + hole + `]}`), `{}`},
	{"claude", "server results", claudeSaid(hole), `{"type":"bash_code_execution_tool_result"}`},
	{"claude", "tool references", claudeContent(hole), `{"type":"tool_reference","tool_name":"a"}`},
	{"claude", "compactions", claudeContent(hole), `{"type":"compaction"}`},
	{"claude", "tools added on the way", claudeContent(hole), `{"type":"tool_addition","tool":{"name":"t#"}}`},
	{"claude", "system blocks", claudeBody + claudeHi + `,"system":[` + hole + `]}`, `{"type":"text","text":"a"}`},
	{"claude", "system again and again", claudeBody + claudeHi + `,` + hole + `}`, `"system":""`},
	{"claude", "system messages on the way", claudeBody + `"messages":[{"role":"user","content":"hi"},` + hole + `]}`, `{"role":"system","content":"a"}`},
	{"claude", "passing system messages", claudeBody + `"messages":[{"role":"user","content":"hi"},` + hole + `]}`, `{"role":"system","content":"a","clear_at":"next_user_message"}`},
	{"claude", "system blocks on the way", claudeContent(hole), `{"type":"mid_conv_system","content":"a"}`},
	{"claude", "a prefill", claudeSaid(hole), `{"type":"text","text":"a"}`},
	{"claude", "stop sequences", claudeBody + claudeHi + `,"stop_sequences":[` + hole + `]}`, `"#"`},
	{"claude", "stop sequences that say nothing", claudeBody + claudeHi + `,"stop_sequences":[` + hole + `]}`, `""`},
	{"claude", "blocked domains", claudeBody + claudeHi + `,"tools":[{"type":"web_search_20250305","name":"s","blocked_domains":[` + hole + `]}]}`, `"#"`},
	{"claude", "input examples", claudeBody + claudeHi + `,"tools":[{"name":"s","input_schema":{},"input_examples":[` + hole + `]}]}`, `""`},
	{"claude", "format: enum", claudeBody + claudeHi + `,"output_format":{"type":"json_schema","schema":{"enum":[` + hole + `]}}}`, `0`},
	{"claude", "format: properties", claudeBody + claudeHi + `,"output_format":{"type":"json_schema","schema":{"properties":{` + hole + `}}}}`, `"#":{}`},
	{"claude", "metadata", claudeBody + claudeHi + `,"metadata":{` + hole + `}}`, `"#":0`},
	{"claude", "deferred search tools", claudeBody + claudeHi + `,"tools":[` + hole + `]}`, `{"type":"tool_search_tool_x"}`},
	{"claude", "search tools", claudeBody + claudeHi + `,"tools":[` + hole + `]}`, `{"type":"web_search_1"}`},

	{"chat", "parts", chatContent, `{"type":"text","text":"a"}`},
	{"chat", "parts that say nothing", chatContent, `{"type":"text","text":""}`},
	{"chat", "bare strings", chatContent, `"a"`},
	{"chat", "bare strings that say nothing", chatContent, `""`},
	{"chat", "parts with an unknown field", chatContent, `{"type":"text","text":"a","u#":0}`},
	{"chat", "images", chatContent, `{"type":"image_url","image_url":"gs:"}`},
	{"chat", "inline images", chatContent, `{"type":"image_url","image_url":"data:,a"}`},
	{"chat", "small pictures", chatContent, `{"type":"image_url","image_url":"data:image/gif;base64,` + dot + `"}`},
	{"chat", "images of addresses", chatContent, `{"type":"image_url","image_url":{"url":"http:"}}`},
	{"chat", "files", chatContent, `{"type":"file","file":{"file_data":"a"}}`},
	{"chat", "calls", chatSaid(`"tool_calls":[` + hole + `]`), `{"function":{"name":""}}`},
	{"chat", "freeform calls", chatSaid(`"tool_calls":[` + hole + `]`), `{"custom":{"name":""}}`},
	{"chat", "images of the model", chatSaid(`"images":[` + hole + `]`), `{"type":"text","text":"a"}`},
	{"chat", "refusals", openaiHead + `"messages":[` + hole + `]}`, `{"role":"assistant","refusal":"a"}`},
	{"chat", "reasoning", openaiHead + `"messages":[{"role":"user","content":"a"},` + hole + `]}`, `{"role":"assistant","reasoning_content":"a","content":"a"}`},
	{"chat", "results", openaiHead + `"messages":[{"role":"user","content":"a"},` + hole + `]}`, `{"role":"tool"}`},
	{"chat", "system messages", openaiHead + `"messages":[` + hole + `]}`, `{"role":"system","content":"a"}`},
	{"chat", "system messages on the way", openaiHead + `"messages":[{"role":"user","content":"a"},` + hole + `]}`, `{"role":"system","content":"a"}`},
	{"chat", "both roles in turn", openaiHead + `"messages":[` + hole + `]}`, `{"role":"user","content":"a"},{"role":"assistant","content":"a"}`},
	{"chat", "functions", openaiHead + `"messages":[{"role":"user","content":"hi"}],"functions":[` + hole + `]}`, `{"name":"#"}`},
	{"chat", "flat tools", openaiHead + `"messages":[{"role":"user","content":"hi"}],"tools":[` + hole + `]}`, `{"name":"#"}`},
	{"chat", "freeform tools", openaiHead + `"messages":[{"role":"user","content":"hi"}],"tools":[` + hole + `]}`, `{"custom":{"name":"#"}}`},
	{"chat", "stop", openaiHead + `"messages":[{"role":"user","content":"hi"}],"stop":[` + hole + `]}`, `"#"`},
	{"chat", "allowed tools", openaiHead + `"messages":[{"role":"user","content":"hi"}],"tool_choice":{"allowed_tools":{"mode":"auto","tools":[` + hole + `]}}}`, `{"name":""}`},
	{"chat", "modalities", openaiHead + `"messages":[{"role":"user","content":"hi"}],"modalities":[` + hole + `]}`, `"text"`},
	{"chat", "safety settings", openaiHead + `"messages":[{"role":"user","content":"hi"}],"google":{"safety_settings":[` + hole + `]}}`, `0`},
	{"chat", "thinking config", openaiHead + `"messages":[{"role":"user","content":"hi"}],"google":{"thinking_config":{` + hole + `}}}`, `"#":0`},
	{"chat", "format: enum", openaiHead + `"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"f","schema":{"enum":[` + hole + `]}}}}`, `0`},
	{"chat", "thoughts in tags", openaiHead + `"google":{"thought_tag_marker":"t"},"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[` + hole + `]}]}`, `"<t>"`},

	{"responses", "parts", responsesContent, `{"type":"input_text","text":"a"}`},
	{"responses", "bare strings", responsesContent, `"a"`},
	{"responses", "images", responsesContent, `{"type":"input_image","image_url":"gs:"}`},
	{"responses", "inline images", responsesContent, `{"type":"input_image","image_url":"data:,a"}`},
	{"responses", "small pictures", responsesContent, `{"type":"input_image","image_url":"data:image/gif;base64,` + dot + `"}`},
	{"responses", "files", responsesContent, `{"type":"input_file","file_data":"a"}`},
	{"responses", "parts of an unknown type", responsesContent, `{"type":"u#"}`},
	{"responses", "unknown items", responsesInput(hole), `{"type":"u#"}`},
	{"responses", "dropped items", responsesInput(hole), `{"type":"compaction_trigger"}`},
	{"responses", "references", responsesInput(hole), `{"id":"a"}`},
	{"responses", "reasoning", responsesInput(hole), `{"type":"reasoning","encrypted_content":"a"}`},
	{"responses", "a summary", responsesInput(`{"type":"reasoning","encrypted_content":"a","summary":[` + hole + `]}`), `{"text":"a"}`},
	{"responses", "calls", responsesInput(hole), `{"type":"function_call","call_id":"#","name":"a"}`},
	{"responses", "freeform calls", responsesInput(hole), `{"type":"custom_tool_call","call_id":"","name":"a"}`},
	{"responses", "outputs", responsesInput(hole), `{"type":"function_call_output","call_id":"","output":""}`},
	{"responses", "shell calls", responsesInput(hole), `{"type":"local_shell_call","call_id":"#","action":{}}`},
	{"responses", "code", responsesInput(hole), `{"type":"code_interpreter_call","code":"a"}`},
	{"responses", "outputs of code", responsesInput(`{"type":"code_interpreter_call","code":"a","outputs":[` + hole + `]}`), `{}`},
	{"responses", "MCP calls", responsesInput(hole), `{"type":"mcp_call","name":"a"}`},
	{"responses", "pictures", responsesInput(hole), `{"type":"image_generation_call","result":"a"}`},
	{"responses", "tools added on the way", responsesInput(`{"type":"additional_tools","tools":[` + hole + `]}`), `{"name":"#"}`},
	{"responses", "tools found", responsesInput(hole), `{"type":"tool_search_output","tools":[{"name":"#"}]}`},
	{"responses", "answers", responsesInput(hole), `{"role":"assistant","content":"a"}`},
	{"responses", "system messages", openaiHead + `"input":[` + hole + `]}`, `{"role":"system","content":"a"}`},
	{"responses", "both roles in turn", openaiHead + `"input":[` + hole + `]}`, `{"role":"user","content":"a"},{"role":"assistant","content":"a"}`},
	{"responses", "tools in a namespace", openaiHead + `"input":"hi","tools":[{"type":"namespace","name":"n","tools":[` + hole + `]}]}`, `{"name":"#"}`},
	{"responses", "namespaces", openaiHead + `"input":"hi","tools":[` + hole + `]}`, `{"type":"namespace","name":"n"}`},
	{"responses", "search tools", openaiHead + `"input":"hi","tools":[` + hole + `]}`, `{"type":"web_search"}`},
	{"responses", "custom tools", openaiHead + `"input":"hi","tools":[` + hole + `]}`, `{"type":"custom","name":"#"}`},
	{"responses", "blocked domains", openaiHead + `"input":"hi","tools":[{"type":"web_search","filters":{"blocked_domains":[` + hole + `]}}]}`, `"#"`},
	{"responses", "allowed tools", openaiHead + `"input":"hi","tool_choice":{"type":"allowed_tools","mode":"auto","tools":[` + hole + `]}}`, `{"type":"function","name":""}`},
	{"responses", "include", openaiHead + `"input":"hi","include":[` + hole + `]}`, `"a"`},
	{"responses", "metadata", openaiHead + `"input":"hi","metadata":{` + hole + `}}`, `"#":0`},
	{"responses", "format: enum", openaiHead + `"input":"hi","text":{"format":{"type":"json_schema","name":"f","schema":{"enum":[` + hole + `]}}}}`, `0`},

	{"gemini", "parts", geminiContent(hole), `{"text":"a"}`},
	{"gemini", "parts {}", geminiContent(hole), `{}`},
	{"gemini", "parts 0", geminiContent(hole), `0`},
	{"gemini", "contents without a role", `{"contents":[` + hole + `]}`, `{"parts":[]}`},
	{"gemini", "contents of another role", `{"contents":[` + hole + `]}`, `{"role":"assistant","parts":[{"text":"a"}]}`},
	{"gemini", "contents 0", `{"contents":[` + hole + `]}`, `0`},
	{"gemini", "unsigned calls", `{` + `"contents":[{"role":"user","parts":[{"text":"hi"}]},` + hole + `]}`, `{"role":"model","parts":[{"functionCall":{}}]}`},
	{"gemini", "calls with empty signatures", `{` + `"contents":[{"role":"user","parts":[{"text":"hi"}]},` + hole + `]}`, `{"role":"model","parts":[{"functionCall":{},"thoughtSignature":""}]}`},
	{"gemini", "unsigned calls and answers", `{` + `"contents":[{"role":"user","parts":[{"text":"hi"}]},` + hole + `]}`, `{"role":"model","parts":[{"functionCall":{}}]},{"parts":[{"functionResponse":{}}]}`},
	{"gemini", "answers", geminiContent(hole), `{"functionResponse":{}}`},
	{"gemini", "answers beside texts", geminiContent(hole), `{"functionResponse":{}},{"text":"a"}`},
	{"gemini", "signed answers", geminiContent(hole), `{"functionResponse":{},"thoughtSignature":"a"}`},
	{"gemini", "server calls", geminiContent(hole), `{"toolCall":0}`},
	{"gemini", "names of media", geminiContent(hole), `{"fileData":{"displayName":"a"}}`},
	{"gemini", "media within answers", geminiContent(`{"functionResponse":{"parts":[` + hole + `]}}`), `{"inlineData":{}}`},
	{"gemini", "small pictures", geminiContent(hole), `{"inlineData":{"mimeType":"image/gif","data":"` + dot + `"}}`},
	{"gemini", "inline data", geminiContent(hole), `{"inlineData":{"mimeType":"a/b","data":""}}`},
	{"gemini", "system parts", `{` + geminiHi + `,"systemInstruction":{"parts":[` + hole + `]}}`, `{"text":"a"}`},
	{"gemini", "tool entries", `{` + geminiHi + `,"tools":[` + hole + `]}`, `{}`},
	{"gemini", "tools 0", `{` + geminiHi + `,"tools":[` + hole + `]}`, `0`},
	{"gemini", "tool entries with a function", `{` + geminiHi + `,"tools":[` + hole + `]}`, `{"functionDeclarations":[{"name":"t#"}]}`},
	{"gemini", "safety settings", `{` + geminiHi + `,"safetySettings":[` + hole + `]}`, `{}`},
	{"gemini", "safety settings with a method", `{` + geminiHi + `,"safetySettings":[` + hole + `]}`, `{"method":0}`},
	{"gemini", "labels", `{` + geminiHi + `,"labels":{` + hole + `}}`, `"#":"a"`},
	{"gemini", "stop sequences", `{` + geminiHi + `,"generationConfig":{"stopSequences":[` + hole + `]}}`, `"#"`},
	{"gemini", "generation config", `{` + geminiHi + `,"generationConfig":{` + hole + `}}`, `"#":0`},
	{"gemini", "penalties", `{` + geminiHi + `,"generationConfig":{` + hole + `}}`, `"presencePenalty":1`},
	{"gemini", "limits", `{` + geminiHi + `,"generationConfig":{` + hole + `}}`, `"maxOutputTokens":999999`},
	{"gemini", "models", `{` + geminiHi + `,` + hole + `}`, `"model":""`},
	{"gemini", "thinking configs", `{` + geminiHi + `,"generationConfig":{` + hole + `}}`, `"thinkingConfig":{"thinkingLevel":"x","thinkingBudget":1}`},
	{"gemini", "function calling configs", `{` + geminiHi + `,"toolConfig":{` + hole + `}}`, `"functionCallingConfig":{"streamFunctionCallArguments":true}`},
	{"gemini", "allowed functions", `{` + geminiHi + `,"toolConfig":{"functionCallingConfig":{"allowedFunctionNames":[` + hole + `]}}}`, `"a"`},
}
