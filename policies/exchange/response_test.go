package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// Heartbeats must not extend the deadline, and silence must end in a retry as
// surely as they do.
func TestPeekDeadlineIsAbsolute(t *testing.T) {
	r := newRig(t, nil)
	a := r.begin(1, "")
	f := send(t, a, ask)
	if f.Wake != time.Minute {
		t.Errorf("wake after %v", f.Wake)
	}
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	for range 100 {
		if act := a.ResponseBody([]byte(heartbeat), false); act.Step != policies.Hold || act.Wake != 0 {
			t.Fatalf("heartbeat: %+v", act)
		}
	}
	if act := a.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTimeout {
		t.Errorf("deadline: %+v", act)
	}
	before := r.begin(1, "")
	send(t, before, ask)
	if act := before.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTimeout {
		t.Errorf("deadline before headers: %+v", act)
	}
}

func TestPassedStreamIsKeptAliveAndEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		a := r.begin(1, "")
		send(t, a, ask)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello), false)
		if act.Step != policies.Send || act.Wake != 15*time.Second {
			t.Fatalf("first content: %+v", act)
		}
		pings := 0
		for act.Step != policies.Send || !act.End {
			if act.Wake <= 0 {
				t.Fatalf("nobody would wake a stalled stream: %+v", act)
			}
			time.Sleep(act.Wake)
			act = a.Wake()
			if bytes.Contains(act.Body, []byte("event: ping")) {
				pings++
			}
		}
		if !bytes.Contains(act.Body, []byte("event: error")) || bytes.Contains(act.Body, []byte("message_stop")) {
			t.Errorf("stalled stream ends with\n%s", act.Body)
		}
		if pings < 18 || pings > 20 { // every 15 s for 5 min
			t.Errorf("%d pings", pings)
		}
		a.Close(policies.EndComplete)
		if lines := r.log.FilterMessage("request finished").All(); len(lines) != 1 || lines[0].ContextMap()["broken_by"] != heal.ReasonStreamStalled {
			t.Errorf("log: %v", lines)
		}
	})
}

// A provider that has finished but stays connected must not keep the client.
func TestFinishedStreamIsEndedAfterAMoment(t *testing.T) {
	for name, body := range map[string]string{"stream": ask, "whole": askWhole} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "")
				send(t, a, body)
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				act := a.ResponseBody([]byte(hello+stop), false)
				if act.Wake != finishGrace {
					t.Fatalf("finish: %+v", act)
				}
				time.Sleep(act.Wake)
				if act = a.Wake(); act.Step != policies.Send || !act.End || bytes.Contains(act.Body, []byte(`"error"`)) {
					t.Errorf("after the grace: %+v %s", act, act.Body)
				}
			})
		})
	}
}

// One that is woken for another reason waits out the moment.
func TestFinishedStreamHasAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		send(t, a, ask)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		a.ResponseBody([]byte(hello+stop), false)
		time.Sleep(time.Second)
		if act := a.Wake(); act.End || act.Wake <= 0 || act.Wake > finishGrace {
			t.Errorf("after a second: %+v", act)
		}
	})
}

// A document may take long once there is content; only silence ends it.
func TestDocumentMayTakeLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		f := send(t, a, askWhole)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		a.ResponseBody([]byte(hello), false)
		time.Sleep(f.Wake)
		act := a.Wake()
		if act.Step != policies.Hold || act.Wake <= 0 {
			t.Fatalf("after the first deadline: %+v", act)
		}
		time.Sleep(act.Wake)
		if act = a.Wake(); act.Step != policies.Answer || act.Reply.Reason != heal.ReasonPeekTruncated {
			t.Errorf("after the idle time: %+v", act)
		}
	})
}

func TestEnvoysOwnReplies(t *testing.T) {
	for _, c := range []struct {
		name    string
		resp    policies.Response
		before  bool // instead of the request body
		verdict policies.Verdict
		reason  string
	}{
		{"reset connection", policies.Response{Status: 503, Details: "upstream_reset_before_response_started{connection_termination}"}, false, policies.Retry, heal.ReasonStale},
		{"refused connection", policies.Response{Status: 503, Details: "upstream_reset_before_response_started{remote_connection_failure}"}, false, policies.Failover, heal.ReasonConnect},
		{"no such cluster", policies.Response{Status: 503, Details: "cluster_not_found", NoBody: true}, false, policies.Failover, heal.ReasonNoCluster},
		{"body over Envoy's limit", policies.Response{Status: 413, Details: "request_payload_too_large"}, true, policies.Fail, heal.ReasonBodyTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			if c.before {
				a.RequestHeaders()
			} else {
				send(t, a, ask)
			}
			act := a.ResponseHeaders(&c.resp)
			a.Close(policies.EndComplete)
			if act.Step != policies.Answer || act.Reply.Verdict != c.verdict || act.Reply.Reason != c.reason {
				t.Errorf("%+v %+v, want %v %s", act, act.Reply, c.verdict, c.reason)
			}
		})
	}
}

// Gemini takes five stop sequences; the sixth is heald's to enforce, and ends
// the upstream call.
func TestMoreStopSequencesThanUpstreamTakes(t *testing.T) {
	for name, stream := range map[string]string{"stream": "true", "whole": "false"} {
		t.Run(name, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, `{"model":"gemini-3.5-flash","max_tokens":100,"stream":`+stream+`,"stop_sequences":["a1","b2","c3","d4","e5","lo, wo"],"messages":[{"role":"user","content":"hi"}]}`)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			act := a.ResponseBody([]byte(hello), false)
			body := string(act.Body)
			if act.End {
				t.Fatalf("ended too early: %s", body)
			}
			act = a.ResponseBody([]byte(strings.Replace(hello, "Hello", ", world", 1)), false)
			body += string(act.Body)
			if !act.End || strings.Contains(body, "world") || !strings.Contains(body, `"stop_sequence":"lo, wo"`) {
				t.Errorf("end %v:\n%s", act.End, body)
			}
		})
	}
}

// An error in mid-stream keeps its kind: the client may act on it.
func TestErrorAfterContentKeepsItsKind(t *testing.T) {
	a := newRig(t, nil).begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(hello), false)
	act := a.ResponseBody([]byte("data: "+overload+"\r\n\r\n"), false)
	if !act.End || !strings.Contains(string(act.Body), "overloaded_error") {
		t.Errorf("got %+v %s", act, act.Body)
	}
}

// Proxies make other successes of a 200.
func TestOtherSuccesses(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		reason string
	}{
		{201, hello + stop, heal.ReasonOK}, {203, hello + stop, heal.ReasonOK}, {206, hello + stop, heal.ReasonOK}, {204, "", heal.ReasonPeekEOF},
	} {
		a := newRig(t, nil).begin(1, "")
		send(t, a, ask)
		answerWith(a, c.status, c.body)
		if a.record.reason != c.reason {
			t.Errorf("%d: %s, want %s", c.status, a.record.reason, c.reason)
		}
	}
}

// What cannot be read can be had again as long as nothing of it was passed on.
func TestGarbageInTheFirstChunk(t *testing.T) {
	for kind, body := range map[string]string{"stream": ask, "whole": askWhole} {
		a := newRig(t, nil).begin(1, "")
		send(t, a, body)
		bad := `data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":"{}"}}]},"finishReason":"STOP"}]}` + "\n\n"
		if act := answerWith(a, 200, bad); act.Reply == nil || act.Reply.Verdict != policies.Retry || act.Reply.Reason != heal.ReasonPeekGarbage {
			t.Errorf("%s: %+v", kind, act)
		}
	}
}

// Whatever upstream says of heald's credentials stays here.
func TestCredentialsStayHere(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 429, 500, 503} {
		r := newRig(t, func(cfg *Config) { cfg.Policies = map[string]route.Settings{"default": {Attempts: 1}} })
		a := r.begin(1, "")
		send(t, a, ask)
		act := answerWith(a, status, `{"error":{"code":400,"message":"Consumer key-a-1 is odd"}}`)
		if bytes.Contains(act.Reply.Body, []byte("key-a-1")) {
			t.Errorf("%d: the client gets %s", status, act.Reply.Body)
		}
		for _, l := range r.log.All() {
			if strings.Contains(fmt.Sprint(l.ContextMap()), "key-a-1") {
				t.Errorf("%d: the log gets %v", status, l.ContextMap())
			}
		}
	}
	a := newRig(t, nil).begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(hello), false)
	act := a.ResponseBody([]byte(`data: {"error":{"code":500,"message":"Consumer key-a-1 broke"}}`+"\n\n"), true)
	if !act.End || bytes.Contains(act.Body, []byte("key-a-1")) {
		t.Errorf("in mid-stream: %s", act.Body)
	}
}

// Errors under 200, or inside another error, are judged by what they say.
func TestInnerCodes(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"a name", 200, `data: {"error":{"status":"RESOURCE_EXHAUSTED","message":"slow down"}}` + "\n\n", "rate_limit_error"},
		{"a number of google.rpc", 200, `data: {"error":{"code":14,"message":"try later"}}` + "\n\n", "overloaded_error"},
		{"nested", 500, `{"error":{"code":500,"message":"{\"error\":{\"code\":429,\"message\":\"slow down\"}}"}}`, "rate_limit_error"},
		{"nothing", 200, `data: {"error":{"message":"oops"}}` + "\n\n", "api_error"},
	} {
		r := newRig(t, func(cfg *Config) { cfg.Policies = map[string]route.Settings{"default": {Attempts: 1}} })
		a := r.begin(1, "")
		send(t, a, ask)
		if act := answerWith(a, c.status, c.body); act.Reply == nil || !strings.Contains(string(act.Reply.Body), c.want) {
			t.Errorf("%s: %+v", c.name, act.Reply)
		}
	}
}

// Clients wait as long as an error in mid-stream asks for.
func TestDelayOfAnErrorInMidStream(t *testing.T) {
	a := newRig(t, nil).begin(1, "")
	a.in.Path = "/v1/responses"
	send(t, a, `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(hello), false)
	if act := a.ResponseBody([]byte("data: "+minute+"\n\n"), true); !strings.Contains(string(act.Body), "try again in 2s") {
		t.Errorf("%s", act.Body)
	}
}
