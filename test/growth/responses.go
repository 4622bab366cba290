package main

import (
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/responses"
)

const (
	responsesHead  = `{"model":"gemini-3.5-flash"`
	responsesHello = `{"role":"user","content":"hi"}`
	responsesInput = responsesHead + `,"input":[` + responsesHello + `,`
	responsesAsk   = `,"input":"hi","tools":[{"type":"web_search"},{"type":"code_interpreter","container":{"type":"auto"}},{"type":"function","name":"f"},{"type":"custom","name":"c"}]}`
)

var responsesAPI = &api{
	name: "responses", path: "/v1/responses",
	tables: func() (out []table) {
		for _, t := range responses.Tables() {
			fields := make([]string, len(t.Fields))
			for i, f := range t.Fields {
				fields[i] = f.Name
			}
			out = append(out, table{t.Name, fields})
		}
		return out
	},
	holders:  responsesHolders(),
	own:      responsesLists(),
	ask:      responsesHead + `,"stream":true` + responsesAsk,
	askWhole: responsesHead + responsesAsk,
}

func responsesHolders() map[string]string {
	member := func(object string) string { return responsesHead + `,"input":"hi",` + object + `}` }
	item := func(object string) string { return responsesInput + object + `,` + responsesHello + `]}` }
	part := func(object string) string { return item(`{"role":"user","content":[` + object + `]}`) }
	tool := func(object string) string { return member(`"tools":[` + object + `]`) }
	call := func(object string) string {
		return item(`{"role":"assistant","tool_calls":[` + object + `]}`)
	}
	return commonHolders(member, part, call, tool, map[string]string{
		"text, output_config":    member(`"text":{"format":{"type":"text"}` + here + `}`),
		"request":                responsesHead + here + `,"input":"hi"}`,
		"reasoning":              member(`"reasoning":{"effort":"low"` + here + `}`),
		"message item":           item(`{"role":"user","content":"t"` + here + `}`),
		"reasoning item":         item(`{"type":"reasoning","summary":[],"encrypted_content":"s"` + here + `}`),
		"reasoning item summary": item(`{"type":"reasoning","summary":[{"type":"summary_text","text":"t"` + here + `}],"encrypted_content":"s"}`),
		"function_call item":     item(`{"type":"function_call","call_id":"a","name":"f","arguments":"{}"` + here + `}`),
		"function_call_output, custom_tool_call_output item": item(`{"type":"function_call_output","call_id":"a","output":"t"` + here + `}`),
		"custom_tool_call item":                              item(`{"type":"custom_tool_call","call_id":"a","name":"f","input":"t"` + here + `}`),
		"call item of a typed tool":                          item(`{"type":"shell_call","call_id":"a","action":{"commands":["ls"]}` + here + `}`),
		"output item of a typed tool":                        item(`{"type":"shell_call_output","call_id":"a","output":[]` + here + `}`),
		"shell_call_output.output":                           item(`{"type":"shell_call_output","call_id":"a","output":[{"stdout":"t"` + here + `}]}`),
		"tool_search_output item":                            item(`{"type":"tool_search_output","call_id":"a","tools":[]` + here + `}`),
		"additional_tools item":                              item(`{"type":"additional_tools","tools":[]` + here + `}`),
		"code_interpreter_call item":                         item(`{"type":"code_interpreter_call","id":"a","code":"c","outputs":[]` + here + `}`),
		"code_interpreter_call.outputs":                      item(`{"type":"code_interpreter_call","id":"a","code":"c","outputs":[{"type":"logs","logs":"l"` + here + `}]}`),
		"image_generation_call item":                         item(`{"type":"image_generation_call","id":"a","result":"AAAA"` + here + `}`),
		"call item of a tool that is not known here":         item(`{"type":"foo_call","id":"a","arguments":"t"` + here + `}`),
		"output item of a tool that is not known here":       item(`{"type":"foo_call_output","call_id":"a","output":"t"` + here + `}`),
		"audio of a message":                                 item(`{"role":"assistant","audio":{"transcript":"t"` + here + `}}`),
		"mcp_call item":                                      item(`{"type":"mcp_call","id":"a","name":"f","server_label":"s"` + here + `}`),
		"item_reference item":                                item(`{"type":"item_reference","id":"rs_1"` + here + `}`),
		"namespace tool":                                     tool(`{"type":"namespace","name":"n","tools":[]` + here + `}`),
		"local_shell, shell, apply_patch, tool_search":       tool(`{"type":"local_shell"` + here + `}`),
		"image_generation":                                   tool(`{"type":"image_generation"` + here + `}`),
		"web_search":                                         tool(`{"type":"web_search"` + here + `}`),
		"web_search.filters":                                 tool(`{"type":"web_search","filters":{"blocked_domains":[]` + here + `}}`),
		"code_interpreter":                                   tool(`{"type":"code_interpreter","container":{"type":"auto"}` + here + `}`),
	})
}

func responsesLists() []sample {
	numbered := func(format string) func(i int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	return []sample{
		{name: "input in turn", body: list(responsesInput, func(i int) string {
			return fmt.Sprintf(`{"role":%q,"content":"t"}`, [2]string{"assistant", "user"}[i%2])
		}, `,`+responsesHello+`]}`)},
		{name: "input: messages of the assistant", body: list(responsesInput, numbered(`{"role":"assistant","content":"t%d"}`), `,`+responsesHello+`]}`)},
		{name: "input: system texts first", body: list(responsesHead+`,"input":[`, numbered(`{"role":"system","content":"t%d"}`), `,`+responsesHello+`]}`)},
		{name: "input: unknown items", body: list(responsesInput, numbered(`{"type":"u%d"}`), `]}`)},
		{name: "foo_call_output.output: parts", body: list(responsesInput+`{"type":"foo_call_output","call_id":"a","output":[`, numbered(`{"type":"input_text","text":"t%d"}`), `]}]}`)},
		{name: "input: calls", body: list(responsesInput, numbered(`{"type":"function_call","call_id":"c%d","name":"f","arguments":"{}"}`), `,`+responsesHello+`]}`)},
		{name: "input: calls and outputs in turn", body: list(responsesInput, func(i int) string {
			return fmt.Sprintf([2]string{`{"type":"function_call","call_id":"c%d","name":"f","arguments":"{}"}`, `{"type":"function_call_output","call_id":"c%d","output":"t"}`}[i%2], i/2)
		}, `,`+responsesHello+`]}`)},
		{name: "input: outputs", body: list(responsesInput, numbered(`{"type":"function_call_output","call_id":"c%d","output":"t"}`), `]}`)},
		{name: "input: thoughts with forged carriers", body: list(responsesInput, numbered(`{"type":"reasoning","summary":[{"type":"summary_text","text":"t%d"}],"encrypted_content":"gs1.YQ.YQ.YQ"}`), `,`+responsesHello+`]}`)},
		{name: "reasoning.summary", body: list(responsesInput+`{"type":"reasoning","encrypted_content":"s","summary":[`, numbered(`{"type":"summary_text","text":"t%d"}`), `]},`+responsesHello+`]}`)},
		{name: "content: parts", body: list(responsesInput+`{"role":"user","content":[`, numbered(`{"type":"input_text","text":"t%d"}`), `]}]}`)},
		{name: "content: unknown parts", body: list(responsesInput+`{"role":"user","content":[`, numbered(`{"type":"u%d"}`), `]}]}`)},
		{name: "content: images by address", at: vertex, body: list(responsesInput+`{"role":"user","content":[`, numbered(`{"type":"input_image","image_url":"https://a.example/%d"}`), `]}]}`)},
		{name: "shell_call_output.output: chunks", body: list(responsesInput+`{"type":"shell_call_output","call_id":"a","output":[`, numbered(`{"stdout":"t%d","stderr":"e","outcome":{"type":"exit","exit_code":0}}`), `]}]}`)},
		{name: "code_interpreter_call.outputs: logs", body: list(responsesInput+`{"type":"code_interpreter_call","code":"c","outputs":[`, numbered(`{"type":"logs","logs":"l%d"}`), `]},`+responsesHello+`]}`)},
		{name: "tool_search_output.tools with long names", body: func(n int) []byte {
			name := strings.Repeat("n", n/25)
			return list(responsesInput+`{"type":"tool_search_output","call_id":"a","tools":[`, numbered(`{"type":"function","name":"`+name+`%d"}`), `]},`+responsesHello+`]}`)(min(n, 500))
		}},
		{name: "tool_search_output.tools", body: list(responsesInput+`{"type":"tool_search_output","call_id":"a","tools":[`, numbered(`{"type":"function","name":"f%d"}`), `]},`+responsesHello+`]}`)},
		{name: "tools", body: list(responsesHead+`,"input":"hi","tools":[`, numbered(`{"type":"function","name":"f%d"}`), `]}`)},
		{name: "tools: unknown", body: list(responsesHead+`,"input":"hi","tools":[`, numbered(`{"type":"u%d"}`), `]}`)},
		{name: "tools: empty namespaces", body: list(responsesHead+`,"input":"hi","tools":[`, numbered(`{"type":"namespace","name":"n%d","description":"d","tools":[]}`), `]}`)},
		{name: "tools in a namespace", body: list(responsesHead+`,"input":"hi","tools":[{"type":"namespace","name":"n","description":"d","tools":[`, numbered(`{"type":"function","name":"f%d"}`), `]}]}`)},
		{name: "tools: web_search.filters.blocked_domains", at: vertex, body: list(responsesHead+`,"input":"hi","tools":[{"type":"web_search","filters":{"blocked_domains":[`, numbered(`"d%d.example"`), `]}}]}`)},
		{name: "allowed_tools", body: list(responsesHead+`,"input":"hi","tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[`, func(int) string { return `{"type":"function","name":"f"}` }, `]}}`)},
		{name: "allowed_tools: tools that were left out", body: func(n int) []byte {
			n = min(n/25+1, 4000)
			tools := list(responsesHead+`,"input":"hi","tools":[{"type":"function","name":"f"},`, numbered(`{"type":"mcp","server_label":"s%d","name":"t%[1]d"}`), ``)(n)
			return list(string(tools)+`],"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"function","name":"f"},`, numbered(`{"type":"function","name":"t%d"}`), `]}}`)(n)
		}},
		{name: "include", body: list(responsesHead+`,"input":"hi","include":[`, numbered(`"i%d"`), `]}`)},
	}
}
