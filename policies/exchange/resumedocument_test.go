package exchange

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// A document that breaks off is completed where it is long, or where nothing
// else is left; else the whole is asked for again.
func TestDocumentResumed(t *testing.T) {
	long := strings.Repeat("All work and no play. ", 100) + "And an e"
	for _, c := range []struct {
		name, set, said string
		calls           int
	}{
		{"long", resumeSet, long, 1},
		{"short, but the last attempt", resumeSet + ",attempts=1", beginning, 1},
		{"short", resumeSet, beginning, 0},
		{"long, but off", "resume=off", long, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, askWhole, c.set, saidFrame(c.said, 9))
				b.upstream("", true)
				b.eachRest(func(b *broken) {
					if b.body.Len() != 0 {
						t.Errorf("the client has %s", b.body.String())
					}
					b.rest(saidFrame(c.said[max(0, len(c.said)-150):], 2), saidFrame("nd.", 3), stop)
					b.restEnds()
				})
				if b.calls != c.calls {
					t.Fatalf("%d calls, want %d", b.calls, c.calls)
				}
				if c.calls == 0 {
					if b.refused == nil || b.refused.Verdict != policies.Retry || b.refused.Reason != heal.ReasonPeekTruncated {
						t.Errorf("reply %+v", b.refused)
					}
					return
				}
				if got := b.body.String(); b.head == nil || b.head.Status != 200 || !strings.Contains(got, `"text":"`+c.said+`nd."`) ||
					!strings.Contains(got, `"stop_reason":"end_turn"`) || !strings.Contains(got, `"input_tokens":53`) {
					t.Errorf("head %+v, body %s", b.head, got)
				}
				line := b.rig.log.FilterMessage("request finished").All()[0].ContextMap()
				if line["outcome"] != "passed" || line["reason"] != heal.ReasonResumed || resumeIn(line)["cause"] != heal.ReasonPeekTruncated {
					t.Errorf("log line %v", line)
				}
			})
		})
	}
}

// A document whose rest does not come is judged as it would have been.
func TestDocumentUnresumed(t *testing.T) {
	for _, c := range []struct {
		attempts string
		verdict  policies.Verdict
	}{{"3", policies.Retry}, {"1", policies.Fail}} {
		synctest.Test(t, func(t *testing.T) {
			b := breaking(t, askWhole, resumeSet+",attempts="+c.attempts, saidFrame(strings.Repeat(beginning+" ", 50), 9))
			b.upstream("", true)
			b.eachRest(func(b *broken) { b.rest(saidFrame("Sorry!", 20)) })
			if r := b.refused; r == nil || r.Verdict != c.verdict || r.Reason != heal.ReasonPeekTruncated || b.body.Len() != 0 {
				t.Errorf("reply %+v, body %s", r, b.body.String())
			}
			if b.counter("heald_resumes_total", heal.ReasonResumeFailed) != 1 {
				t.Error("it was not counted")
			}
			b.wantBilled(map[string]string{"3": "attempt finished", "1": "request finished"}[c.attempts], 100, 29)
		})
	}
}

// wantBilled checks that a line of the log and the counters tell of tokens, once.
func (b *broken) wantBilled(line string, input, output int64) {
	b.t.Helper()
	of := b.rig.log.FilterMessage(line).All()[0]
	if usage := usageIn(of); usage["input"] != input || usage["output"] != output || resumeIn(of.ContextMap())["requests"] == nil {
		b.t.Errorf("%s: %v", line, of.ContextMap())
	}
	if i, o := b.counter("heald_tokens_total", "input"), b.counter("heald_tokens_total", "output"); i != float64(input) || o != float64(output) {
		b.t.Errorf("%v and %v tokens were counted, want %d and %d", i, o, input, output)
	}
}

// Only what broke off is gone on with: an answer that upstream itself undoes, or
// an error that asking again does not change, is not.
func TestDocumentNotResumed(t *testing.T) {
	said := saidFrame(strings.Repeat(beginning+" ", 50), 9)
	for name, last := range map[string]string{"malformed call": finishes("MALFORMED_FUNCTION_CALL"), "a call": callFrame, "wrong": wrongFrame} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, askWhole, resumeSet, said)
				b.upstream(last, true)
				synctest.Wait()
				if b.calls != 0 || b.refused == nil {
					t.Errorf("%d calls, reply %+v", b.calls, b.refused)
				}
			})
		})
	}
}

// A document is broken off by silence and by error events, too.
func TestDocumentBreaks(t *testing.T) {
	said := strings.Repeat("All work and no play. ", 100) + "And an e"
	for name, breakOff := range map[string]func(*broken){
		"error":   func(b *broken) { b.upstream(errorFrame, false) },
		"garbage": func(b *broken) { b.upstream("data: {\"candidates\": [{\"con\r\n\r\n", false) },
		"silence": func(b *broken) { b.pass(21 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, askWhole, resumeSet, saidFrame(said, 9))
				breakOff(b)
				b.upstream("", true) // what happens to the first upstream does not count
				b.rest(saidFrame(said[len(said)-150:]+"nd.", 2), stop)
				b.restEnds()
				if got := b.body.String(); !b.ended || !strings.Contains(got, `"text":"`+said+`nd."`) {
					t.Errorf("ended %t, body %s", b.ended, got)
				}
			})
		})
	}
}

// A client that leaves while the rest of its document is fetched is told as one
// that leaves while a reply is held, and the shutdown leaves it to another
// replica.
func TestLeavingAResumedDocument(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, askWhole, resumeSet+",attempts=1", saidFrame(beginning, 9))
		b.upstream("", true)
		b.rest(saidFrame(beginning, 11))
		if a := b.attempt.EndNow(); a.Step != policies.Hold || a.End {
			t.Errorf("at shutdown: %+v", a)
		}
		b.mu.Lock()
		b.ended = true
		b.attempt.Close(policies.EndCancelled)
		b.mu.Unlock()
		synctest.Wait()
		if n := b.rig.log.FilterMessage("request finished").Len(); n != 0 || !b.left {
			t.Errorf("%d requests finished; the fetch ended: %t", n, b.left)
		}
		b.wantBilled("attempt finished", 100, 20)
	})
}
