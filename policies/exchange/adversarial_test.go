package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// wire is how one client API writes the pieces that adversaries play with.
type wire struct {
	name, path string
	// body wraps messages, tools and further fields.
	body func(messages, tools []string, more string) string
	// user and call are messages; tool declares one with a schema.
	user func(jsonText string) string
	call func(id, name, args, result string) []string
	tool func(name, schema string) string
}

func list(items []string) string { return "[" + strings.Join(items, ",") + "]" }

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}

var wires = []wire{
	{
		name: "claude", path: "/v1/messages",
		body: func(m, t []string, more string) string {
			return `{"model":"gemini-3.5-flash","max_tokens":100,` + more + `"messages":` + list(m) + `,"tools":` + list(t) + `}`
		},
		user: func(s string) string { return `{"role":"user","content":` + s + `}` },
		call: func(id, name, args, result string) []string {
			return []string{
				fmt.Sprintf(`{"role":"assistant","content":[{"type":"tool_use","id":%q,"name":%q,"input":%s}]}`, id, name, args),
				fmt.Sprintf(`{"role":"user","content":[{"type":"tool_result","tool_use_id":%q,"content":%s}]}`, id, result),
			}
		},
		tool: func(name, schema string) string { return fmt.Sprintf(`{"name":%q,"input_schema":%s}`, name, schema) },
	},
	{
		name: "chat", path: "/v1/chat/completions",
		body: func(m, t []string, more string) string {
			return `{"model":"gemini-3.5-flash",` + more + `"messages":` + list(m) + `,"tools":` + list(t) + `}`
		},
		user: func(s string) string { return `{"role":"user","content":` + s + `}` },
		call: func(id, name, args, result string) []string {
			return []string{
				fmt.Sprintf(`{"role":"assistant","content":null,"tool_calls":[{"id":%q,"type":"function","function":{"name":%q,"arguments":%s}}]}`, id, name, quote(args)),
				fmt.Sprintf(`{"role":"tool","tool_call_id":%q,"content":%s}`, id, result),
			}
		},
		tool: func(name, schema string) string {
			return fmt.Sprintf(`{"type":"function","function":{"name":%q,"parameters":%s}}`, name, schema)
		},
	},
	{
		name: "responses", path: "/v1/responses",
		body: func(m, t []string, more string) string {
			return `{"model":"gemini-3.5-flash",` + more + `"input":` + list(m) + `,"tools":` + list(t) + `}`
		},
		user: func(s string) string { return `{"role":"user","content":` + s + `}` },
		call: func(id, name, args, result string) []string {
			return []string{
				fmt.Sprintf(`{"type":"function_call","call_id":%q,"name":%q,"arguments":%s}`, id, name, quote(args)),
				fmt.Sprintf(`{"type":"function_call_output","call_id":%q,"output":%s}`, id, result),
			}
		},
		tool: func(name, schema string) string {
			return fmt.Sprintf(`{"type":"function","name":%q,"parameters":%s}`, name, schema)
		},
	},
	{
		name: "gemini", path: "/v1beta/models/gemini-3.5-flash:generateContent",
		body: func(m, t []string, more string) string {
			return `{` + more + `"contents":` + list(m) + `,"tools":[{"functionDeclarations":` + list(t) + `}]}`
		},
		user: func(s string) string { return `{"role":"user","parts":[{"text":` + s + `}]}` },
		call: func(id, name, args, result string) []string {
			return []string{
				fmt.Sprintf(`{"role":"model","parts":[{"functionCall":{"id":%q,"name":%q,"args":%s}}]}`, id, name, args),
				fmt.Sprintf(`{"role":"user","parts":[{"functionResponse":{"id":%q,"name":%q,"response":{"output":%s}}}]}`, id, name, result),
			}
		},
		tool: func(name, schema string) string {
			return fmt.Sprintf(`{"name":%q,"parametersJsonSchema":%s}`, name, schema)
		},
	},
}

func times(n int, f func(i int) string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = f(i)
	}
	return out
}

const object = `{"type":"object","properties":{"a":{"type":"string"}}}`

// adversaries are bodies that must end in a request or in a typed refusal,
// and in reasonable time: quadratic work would not get through the large ones.
var adversaries = []struct {
	name string
	body func(w wire) string
	// want must be in the upstream body if the request is taken.
	want string
}{
	{"20 MB of text", func(w wire) string { return w.body([]string{w.user(quote(strings.Repeat("long ", 4<<20)))}, nil, "") }, "long long"},
	{"20 MB of escapes", func(w wire) string {
		return w.body([]string{w.user(`"` + strings.Repeat(`\u00e9\n`, 20<<20/8) + `"`)}, nil, "")
	}, ""},
	{"10,000 messages", func(w wire) string {
		return w.body(times(10_000, func(i int) string { return w.user(fmt.Sprintf("\"message %d\"", i)) }), nil, "")
	}, "message 9999"},
	{"5,000 calls in a row", func(w wire) string {
		m := []string{w.user(`"go"`)}
		for i := range 5_000 {
			m = append(m, w.call(fmt.Sprintf("call_%d", i), "t", `{"a":"b"}`, fmt.Sprintf("\"result %d\"", i))...)
		}
		return w.body(m, []string{w.tool("t", object)}, "")
	}, "result 4999"},
	{"500 tools", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, times(500, func(i int) string { return w.tool(fmt.Sprintf("tool_%d", i), object) }), "")
	}, "tool_499"},
	{"600 tools", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, times(600, func(i int) string { return w.tool(fmt.Sprintf("tool_%d", i), object) }), "")
	}, ""},
	{"schema nested 1,000 deep", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, []string{w.tool("t", strings.Repeat(`{"type":"object","properties":{"a":`, 1000)+`{}`+strings.Repeat(`}}`, 1000))}, "")
	}, ""},
	{"arguments nested 1,000 deep", func(w wire) string {
		m := append([]string{w.user(`"go"`)}, w.call("c", "t", `{"a":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`}`, `"ok"`)...)
		return w.body(m, []string{w.tool("t", object)}, "")
	}, ""},
	{"nested 100,000 deep", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, nil, `"x":`+strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)+`,`)
	}, ""},
	{"schema nested 20,000 deep", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, []string{w.tool("t", strings.Repeat(`{"type":"object","properties":{"a":`, 10_000)+`{}`+strings.Repeat(`}}`, 10_000))}, "")
	}, ""},
	{"arguments nested 20,000 deep", func(w wire) string {
		m := append([]string{w.user(`"go"`)}, w.call("c", "t", `{"a":`+strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000)+`}`, `"ok"`)...)
		return w.body(m, []string{w.tool("t", object)}, "")
	}, ""},
	{"recursive schema", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, []string{w.tool("t", `{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}},"$defs":{"n":{"type":"object","properties":{"n":{"$ref":"#/$defs/n"}}}}}`)}, "")
	}, `"t"`},
	{"schema that is its own reference", func(w wire) string {
		return w.body([]string{w.user(`"hi"`)}, []string{w.tool("t", `{"$ref":"#"}`)}, "")
	}, ""},
	{"duplicate keys", func(w wire) string { return w.body([]string{w.user(`"hi"`)}, nil, `"stream":false,"stream":false,`) }, "hi"},
	{"invalid UTF-8", func(w wire) string { return w.body([]string{w.user("\"a\xff\xfeb\"")}, nil, "") }, ""},
	{"lone surrogate", func(w wire) string { return w.body([]string{w.user(`"cut \ud83d here"`)}, nil, "") }, "here"},
	{"integers past 2^53", func(w wire) string {
		m := append([]string{w.user(`"go"`)}, w.call("c", "t", `{"a":9007199254740993}`, `"ok"`)...)
		return w.body(m, []string{w.tool("t", object)}, "")
	}, "9007199254740993"},
	{"a signature of 140 KB in an id", func(w wire) string {
		m := append([]string{w.user(`"go"`)}, w.call("toolu_x__"+strings.Repeat("Z3Mx", 35_000), "t", `{}`, `"ok"`)...)
		return w.body(m, []string{w.tool("t", object)}, "")
	}, ""},
	{"nothing", func(wire) string { return "" }, ""},
	{"null", func(wire) string { return "null" }, ""},
	{"an array", func(wire) string { return "[]" }, ""},
	{"half a body", func(w wire) string { b := w.body([]string{w.user(`"hi"`)}, nil, ""); return b[:len(b)/2] }, ""},
	{"two bodies", func(w wire) string { b := w.body([]string{w.user(`"hi"`)}, nil, ""); return b + b }, ""},
	{"no messages", func(w wire) string { return w.body(nil, nil, "") }, ""},
	{"gzip", func(wire) string { return "\x1f\x8b\x08\x00" }, ""},
}

func TestAdversaries(t *testing.T) {
	for _, w := range wires {
		for _, adv := range adversaries {
			t.Run(w.name+"/"+adv.name, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "")
				a.in.Path = w.path
				defer a.Close(policies.EndComplete)
				if reply := a.RequestHeaders(); reply != nil {
					t.Fatalf("refused too early: %s", reply.Body)
				}
				f, reply := a.RequestBody(context.Background(), []byte(adv.body(w)))
				switch {
				case reply != nil:
					if reply.Status < 400 || reply.Status >= 500 || !json.Valid(reply.Body) || adv.want != "" {
						t.Errorf("refused with %d %.300s", reply.Status, reply.Body)
					}
				case !json.Valid(f.Body):
					t.Errorf("no JSON goes upstream: %.300s", f.Body)
				case !strings.Contains(string(f.Body), adv.want):
					t.Errorf("%q is lost: %.300s", adv.want, f.Body)
				}
			})
		}
	}
}
