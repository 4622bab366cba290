package extproc

import (
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// With one hop a reply has neither stamp nor mark: clients would see them.
func TestOneHopReplies(t *testing.T) {
	reply := &policies.Reply{Status: 503, Verdict: policies.Retry, Reason: "x", Wait: 3e9, Memory: "m", Headers: policies.Headers{{Name: "content-type", Value: "text/plain"}}}
	for oneHop, want := range map[bool]int{true: 1, false: 5} {
		headers := immediate(reply, oneHop).GetImmediateResponse().GetHeaders().GetSetHeaders()
		if len(headers) != want {
			t.Errorf("one hop %v: %v", oneHop, headers)
		}
		stamped := false
		for _, h := range readReply(t, passHeaders(&policies.Response{Status: 200}, &policies.Head{}, oneHop)).GetResponseHeaders().GetResponse().GetHeaderMutation().GetSetHeaders() {
			stamped = stamped || h.GetHeader().GetKey() == policies.HeaderVerdict
		}
		if stamped == oneHop {
			t.Errorf("one hop %v: stamped %v", oneHop, stamped)
		}
	}
}
