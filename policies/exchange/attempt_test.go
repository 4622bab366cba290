package exchange

import (
	"context"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// ended reports whether an action ends the attempt.
func ended(act policies.Action) bool { return act.Step == policies.Answer || act.End }

// Whatever upstream and the clock do, in whichever order the contract allows,
// an attempt makes only the moves that are drawn, and every answer of it is
// whole: a reply with a body, or bytes for the client.
func FuzzAttempt(f *testing.F) {
	f.Add([]byte{0, 0, 1, 2, 2})
	f.Add([]byte{1, 0, 9, 9, 3, 9})
	f.Add([]byte{0, 1, 4, 2})
	f.Add([]byte{1, 0, 1, 5})
	f.Add([]byte{0, 0, 1, 3, 9, 9, 6})
	chunks := []string{"", hello, stop, heartbeat, "<html>", "data: " + overload + "\r\n\r\n", "data: {", "{\"error\": {\"code\": 500"}
	responses := []policies.Response{
		{Status: 200, Details: policies.ViaUpstream},
		{Status: 429, Details: policies.ViaUpstream},
		{Status: 200, Details: policies.ViaUpstream, NoBody: true},
		{Status: 503, Details: "no_healthy_upstream"},
	}
	paths := []string{"/v1/messages", "/v1/messages/count_tokens"}
	f.Fuzz(func(t *testing.T, script []byte) {
		next := func(n int) int {
			if len(script) == 0 {
				return 0
			}
			v := int(script[0]) % n
			script = script[1:]
			return v
		}
		a := newRig(t, nil).begin(1+next(3), "")
		a.in.Path = paths[next(len(paths))]
		defer a.Close(policies.EndComplete)
		if a.RequestHeaders() != nil {
			return
		}
		body := []string{ask, askWhole}[next(2)]
		if next(8) == 7 { // Envoy answers instead of sending the body
			a.ResponseHeaders(&policies.Response{Status: 413, Details: "request_payload_too_large"})
			return
		}
		if _, reply := a.RequestBody(context.Background(), []byte(body)); reply != nil {
			return
		}
		if next(8) == 7 && ended(a.Wake()) {
			return
		}
		if ended(a.ResponseHeaders(&responses[next(len(responses))])) {
			return
		}
		for len(script) > 0 {
			act := policies.Action{}
			if k := next(len(chunks) + 1); k == len(chunks) {
				act = a.Wake()
			} else {
				act = a.ResponseBody([]byte(chunks[k]), next(4) == 3)
			}
			if act.Step == policies.Answer && (act.Reply == nil || len(act.Reply.Body) == 0) {
				t.Fatalf("an answer without a body: %+v", act)
			}
			if ended(act) {
				return
			}
		}
	})
}

// A body that is too long is refused in words, before it arrives if its length
// is told, and is a request like any other to the log.
func TestBodyAboveLimit(t *testing.T) {
	for name, told := range map[string]string{"told": "1001", "not told": ""} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) { cfg.MaxBody = 1000 })
			a := r.begin(1, "", "content-length", told)
			reply := a.RequestHeaders()
			if (reply != nil) != (told != "") {
				t.Fatalf("headers: %+v", reply)
			}
			if reply == nil {
				_, reply = a.RequestBody(context.Background(), []byte(strings.Repeat("x", 1001)))
			}
			a.Close(policies.EndComplete)
			if reply.Status != 413 || reply.Verdict != policies.Fail || reply.Reason != heal.ReasonBodyTooLarge ||
				!strings.Contains(string(reply.Body), "1001 bytes; this gateway takes 1000") || reply.Headers.Get("x-heald-request-id") != "id-1" {
				t.Errorf("%+v %s", reply, reply.Body)
			}
			if lines := r.log.FilterMessage("request finished").All(); len(lines) != 1 || lines[0].ContextMap()["outcome"] != "failed" {
				t.Errorf("log: %v", lines)
			}
		})
	}
}
