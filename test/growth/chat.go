package main

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/dialect/chat"
)

const (
	chatHead     = `{"model":"gemini-3.5-flash"`
	chatHello    = `{"role":"user","content":"hi"}`
	chatMessages = chatHead + `,"messages":[` + chatHello + `,`
	chatAsk      = `,"messages":[` + chatHello + `],"web_search_options":{},"tools":[{"type":"function","function":{"name":"f"}},{"type":"custom","custom":{"name":"c"}}],"stream_options":{"include_usage":true}}`
)

var chatAPI = &api{
	name: "chat", path: "/v1/chat/completions",
	tables: func() (out []table) {
		for _, t := range chat.Tables() {
			fields := make([]string, len(t.Fields))
			for i, f := range t.Fields {
				fields[i] = f.Name
			}
			out = append(out, table{t.Name, fields})
		}
		return out
	},
	holders:  chatHolders(),
	own:      chatLists(),
	ask:      chatHead + `,"stream":true` + chatAsk,
	askWhole: chatHead + chatAsk,
}

func chatHolders() map[string]string {
	member := func(object string) string {
		return chatHead + `,"messages":[` + chatHello + `],` + object + `}`
	}
	message := func(object string) string { return chatMessages + object + `,` + chatHello + `]}` }
	part := func(object string) string { return message(`{"role":"user","content":[` + object + `]}`) }
	call := func(object string) string {
		return message(`{"role":"assistant","tool_calls":[` + object + `]}`)
	}
	tool := func(object string) string { return member(`"tools":[` + object + `]`) }
	return commonHolders(member, part, call, tool, map[string]string{
		"image_config":         member(`"image_config":{"aspect_ratio":"1:1"` + here + `}`),
		"text":                 member(`"text":{"format":{"type":"text"}` + here + `}`),
		"output_config":        member(`"output_config":{"effort":"low"` + here + `}`),
		"request":              chatHead + here + `,"messages":[` + chatHello + `]}`,
		"stream_options":       member(`"stream_options":{"include_usage":true` + here + `}`),
		"audio":                member(`"audio":{"voice":"v"` + here + `}`),
		"web_search_options":   member(`"web_search_options":{"search_context_size":"low"` + here + `}`),
		"reasoning":            member(`"reasoning":{"effort":"low"` + here + `}`),
		"thinking":             member(`"thinking":{"type":"enabled"` + here + `}`),
		"chat_template_kwargs": member(`"chat_template_kwargs":{"enable_thinking":false` + here + `}`),
		"extra_body":           member(`"extra_body":{"google":{}` + here + `}`),
		"extra_body.google":    member(`"extra_body":{"google":{"thinking_config":{}` + here + `}}`),
		"message":              message(`{"role":"user","content":"t"` + here + `}`),

		"audio of a message": message(`{"role":"assistant","audio":{"transcript":"t"` + here + `}}`),
	})
}

func chatLists() []sample {
	numbered := func(format string) func(i int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	return []sample{
		{name: "messages in turn", body: list(chatMessages, func(i int) string {
			return fmt.Sprintf(`{"role":%q,"content":"t"}`, [2]string{"assistant", "user"}[i%2])
		}, `,`+chatHello+`]}`)},
		{name: "messages: system texts first", body: list(chatHead+`,"messages":[`, numbered(`{"role":"system","content":"t%d"}`), `,`+chatHello+`]}`)},
		{name: "messages: tool results without calls", body: list(chatMessages, numbered(`{"role":"tool","tool_call_id":"c%d","content":"t"}`), `]}`)},
		{name: "messages: legacy function calls", body: list(chatMessages, numbered(`{"role":"assistant","content":null,"function_call":{"name":"f%d","arguments":"{}"}}`), `,`+chatHello+`]}`)},
		{name: "content: texts", body: list(chatMessages+`{"role":"user","content":[`, numbered(`{"type":"text","text":"t%d"}`), `]}]}`)},
		{name: "content: images by address", at: vertex, body: list(chatMessages+`{"role":"user","content":[`, numbered(`{"type":"image_url","image_url":{"url":"https://a.example/%d"}}`), `]}]}`)},
		{name: "content: images with details", at: older, body: list(chatMessages+`{"role":"user","content":[`, func(i int) string {
			return fmt.Sprintf(`{"type":"image_url","image_url":{"url":"https://a.example/%d.png","detail":%q}}`, i, [3]string{"low", "high", "odd"}[i%3])
		}, `]}]}`)},
		{name: "images of the answer", at: vertex, body: list(chatMessages+`{"role":"assistant","content":"t","images":[`, numbered(`{"type":"image_url","image_url":{"url":"https://a.example/%d"}}`), `]},`+chatHello+`]}`)},
		{name: "input: items of Responses", body: list(chatHead+`,"input":[`, func(i int) string {
			return fmt.Sprintf([2]string{`{"type":"function_call","call_id":"c%d","name":"f","arguments":"{}"}`, `{"type":"function_call_output","call_id":"c%d","output":"t"}`}[i%2], i/2)
		}, `]}`)},
		{name: "messages: items of Responses", body: list(chatMessages, numbered(`{"type":"function_call","call_id":"c%d","name":"f","arguments":"{}"}`), `,`+chatHello+`]}`)},
		{name: "content: blocks of Anthropic, and the same calls again", body: func(n int) []byte {
			blocks := list(chatMessages+`{"role":"assistant","content":[`, numbered(`{"type":"tool_use","id":"c%d","name":"f","input":{}}`), `],"tool_calls":[`)(n / 2)
			return list(string(blocks), numbered(`{"id":"c%d","type":"function","function":{"name":"f","arguments":"{}"}}`), `]},`+chatHello+`]}`)(n / 2)
		}},
		{name: "tool_calls", body: list(chatMessages+`{"role":"assistant","tool_calls":[`, numbered(`{"id":"c%d","type":"function","function":{"name":"f","arguments":"{}"}}`), `]},`+chatHello+`]}`)},
		{name: "tool_calls of custom tools", body: list(chatMessages+`{"role":"assistant","tool_calls":[`, numbered(`{"id":"c%d","type":"custom","custom":{"name":"f","input":"t"}}`), `]},`+chatHello+`]}`)},
		{name: "functions", body: list(chatHead+`,"messages":[`+chatHello+`],"functions":[`, numbered(`{"name":"f%d"}`), `]}`)},
		{name: "tools", body: list(chatHead+`,"messages":[`+chatHello+`],"tools":[`, numbered(`{"type":"function","function":{"name":"f%d"}}`), `]}`)},
		{name: "tools that cannot be called, each allowed by its type", body: func(n int) []byte {
			tools := list(chatHead+`,"messages":[`+chatHello+`],"tools":[`, numbered(`{"type":"u%d"}`), `],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[`)(n / 2)
			return list(string(tools), numbered(`{"type":"u%d"}`), `]}}}`)(n / 2)
		}},
		{name: "allowed_tools of one tool", body: list(chatHead+`,"messages":[`+chatHello+`],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[`,
			func(int) string { return `{"type":"function","function":{"name":"f"}}` }, `]}}}`)},
		{name: "modalities", body: list(chatHead+`,"messages":[`+chatHello+`],"modalities":[`, func(int) string { return `"text"` }, `]}`)},
		{name: "thought tags in the history", body: joined(chatHead+`,"extra_body":{"google":{"thought_tag_marker":"t"}},"messages":[`+chatHello+`,{"role":"assistant","content":"`, "",
			func(int) string { return `<t>a</t>b` }, `"},`+chatHello+`]}`)},
		{name: "thought tags that are not closed", body: joined(chatHead+`,"extra_body":{"google":{"thought_tag_marker":"t"}},"messages":[`+chatHello+`,{"role":"assistant","content":"`, "",
			func(int) string { return `<t>` }, `"},`+chatHello+`]}`)},
	}
}
