package exchange

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// breaks are the ways in which a stream breaks off while heald can still
// write.
var breaks = map[string]func(*broken){
	heal.ReasonStreamTruncated: func(b *broken) { b.upstream("", true) },
	heal.ReasonStreamError:     func(b *broken) { b.upstream(errorFrame, true) },
	heal.ReasonStreamStalled:   func(b *broken) { b.pass(20 * time.Second) },
	"garbage":                  func(b *broken) { b.upstream("data: {\"candidates\": [{\"con", true) },
}

func TestResumed(t *testing.T) {
	for cause, breakOff := range breaks {
		t.Run(cause, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if cause == "garbage" {
					cause = heal.ReasonStreamError
				}
				b := breaking(t, ask, resumeSet, saidFrame(beginning[:20], 4), saidFrame(beginning[20:], 9))
				breakOff(b)
				b.rest(saidFrame(beginning[:30], 3), saidFrame(beginning[30:]+"wn", 8))
				b.upstream(errorFrame, false) // what the first upstream still says does not count
				b.rest(saidFrame(" west.", 11), stop)
				b.restEnds()
				b.want(beginning+"wn west.", "message_stop", cause, heal.ReasonResumed, "")
				body := b.body.String()
				if !strings.Contains(body, `"stop_reason":"end_turn"`) || strings.Contains(body, "event: error") {
					t.Errorf("body:\n%s", body)
				}
				// stop says 3 and 1 for the second request; the first cost 50 and 9.
				if !strings.Contains(body, `"input_tokens":53`) || !strings.Contains(body, `"output_tokens":10`) {
					t.Errorf("usage is not the sum of both:\n%s", body)
				}
				r := b.request
				if r.URL.Path != "/v1beta/models/gemini-3.5-flash:streamGenerateContent" || r.Host != "generativelanguage.googleapis.com" ||
					r.Header.Get("x-heald-cluster") != "a" || r.Header.Get("x-goog-api-key") != "key-a-1" || b.calls != 1 {
					t.Errorf("%d calls, the last %s %s %v", b.calls, r.Host, r.URL, r.Header)
				}
				for _, part := range []string{`"role":"model","parts":[{"text":"` + beginning + `"}]`, `"maxOutputTokens":91`, "hi"} {
					if !strings.Contains(b.asked, part) {
						t.Errorf("the request lacks %s:\n%s", part, b.asked)
					}
				}
			})
		})
	}
}

// A reply whose first bytes are also its last has reached nobody, but is
// passed: it is completed before the client sees anything.
func TestResumedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet)
		b.upstream(saidFrame(beginning, 9), true)
		b.rest(saidFrame(beginning+"wn.", 12), stop)
		b.restEnds()
		b.want(beginning+"wn.", "message_stop", heal.ReasonStreamTruncated, heal.ReasonResumed, "")
	})
}

// After the seam the continuation is an answer like any other.
func TestResumedWithACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := strings.Replace(ask, `"messages"`, `"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages"`, 1)
		b := breaking(t, body, resumeSet, saidFrame(beginning, 9))
		b.upstream("", true)
		b.rest(thinkFrame, saidFrame(beginning+"wn.", 12), callFrame, stop)
		b.restEnds()
		got := b.body.String()
		if textOf(t, got) != beginning+"wn." || !strings.Contains(got, `"stop_reason":"tool_use"`) || !b.ended {
			t.Errorf("body:\n%s", got)
		}
		for i, want := range []string{`"index":0,"content_block":{"type":"text"`, `"index":1,"content_block":{"type":"tool_use"`} {
			if strings.Count(got, want) != 1 {
				t.Errorf("block %d is no %s:\n%s", i, want, got)
			}
		}
	})
}

func TestUnresumed(t *testing.T) {
	for _, c := range []struct {
		name, why string
		text      string // beyond the beginning
		rest      func(*broken)
	}{
		{name: "other words", why: "last words", rest: func(b *broken) { b.rest(saidFrame("Sorry! "+beginning+"wn.", 3)) }},
		{name: "error event", why: "status 503", rest: func(b *broken) { b.rest(errorFrame) }},
		{name: "empty", why: "without a finish", rest: func(b *broken) { b.rest(); b.restEnds() }},
		{name: "finish alone", why: "no text", rest: func(b *broken) { b.rest(stop); b.restEnds() }},
		{name: "call instead", why: "no text", rest: func(b *broken) { b.rest(callFrame) }},
		{name: "HTML", why: "without a finish", rest: func(b *broken) { b.rest("<html>busy</html>"); b.restEnds() }},
		{name: "garbage", why: "decode response", rest: func(b *broken) { b.rest("data: {{{\r\n\r\n") }},
		{name: "breaks off as well", why: "without a finish", text: "wn", rest: func(b *broken) { b.rest(saidFrame(beginning+"wn", 3)); b.restEnds() }},
		{name: "malformed call", why: "undoes it", text: "wn", rest: func(b *broken) {
			b.rest(saidFrame(beginning+"wn", 3) + finishes("MALFORMED_FUNCTION_CALL"))
			b.restEnds()
		}},
		{name: "resets", why: "reset by peer", text: "wn", rest: func(b *broken) {
			b.rest(saidFrame(beginning+"wn", 3))
			_ = b.reply.CloseWithError(fmt.Errorf("connection reset by peer"))
		}},
		{name: "silence", why: "in time", rest: func(b *broken) { b.rest(heartbeat); b.pass(11 * time.Second) }},
		{name: "silence after text", why: "in time", text: "wn", rest: func(b *broken) {
			b.rest(saidFrame(beginning+"wn", 3))
			b.pass(21 * time.Second)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
				b.upstream("", true)
				b.eachRest(c.rest)
				b.want(beginning+c.text, "event: error", heal.ReasonStreamTruncated, heal.ReasonResumeFailed, c.why)
				if b.calls != 3 || !strings.Contains(b.body.String(), "ended the reply without finishing it") {
					t.Errorf("%d calls, body:\n%s", b.calls, b.body.String())
				}
				synctest.Wait()
				if !b.left {
					t.Error("the request for the rest goes on")
				}
			})
		})
	}
}

// A rest that never ends counts towards the time of the whole stream.
func TestRestHasAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet+",max_stream=30s", saidFrame(beginning, 9))
		b.upstream("", true)
		b.rest(saidFrame(beginning+"wn", 3))
		for range 3 {
			b.pass(9 * time.Second)
			b.rest(saidFrame(" on", 4))
		}
		b.pass(4 * time.Second)
		b.want(beginning+"wn on on on", "event: error", heal.ReasonStreamTruncated, heal.ReasonResumeFailed, "in time")
	})
}

// The client hears that the answer goes on while the rest is waited for.
func TestResumingKeepsAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
		b.upstream("", true)
		before := strings.Count(b.body.String(), "event: ping") // one comes with the start
		b.pass(8 * time.Second)
		if n := strings.Count(b.body.String(), "event: ping") - before; n != 2 {
			t.Errorf("%d keep-alives in 8s, want 2", n)
		}
		b.rest(saidFrame(beginning+"wn.", 12), stop)
		b.pass(4 * time.Second) // upstream has finished, but does not close
		b.want(beginning+"wn.", "message_stop", heal.ReasonStreamTruncated, heal.ReasonResumed, "")
	})
}

// A client that leaves takes the request for the rest with it.
func TestClientLeavesWhileResuming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, ask, resumeSet, saidFrame(beginning, 9))
		b.upstream("", true)
		b.rest(saidFrame(beginning, 9))
		b.mu.Lock()
		b.ended = true
		b.attempt.Close(policies.EndCancelled)
		b.mu.Unlock()
		synctest.Wait()
		if !b.left {
			t.Error("the request for the rest goes on")
		}
		line := b.rig.log.FilterMessage("request finished").All()[0].ContextMap()
		if line["outcome"] != "canceled" || resumeIn(line)["result"] != heal.ReasonClientGone || b.counter("heald_resumes_total", heal.ReasonClientGone) != 1 {
			t.Errorf("log line %v", line)
		}
	})
}

// Where nothing may be joined, the answer ends as it always did.
func TestNotResumed(t *testing.T) {
	document := strings.Replace(ask, `"messages"`, `"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}},"messages"`, 1)
	for _, c := range []struct {
		name, body, set string
		chunks          []string
		last            string
		after           time.Duration
	}{
		{name: "off", body: ask, set: "attempts=3", chunks: []string{saidFrame(beginning, 9)}},
		{name: "off by word", body: ask, set: "resume=off", chunks: []string{saidFrame(beginning, 9)}},
		{name: "inside a thought", body: ask, set: resumeSet, chunks: []string{saidFrame(beginning, 9), thinkFrame}},
		{name: "after a call", body: ask, set: resumeSet, chunks: []string{saidFrame(beginning, 9), callFrame}},
		{name: "JSON", body: document, set: resumeSet, chunks: []string{saidFrame(beginning, 9)}},
		{name: "no tokens left", body: ask, set: resumeSet, chunks: []string{saidFrame(beginning, 100)}},
		{name: "an error that asking again does not change", body: ask, set: resumeSet, chunks: []string{saidFrame(beginning, 9)}, last: wrongFrame},
		{name: "after the deadline", body: ask, set: resumeSet + ",deadline=5s", chunks: []string{saidFrame(beginning, 9)}, after: 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := breaking(t, c.body, c.set, c.chunks...)
				b.pass(c.after)
				b.upstream(c.last, true)
				synctest.Wait()
				if b.calls != 0 || !b.ended || !strings.Contains(b.body.String(), "event: error") {
					t.Errorf("%d calls, ended %t:\n%s", b.calls, b.ended, b.body.String())
				}
				outcome := b.rig.log.FilterMessage("request finished").All()[0].ContextMap()["outcome"]
				if outcome != "broken" {
					t.Errorf("outcome %v", outcome)
				}
			})
		})
	}
}

// Wherever a text is cut, and in whatever pieces it comes, the client gets it
// whole.
func TestResumedAnywhere(t *testing.T) {
	const whole = "The brown fox – \"quick\" – jumps\nover the <lazy> dog. Then the dog jumps over the fox, and 😀 the end."
	for cut := 4; cut < len(whole); cut++ {
		if !slices.Contains([]byte(whole[:cut]), ' ') || whole[cut]&0xc0 == 0x80 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			b := breaking(t, ask, resumeSet, saidFrame(whole[:cut/2+1-offRune(whole, cut/2+1)], 1), saidFrame(whole[cut/2+1-offRune(whole, cut/2+1):cut], 2))
			b.upstream("", true)
			var pieces []string
			for at := 0; at < len(whole); {
				n := min(at+7, len(whole))
				n -= offRune(whole, n)
				pieces = append(pieces, saidFrame(whole[at:n], 3))
				at = n
			}
			b.rest(append(pieces, stop)...)
			b.restEnds()
			if got := textOf(t, b.body.String()); got != whole || !b.ended {
				t.Errorf("cut at %d: got %q", cut, got)
			}
		})
	}
}

// offRune is how far an offset is inside a character.
func offRune(s string, at int) (n int) {
	for at-n < len(s) && s[at-n]&0xc0 == 0x80 {
		n++
	}
	return n
}
