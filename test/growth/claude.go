package main

import (
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/claude"
)

const (
	claudeHead  = `{"model":"gemini-3.5-flash","max_tokens":100`
	claudeHello = `{"role":"user","content":"hi"}`
	// claudeMessages is a request up to its messages.
	claudeMessages = claudeHead + `,"messages":[` + claudeHello + ","
	claudeBlocks   = claudeHead + `,"messages":[{"role":"user","content":[`
	claudeTool     = claudeHead + `,"messages":[` + claudeHello + `],"tools":[`
	claudeSchema   = claudeTool + `{"name":"f","input_schema":`
)

var claudeAPI = &api{
	name: "claude", path: "/v1/messages",
	tables: func() (out []table) {
		for _, t := range claude.Tables() {
			fields := make([]string, len(t.Fields))
			for i, f := range t.Fields {
				fields[i] = f.Name
			}
			out = append(out, table{t.Name, fields})
		}
		return out
	},
	holders:  claudeHolders(),
	own:      append(claudeHistory(), append(claudeLists(), schemas(claudeSchema, "}]}")...)...),
	ask:      claudeHead + `,"stream":true,"messages":[` + claudeHello + `],"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"f","input_schema":{"type":"object"}}]}`,
	askWhole: claudeHead + `,"messages":[` + claudeHello + `],"tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"f","input_schema":{"type":"object"}}]}`,
}

// claudeHolders says where the object of each table stands.
func claudeHolders() map[string]string {
	request := claudeHead + here + `,"messages":[` + claudeHello + `]}`
	member := func(object string) string {
		return claudeHead + `,"messages":[` + claudeHello + `],` + object + `}`
	}
	block := func(object string) string { return claudeBlocks + object + `]}]}` }
	answered := func(object string) string {
		return claudeMessages + `{"role":"assistant","content":[` + object + `]},` + claudeHello + `]}`
	}
	tool := func(object string) string { return claudeTool + object + `]}` }
	call := func(object string) string {
		return claudeMessages + `{"role":"assistant","content":"t","tool_calls":[` + object + `]},` + claudeHello + `]}`
	}
	return commonHolders(member, block, call, tool, map[string]string{
		"request":                            request,
		"thinking":                           member(`"thinking":{"type":"adaptive"` + here + `}`),
		"output_config":                      member(`"output_config":{"effort":"low"` + here + `}`),
		"metadata":                           member(`"metadata":{"user_id":"u"` + here + `}`),
		"message":                            claudeHead + `,"messages":[{"role":"user","content":"hi"` + here + `}]}`,
		"audio of a message":                 claudeMessages + `{"role":"assistant","audio":{"transcript":"t"` + here + `}},` + claudeHello + `]}`,
		"message output_config":              claudeHead + `,"messages":[{"role":"user","content":"hi","output_config":{"effort":"low"` + here + `}}]}`,
		"text block":                         block(`{"type":"text","text":"t"` + here + `}`),
		"image block":                        block(`{"type":"image","source":{"type":"url","url":"https://a/b.png"}` + here + `}`),
		"document block":                     block(`{"type":"document","source":{"type":"text","data":"t"}` + here + `}`),
		"source":                             block(`{"type":"document","source":{"type":"content","content":"t"` + here + `}}`),
		"citations":                          block(`{"type":"document","source":{"type":"text","data":"t"},"citations":{"enabled":true` + here + `}}`),
		"search_result block":                block(`{"type":"search_result","title":"t","source":"s","content":[{"type":"text","text":"t"}]` + here + `}`),
		"thinking block":                     answered(`{"type":"thinking","thinking":"t","signature":"s"` + here + `}`),
		"redacted_thinking block":            answered(`{"type":"redacted_thinking","data":"d"` + here + `}`),
		"tool_use block":                     answered(`{"type":"tool_use","id":"a","name":"f","input":{}` + here + `}`),
		"tool_result block":                  block(`{"type":"tool_result","tool_use_id":"a","content":"t"` + here + `}`),
		"tool_reference block":               block(`{"type":"tool_reference","tool_name":"f"` + here + `}`),
		"tool_addition block":                block(`{"type":"tool_addition","tool":{"type":"tool_reference"}` + here + `},{"type":"text","text":"t"}`),
		"compaction block":                   block(`{"type":"compaction","content":"t"` + here + `}`),
		"mid_conv_system block":              block(`{"type":"mid_conv_system","content":"t"` + here + `}`),
		"server_tool_use block":              answered(`{"type":"server_tool_use","id":"a","name":"web_search","input":{}` + here + `}`),
		"container_upload block":             block(`{"type":"container_upload","file_id":"f"` + here + `}`),
		"browser_state block":                block(`{"type":"browser_state","tabs":[]` + here + `}`),
		"server tool result blocks":          answered(`{"type":"web_search_tool_result","tool_use_id":"a","content":[]` + here + `}`),
		"bash, text_editor and memory tools": tool(`{"type":"bash_20250124","name":"bash"` + here + `}`),
		"web_search tool":                    tool(`{"type":"web_search_20250305","name":"web_search"` + here + `}`),
		"web_fetch tool":                     tool(`{"type":"web_fetch_20250910","name":"web_fetch"` + here + `}`),
		"code_execution tool":                tool(`{"type":"code_execution_20250825","name":"code_execution"` + here + `}`),
	})
}

// claudeHistory are conversations that grow.
func claudeHistory() []sample {
	answered := func(element func(i int) string) func(n int) []byte {
		return list(claudeMessages+`{"role":"assistant","content":[`, element, `]},`+claudeHello+`]}`)
	}
	use := func(id, name string) string {
		return `{"type":"tool_use","id":"` + id + `","name":"` + name + `","input":{"a":1}}`
	}
	numbered := func(format string) func(i int) string {
		return func(i int) string { return fmt.Sprintf(format, i) }
	}
	return []sample{
		{name: "messages in turn", body: list(claudeMessages, func(i int) string {
			return fmt.Sprintf(`{"role":%q,"content":"t"}`, [2]string{"assistant", "user"}[i%2])
		}, `,`+claudeHello+`]}`)},
		{name: "messages of the user", body: list(claudeMessages, numbered(`{"role":"user","content":"t%d"}`), `]}`)},
		{name: "messages: system texts", body: list(claudeMessages, numbered(`{"role":"system","content":"t%d"}`), `,`+claudeHello+`]}`)},
		{name: "messages: clear_at, then the user", body: list(claudeMessages, numbered(`{"role":"system","content":"t%d","clear_at":"next_user_message"}`), `,`+claudeHello+`]}`)},
		{name: "messages: clear_at and the user in turn", body: list(claudeMessages, func(i int) string {
			return [2]string{`{"role":"system","content":"t","clear_at":"next_user_message"}`, claudeHello}[i%2]
		}, `,`+claudeHello+`]}`)},
		{name: "messages: clear_at and the assistant in turn", body: list(claudeMessages, func(i int) string {
			return [2]string{`{"role":"system","content":"t","clear_at":"next_user_message"}`, `{"role":"assistant","content":"t"}`}[i%2]
		}, `,`+claudeHello+`]}`)},
		{name: "content: texts", body: list(claudeBlocks, numbered(`{"type":"text","text":"t%d"}`), `]}]}`)},
		{name: "content: reminders", body: list(claudeBlocks, numbered(`{"type":"text","text":"<system-reminder>%d</system-reminder>"}`), `]}]}`)},
		{name: "content: images by address", at: vertex, body: list(claudeBlocks, numbered(`{"type":"image","source":{"type":"url","url":"https://a.example/%d"}}`), `]}]}`)},
		{name: "content: unknown fields", body: list(claudeBlocks, numbered(`{"type":"text","text":"t","u%d":1}`), `]}]}`)},
		{name: "content: unknown blocks", body: list(claudeBlocks, numbered(`{"type":"u%d"},{"type":"text","text":"t"}`), `]}]}`)},
		{name: "content: documents with citations", body: list(claudeBlocks, numbered(`{"type":"document","title":"t%d","source":{"type":"text","data":"t"},"citations":{"enabled":true}}`), `]}]}`)},
		{name: "content: search results", body: list(claudeBlocks+`{"type":"search_result","title":"t","source":"s","content":[`, numbered(`{"type":"text","text":"t%d"}`), `]}]}]}`)},
		{name: "content: thoughts with foreign signatures", body: answered(numbered(`{"type":"thinking","thinking":"t%d","signature":"abc"}`))},
		{name: "content: thoughts with forged carriers", body: answered(numbered(`{"type":"thinking","thinking":"t%d","signature":"gs1.YQ.YQ.YQ"}`))},
		{name: "content: server tools", body: answered(numbered(`{"type":"server_tool_use","id":"s%d","name":"web_search","input":{"query":"q"}}`))},
		{name: "content: search hits", body: list(claudeMessages+`{"role":"assistant","content":[{"type":"web_search_tool_result","tool_use_id":"a","content":[`,
			numbered(`{"type":"web_search_result","title":"t%d","url":"https://a.example","encrypted_content":"x"}`), `]}]},`+claudeHello+`]}`)},
		{name: "content: calls without results", body: answered(func(i int) string { return use(fmt.Sprint("id", i), "f") })},
		{name: "content: calls with one id", body: answered(func(int) string { return use("id", "f") })},
		{name: "content: calls with empty ids", body: answered(func(int) string { return use("", "f") })},
		{name: "content: calls of many tools", body: answered(func(i int) string { return use(fmt.Sprint("id", i), fmt.Sprint("f", i)) })},
		{name: "content: calls of tools whose names need a hash", body: answered(func(i int) string { return use(fmt.Sprint("id", i), strings.Repeat("f", 64)+fmt.Sprint(i)) })},
		{name: "content: calls of tools whose hashes are equal", body: func(n int) []byte {
			names := collidingNames(min(n, 2000))
			return answered(func(i int) string { return use(fmt.Sprint("id", i), names[i%len(names)]) })(n)
		}},
		{name: "content: results without calls", body: list(claudeBlocks, numbered(`{"type":"tool_result","tool_use_id":"r%d","content":"t"}`), `]}]}`)},
		{name: "content: calls and results", body: func(n int) []byte {
			calls := answered(func(i int) string { return use(fmt.Sprint("id", i), "f") })(n)
			head := strings.TrimSuffix(string(calls), claudeHello+`]}`)
			return list(head+`{"role":"user","content":[`, numbered(`{"type":"tool_result","tool_use_id":"id%d","content":"t"}`), `]}]}`)(n)
		}},
		{name: "messages: calls and results in turn", body: list(claudeMessages, func(i int) string {
			if i%2 == 0 {
				return `{"role":"assistant","content":[` + use(fmt.Sprint("id", i), "f") + `]}`
			}
			return fmt.Sprintf(`{"role":"user","content":[{"type":"tool_result","tool_use_id":"id%d","content":"t"}]}`, i-1)
		}, `,`+claudeHello+`]}`)},
		{name: "messages: calls and results with one id", body: list(claudeMessages, func(i int) string {
			if i%2 == 0 {
				return `{"role":"assistant","content":[` + use("id", "f") + `]}`
			}
			return `{"role":"user","content":[{"type":"tool_result","tool_use_id":"id","content":"t"}]}`
		}, `,`+claudeHello+`]}`)},
		{name: "tool_result.content: texts", body: list(claudeBlocks+`{"type":"tool_result","tool_use_id":"a","content":[`, numbered(`{"type":"text","text":"t%d"}`), `]}]}]}`)},
		{name: "tool_use.input: depth", body: func(n int) []byte { // each level unsorted
			depth := min(n/10, 9000)
			pad := strings.Repeat("x", n*10)
			return []byte(claudeMessages + `{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":` +
				strings.Repeat(`{"b":`, depth) + `"` + pad + `"` + strings.Repeat(`,"a":1}`, depth) + `}]},` + claudeHello + `]}`)
		}},
		{name: "tool_use.input: members", body: list(claudeMessages+`{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{`,
			func(i int) string { return fmt.Sprintf(`"m%d":1`, i*7919%1_000_003) }, `}}]},`+claudeHello+`]}`)},
	}
}

// claudeLists are the lists beside the conversation.
func claudeLists() []sample {
	return []sample{
		{name: "system: blocks", body: list(claudeHead+`,"messages":[`+claudeHello+`],"system":[`, func(i int) string { return fmt.Sprintf(`{"type":"text","text":"t%d"}`, i) }, `]}`)},
		{name: "stop_sequences, all empty", body: list(claudeHead+`,"messages":[`+claudeHello+`],"stop_sequences":[`, func(int) string { return `""` }, `]}`)},
		{name: "tools: web_search.blocked_domains", at: vertex, body: list(claudeTool+`{"type":"web_search_20250305","name":"w","blocked_domains":[`,
			func(i int) string { return fmt.Sprintf(`"d%d.example"`, i) }, `]}]}`)},
		{name: "tools: web_search, each with blocked_domains", at: vertex, body: func(n int) []byte {
			return list(claudeTool, func(i int) string {
				return string(list(`{"type":"web_search_20250305","name":"w","blocked_domains":[`, func(j int) string { return fmt.Sprintf(`"d%d.%d.example"`, i, j) }, `]}`)(n / 50))
			}, `]}`)(50)
		}},
		{name: "tools: functions", body: list(claudeTool, func(i int) string { return fmt.Sprintf(`{"name":"f%d","input_schema":{"type":"object"}}`, i) }, `]}`)},
		{name: "tools: functions of one name", body: list(claudeTool, func(i int) string {
			return fmt.Sprintf(`{"name":"f","description":"d%d","input_schema":{"type":"object"}}`, i)
		}, `]}`)},
		{name: "tools: deferred, dropped", body: list(claudeTool, func(int) string { return `{"type":"tool_search_tool_regex_20251119","name":"t"}` }, `]}`)},
		{name: "tools added in the conversation", body: list(claudeBlocks, func(i int) string {
			return fmt.Sprintf(`{"type":"tool_addition","tool":{"type":"definition","definition":{"name":"f%d"}}}`, i)
		}, `,{"type":"text","text":"t"}]}]}`)},
	}
}

// collidingNames are tool names with the same beginning and equal FNV-1a hashes
// of 32 bits; a client can make any number of them.
func collidingNames(n int) []string {
	const prime32, offset32 = 16777619, 2166136261
	begin := strings.Repeat("f", 70)
	state := uint32(offset32)
	for i := range len(begin) {
		state = (state ^ uint32(begin[i])) * prime32
	}
	step := func(h uint32, word uint32) uint32 {
		for range 6 { // six letters
			h = (h ^ ('a' + word%26)) * prime32
			word /= 26
		}
		return h
	}
	// Meet in the middle: after six letters more than 2^16 states are known,
	// and from one wanted end back as many.
	inverse := uint32(0x359c449b) // of prime32, modulo 2^32
	back := func(h uint32, word uint32) uint32 {
		for i := 5; i >= 0; i-- {
			w := word
			for range i {
				w /= 26
			}
			h = h*inverse ^ ('a' + w%26)
		}
		return h
	}
	const words = 1 << 20
	forward := make(map[uint32]uint32, words)
	for w := range uint32(words) {
		forward[step(state, w)] = w
	}
	letters := func(word uint32) string {
		var b [6]byte
		for i := range b {
			b[i] = byte('a' + word%26)
			word /= 26
		}
		return string(b[:])
	}
	var out []string
	for w := uint32(0); len(out) < n; w++ {
		if first, ok := forward[back(12345, w)]; ok {
			out = append(out, begin+letters(first)+letters(w))
		}
	}
	return out
}
