package exchange

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const thinks = `data: {"candidates":[{"content":{"parts":[{"text":"Hm","thought":true}],"role":"model"}}]}` + "\n\n"

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

// A finish that undoes what came before it is an end that the log tells.
func TestMalformedCallAfterContent(t *testing.T) {
	malformed := strings.Replace(stop, "STOP", "MALFORMED_FUNCTION_CALL", 1)
	r := newRig(t, nil)
	a := r.begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(hello), false)
	act := a.ResponseBody([]byte(malformed), true)
	a.Close(policies.EndComplete)
	if !act.End || !bytes.Contains(act.Body, []byte("event: error")) || !bytes.Contains(act.Body, []byte(`"output_tokens":1`)) {
		t.Errorf("the client gets %s", act.Body)
	}
	lines := r.log.FilterMessage("request finished").All()
	if len(lines) != 1 || lines[0].ContextMap()["broken_by"] != heal.ReasonStreamUndone || lines[0].ContextMap()["outcome"] != "broken" {
		t.Errorf("log: %v", lines)
	}
	if whole := newRig(t, nil).begin(1, ""); send(t, whole, askWhole) != nil {
		if act := answerWith(whole, 200, hello+malformed); act.Reply == nil || act.Reply.Reason != heal.ReasonPeekMalformed {
			t.Errorf("a document: %+v", act)
		}
	}
}

// What comes after a finish and is no word of upstream's cannot take the answer
// back, in whatever pieces.
func TestAfterTheFinish(t *testing.T) {
	for name, more := range map[string]string{
		"[DONE]": "data: [DONE]\n\n", "garbage": "data: {]\n\n", "no event": "<html>\n",
	} {
		for kind, body := range map[string]string{"stream": ask, "whole": askWhole} {
			for _, chunks := range [][]string{{hello + stop + more}, {hello + stop, more}, {hello, stop + more}, {hello, stop, more}} {
				a := newRig(t, nil).begin(1, "")
				send(t, a, body)
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				var act policies.Action
				var got []byte
				for i, c := range chunks {
					if act.End {
						break
					}
					act = a.ResponseBody([]byte(c), i == len(chunks)-1)
					got = append(got, act.Body...)
				}
				a.Close(policies.EndComplete)
				if !act.End || !bytes.Contains(got, []byte("end_turn")) || bytes.Contains(got, []byte(`"error"`)) || a.record.ended != "" {
					t.Errorf("%s after the finish (%s, %d chunks): %s, ended by %q", name, kind, len(chunks), got, a.record.ended)
				}
			}
		}
	}
}

// Garbage after the finish also ends the answer: nothing that is still to come
// could be read.
func TestGarbageAfterTheFinishEnds(t *testing.T) {
	for kind, body := range map[string]string{"stream": ask, "whole": askWhole} {
		a := newRig(t, nil).begin(1, "")
		send(t, a, body)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		act := a.ResponseBody([]byte(hello+stop+"data: {]\n\n"), false)
		a.Close(policies.EndComplete)
		if !act.End || !bytes.Contains(act.Body, []byte("end_turn")) || a.record.ended != "" {
			t.Errorf("%s: end %v, %s, ended by %q", kind, act.End, act.Body, a.record.ended)
		}
	}
}

// A document of thoughts alone is asked for once more. If that brings no more, or
// cannot be, it is what the model had to say.
func TestThoughtsAlone(t *testing.T) {
	for _, d := range askings {
		play := func(r rig, n int, memory string) (*attempt, policies.Action) {
			a := r.begin(n, memory)
			a.in.Path = d.path[1]
			send(t, a, d.ask(false, "", "", "hi"))
			return a, answerWith(a, 200, thinks+stop)
		}
		_, act := play(newRig(t, nil), 1, "")
		if act.Reply == nil || act.Reply.Verdict != policies.Retry || act.Reply.Reason != heal.ReasonPeekThoughts {
			t.Fatalf("%s: %+v", d.name, act)
		}
		if a, again := play(newRig(t, nil), 2, act.Reply.Memory); a.record.verdict != policies.Pass || !again.End {
			t.Errorf("%s, again: %+v", d.name, again)
		}
		once := func(c *Config) { c.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 1}} }
		if a, only := play(newRig(t, once), 1, ""); a.record.verdict != policies.Pass || !only.End {
			t.Errorf("%s, the only attempt: %+v", d.name, only)
		}
	}
}

// A finish before any content is waited on for as long as an upstream may take to
// close: content may follow, and if none does that is no answer.
func TestFinishBeforeContentIsWaitedOn(t *testing.T) {
	empty := finishes("STOP")
	for kind, body := range map[string]string{"stream": ask, "whole": askWhole} {
		synctest.Test(t, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, body)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			if act := a.ResponseBody([]byte(empty), false); act.Step != policies.Hold || act.Wake != finishGrace {
				t.Fatalf("%s: %+v", kind, act)
			}
			time.Sleep(finishGrace - time.Second)
			act := a.ResponseBody([]byte(hello+stop), true)
			if a.Close(policies.EndComplete); a.record.verdict != policies.Pass || !bytes.Contains(act.Body, []byte("Hello")) {
				t.Errorf("%s, content after it: %v %s", kind, a.record.reason, act.Body)
			}
		})
		synctest.Test(t, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, body)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			act := a.ResponseBody([]byte(empty), false)
			time.Sleep(act.Wake)
			act = a.Wake()
			if a.Close(policies.EndComplete); act.Reply == nil || act.Reply.Verdict != policies.Retry || act.Reply.Reason != heal.ReasonPeekNoContent {
				t.Errorf("%s, nothing after it: %+v", kind, act)
			}
		})
	}
}

// Nor is it waited on past the deadline for the first content.
func TestFinishBeforeContentHasTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "", "x-heald-set", "peek.timeout=2s")
		send(t, a, ask)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		time.Sleep(time.Second)
		act := a.ResponseBody([]byte(finishes("STOP")), false)
		if act.Wake != time.Second {
			t.Errorf("wake after %v", act.Wake)
		}
		time.Sleep(act.Wake)
		if act = a.Wake(); act.Reply == nil || act.Reply.Reason != heal.ReasonPeekNoContent {
			t.Errorf("%+v", act)
		}
		a.Close(policies.EndComplete)
	})
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
