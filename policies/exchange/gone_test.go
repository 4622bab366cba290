package exchange

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// leaving is the context of a client that leaves when it was asked for it so
// many times. It counts on.
type leaving struct {
	context.Context
	after, asked int
}

func (l *leaving) Err() error {
	if l.asked++; l.asked > l.after {
		return context.Canceled
	}
	return nil
}

// The work on a long request ends when its client has gone, in whatever it is.
func TestWorkEndsWithTheClient(t *testing.T) {
	const many = 5000
	repeat := func(element string) string { return strings.TrimSuffix(strings.Repeat(element+",", many), ",") }
	tools := make([]string, 400)
	for i := range tools {
		tools[i] = fmt.Sprintf(`{"name":"f%d","input_schema":{"type":"object","properties":{"a":{"type":"string"}}}}`, i)
	}
	for _, tt := range []struct{ name, path, body string }{
		{"claude messages", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[` + repeat(`{"role":"user","content":"t"}`) + `]}`},
		{"claude blocks", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":[` + repeat(`{"type":"text","text":"t"}`) + `]}]}`},
		{"claude tools", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"t"}],"tools":[` + strings.Join(tools, ",") + `]}`},
		{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[` + repeat(`{"role":"user","content":"t"}`) + `]}`},
		{"responses", "/v1/responses", `{"model":"gemini-3.5-flash","input":[` + repeat(`{"role":"user","content":"t"}`) + `]}`},
		{"native contents", "/v1beta/models/gemini-3.5-flash:generateContent", `{"contents":[` + repeat(`{"role":"user","parts":[{"text":"t"}]}`) + `]}`},
		{"native parts", "/v1beta/models/gemini-3.5-flash:generateContent", `{"contents":[{"role":"user","parts":[` + repeat(`{"text":"t"}`) + `]}]}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ask := func(ctx context.Context) (*policies.Forward, *policies.Reply) {
				a := newRig(t, nil).begin(1, "")
				a.in.Path = tt.path
				if reply := a.RequestHeaders(); reply != nil {
					t.Fatalf("refused: %s", reply.Body)
				}
				return a.RequestBody(ctx, []byte(tt.body))
			}
			stays := &leaving{Context: t.Context(), after: 1 << 30}
			if forward, reply := ask(stays); forward == nil {
				t.Fatalf("refused: %s", reply.Body)
			}
			if stays.asked < len(tools) {
				t.Fatalf("the client was asked for %d times, want at each element", stays.asked)
			}
			for _, after := range []int{0, 1, stays.asked / 4, stays.asked / 2, stays.asked * 3 / 4} {
				leaves := &leaving{Context: t.Context(), after: after}
				forward, reply := ask(leaves)
				if forward != nil || reply.Reason != heal.ReasonClientGone || reply.Verdict != policies.Fail {
					t.Errorf("gone after %d: got %+v, %+v", after, forward, reply)
				}
				// What was begun asks once or twice more on its way out.
				if late := leaves.asked - after; late > 10 {
					t.Errorf("gone after %d of %d: asked %d times more", after, stays.asked, late)
				}
			}
		})
	}
}
