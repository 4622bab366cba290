package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// Too many entries are refused while they are read, in the client's API, with
// the place of the one too many and the limit.
func TestLimits(t *testing.T) {
	entry := quote(strings.Repeat("word ", 12))
	field := map[string]struct{ messages, parts, part string }{
		"claude":    {"messages.20000", "messages.0.content.20000", `{"type":"text","text":` + entry + `}`},
		"chat":      {"messages[20000]", "messages[0].content[20000]", `{"type":"text","text":` + entry + `}`},
		"responses": {"input[20000]", "input[0].content[20000]", `{"type":"input_text","text":` + entry + `}`},
		"gemini":    {"contents[20000]", "contents[0].parts[20000]", `{"text":` + entry + `}`},
	}
	for _, w := range wires {
		want := field[w.name]
		const here = "@@"
		parts := func(n int) string {
			message := w.user(here)
			if w.name == "gemini" {
				message = `{"role":"user","parts":` + here + `}`
			}
			return w.body([]string{strings.Replace(message, here, list(times(n, func(int) string { return want.part })), 1)}, nil, "")
		}
		messages := func(n int) string {
			return w.body(times(n, func(int) string { return w.user(entry) }), nil, "")
		}
		tools := w.body([]string{w.user(`"hi"`)}, times(conversation.MaxTools+1, func(int) string { return w.tool("one_and_the_same", object) }), "")
		cases := []struct {
			name, body string
			status     int
			field, say string
		}{
			{"as many messages as may be", messages(conversation.MaxMessages), 0, "", ""},
			{"one message more", messages(conversation.MaxMessages + 1), 413, want.messages, "at most 20000 messages"},
			{"as many parts as may be", parts(conversation.MaxParts), 0, "", ""},
			{"one part more", parts(conversation.MaxParts + 1), 413, want.parts, "at most 20000 content parts"},
			{"one tool more", tools, 400, "tools", "at most 4096 tools"},
			{"short parts", w.body(times(8_000, func(int) string { return w.user(`"a"`) }), nil, ""), 413, "", "for its size"},
			{"values of a schema", w.body([]string{w.user(`"hi"`)}, []string{w.tool("t", `{"type":"object","properties":{"a":{"enum":[`+strings.Repeat("1,", 20_000)+`1]}}}`)}, ""), 400, "tools", "20000 values"},
		}
		if w.name == "gemini" {
			cases = cases[:4] // the rest is the upstream's to refuse, and costs nothing here
		}
		for _, c := range cases {
			t.Run(w.name+"/"+c.name, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "")
				a.in.Path = w.path
				defer a.Close(policies.EndComplete)
				if reply := a.RequestHeaders(); reply != nil {
					t.Fatalf("refused too early: %s", reply.Body)
				}
				_, reply := a.RequestBody(context.Background(), []byte(c.body))
				got, body := 0, ""
				if reply != nil {
					got, body = reply.Status, string(reply.Body)
				}
				if got != c.status || !strings.Contains(body, c.field) || !strings.Contains(body, c.say) || reply != nil && !json.Valid(reply.Body) {
					t.Errorf("got %s, want %d, %q and %q", fmt.Sprintf("%d %.300s", got, body), c.status, c.field, c.say)
				}
			})
		}
	}
}
