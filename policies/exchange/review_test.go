package exchange

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

const thinks = `data: {"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}],"role":"model"}}]}` + "\n\n"

// placeholder is the documented one as it stands in bodies, in base64.
const placeholder = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

func finishes(reason string) string { return strings.Replace(stop, "STOP", reason, 1) }

// A finish that undoes what came before it: in a stream it is an honest error
// that the log tells, a document is asked for again.
func TestFinishesThatUndo(t *testing.T) {
	for _, c := range []struct {
		name, reply string
		stream      string // ended by, "" if it is an answer
		whole       policies.Verdict
		reason      string
		text        string // of the stream's error
	}{
		{"thoughts, then OTHER", thinks + finishes("OTHER"), heal.ReasonStreamUndone, policies.Retry, heal.ReasonPeekNoContent, "without an answer"},
		{"thoughts, then a future value", thinks + finishes("NEW_REASON"), heal.ReasonStreamUndone, policies.Retry, heal.ReasonPeekNoContent, "without an answer"},
		{"text, then OTHER", hello + finishes("OTHER"), "", policies.Pass, heal.ReasonOK, ""},
		{"text, then a missing signature", hello + finishes("MISSING_THOUGHT_SIGNATURE"), heal.ReasonStreamUndone, policies.Repair, heal.ReasonSignature, "signatures"},
		{"text, then a malformed call", hello + finishes("MALFORMED_FUNCTION_CALL"), heal.ReasonStreamUndone, policies.Retry, heal.ReasonPeekMalformed, "could not be parsed"},
	} {
		for _, d := range askings[:3] {
			t.Run(c.name+"/"+d.name, func(t *testing.T) {
				r := newRig(t, nil)
				a := r.begin(1, "")
				a.in.Path = d.path[0]
				send(t, a, d.ask(true, "", "", "hi"))
				act := answerWith(a, 200, c.reply)
				if !act.End || a.record.ended != c.stream || !strings.Contains(string(act.Body), c.text) {
					t.Errorf("stream: ended by %q, want %q: %s", a.record.ended, c.stream, act.Body)
				}
				a = r.begin(1, "")
				a.in.Path = d.path[1]
				send(t, a, d.ask(false, "", "", "hi"))
				act = answerWith(a, 200, c.reply)
				if a.record.verdict != c.whole || a.record.reason != c.reason {
					t.Errorf("document: %v %s, want %v %s", a.record.verdict, a.record.reason, c.whole, c.reason)
				}
				if c.whole != policies.Pass && act.Reply.Status == 200 {
					t.Errorf("an error under status 200: %s", act.Reply.Body)
				}
			})
		}
	}
}

// What a model at one backend refuses is neither left out at another nor remembered of it.
func TestRepairsStayWithTheirModel(t *testing.T) {
	r := chained(t, only("gemini-2.0-flash"), nil)
	ask := `{"model":"top","stream":true,"presence_penalty":0.5,"messages":[{"role":"user","content":"hi"}]}`
	begin := func(n int, memory string) (*attempt, *policies.Forward) {
		a := r.begin(n, memory)
		a.in.Path = "/v1/chat/completions"
		return a, send(t, a, ask)
	}
	first, _ := begin(1, "")
	refused := answerWith(first, 400, refusal("Penalty is not enabled for models/gemini-2.0-flash"))
	second, f := begin(2, refused.Reply.Memory)
	if bytes.Contains(f.Body, []byte("presencePenalty")) {
		t.Errorf("not repaired: %s", f.Body)
	}
	moved := answerWith(second, 429, noCapacity)
	third, f := begin(3, moved.Reply.Memory)
	if third.backend.Name != "b" || !bytes.Contains(f.Body, []byte("presencePenalty")) {
		t.Errorf("%s gets %s", third.backend.Name, f.Body)
	}
	answerWith(third, 200, hello+stop)
	if got := r.learned.of("b", "gemini-2.0-flash", nil); got != 0 {
		t.Errorf("learned of the second backend: %v", got)
	}
}

// A refused signature is one wherever it is told: it must not be sent again.
func TestSignatureRefusedUnder200IsPurged(t *testing.T) {
	r := remembering(t)
	signature := strings.Repeat("c2ln", 30)
	ask := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"}%s]}`
	first := r.begin(1, "")
	send(t, first, fmt.Sprintf(ask, ""))
	answerWith(first, 200, strings.Replace(signedCall, "%", signature, 1))
	// The client loses the carrier; the cache finds the signature.
	next := fmt.Sprintf(ask, `,{"role":"assistant","content":[{"type":"tool_use","id":"mine","name":"ls","input":{"dir":"a","n":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"mine","content":"x"}]}`)
	second := r.begin(1, "")
	if f := send(t, second, next); !bytes.Contains(f.Body, []byte(signature)) {
		t.Fatalf("the signature was not found: %s", f.Body)
	}
	act := answerWith(second, 200, "data: "+corrupted+"\n\n")
	if act.Reply.Verdict != policies.Repair {
		t.Fatalf("%+v", act.Reply)
	}
	third := r.begin(1, "")
	if f := send(t, third, next); bytes.Contains(f.Body, []byte(signature)) {
		t.Error("the next turn sends the refused signature again")
	}
}

// Where only placeholders went upstream, the repair goes without.
func TestPlaceholderRefused(t *testing.T) {
	r := remembering(t)
	ask := `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"mine","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"mine","content":"x"}]}]}`
	first := r.begin(1, "")
	if f := send(t, first, ask); !bytes.Contains(f.Body, []byte(placeholder)) {
		t.Fatalf("no placeholder in %s", f.Body)
	}
	act := answerWith(first, 400, corrupted)
	if f := send(t, r.begin(2, act.Reply.Memory), ask); bytes.Contains(f.Body, []byte(placeholder)) {
		t.Errorf("the same placeholder again: %s", f.Body)
	}
}

// heald's own last word says less than upstream's.
func TestLastWord(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
	reply := r.begin(5, first.Memory).RequestHeaders() // three attempts were lost
	if reply == nil || reply.Status != 529 || reply.Reason != heal.ReasonConnect || !strings.Contains(string(reply.Body), "overloaded") {
		t.Errorf("%+v", reply)
	}
}

// A provider that hangs may go on sending heartbeats.
func TestHeartbeatsAreNoProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		send(t, a, ask)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello), false)
		for began := time.Now(); !act.End; {
			if time.Since(began) > 6*time.Minute {
				t.Fatal("heartbeats keep a stalled stream open")
			}
			time.Sleep(10 * time.Second)
			a.ResponseBody([]byte(heartbeat), false)
			act = a.Wake()
		}
		if a.record.ended != heal.ReasonStreamStalled {
			t.Errorf("ended by %q", a.record.ended)
		}
	})
}

// A document is held whole, so it is bounded: by the request's deadline, and in
// size.
func TestHeldDocumentIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "")
		f := send(t, a, askWhole)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := policies.Action{Wake: f.Wake}
		began := time.Now()
		for act.Step != policies.Answer {
			if time.Since(began) > 11*time.Minute {
				t.Fatal("held past the deadline")
			}
			a.ResponseBody([]byte(hello), false)
			time.Sleep(max(act.Wake, time.Minute))
			act = a.Wake()
		}
		if act.Reply.Reason != heal.ReasonPeekTimeout || act.Reply.Verdict != policies.Fail {
			t.Errorf("%+v", act.Reply)
		}
	})
	a := newRig(t, nil).begin(1, "")
	send(t, a, askWhole)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.answer.in = documentLimit
	if act := a.ResponseBody([]byte(hello), false); act.Step != policies.Answer || act.Reply.Verdict != policies.Fail || !strings.Contains(string(act.Reply.Body), "ask for a stream") {
		t.Errorf("too long a document: %+v", act)
	}
}

// Zero tokens for an answer that has words would be a lie, unless upstream told it.
func TestTokensAreNeverZeroForWords(t *testing.T) {
	without := `data: {"candidates":[{"content":{"parts":[{"text":"Hello, world"}],"role":"model"},"finishReason":"STOP"}]}` + "\n\n"
	for kind, body := range map[string]string{"stream": ask, "whole": askWhole} {
		a := newRig(t, nil).begin(1, "")
		send(t, a, body)
		if act := answerWith(a, 200, without); !strings.Contains(string(act.Body), `"output_tokens":4`) || strings.Contains(string(act.Body), `"input_tokens":0`) && kind == "whole" {
			t.Errorf("%s: %s", kind, act.Body)
		}
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
		r := newRig(t, func(cfg *Config) { cfg.Policies = map[string]Settings{"default": {Attempts: 1}} })
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

// Carriers can be read by clients.
func TestCarriersDoNotNameTheProject(t *testing.T) {
	r := newRig(t, func(cfg *Config) {
		cfg.Backends = []Backend{{Name: "v", Kind: Vertex, Project: "my-secret-project", Location: "l"}}
		cfg.Accounts = []account.Account{{ID: "v-1", Backend: "v", Secret: account.NewSecret("a-credential")}}
	})
	if class := r.cfg.Backends[0].class(); strings.Contains(class, "secret") || !strings.HasPrefix(class, "vertex/") {
		t.Errorf("class %q", class)
	}
	a := r.begin(1, "")
	send(t, a, ask)
	if act := answerWith(a, 400, refusal("API is disabled in my-secret-project for now.")); strings.Contains(string(act.Reply.Body), "my-secret-project") {
		t.Errorf("the client reads %s", act.Reply.Body)
	}
}
