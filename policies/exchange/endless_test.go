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
)

// endless plays chunk every so often after begin, wakes included as Envoy's side
// does, until the attempt ends or longest has passed.
func endless(t *testing.T, a *attempt, begin, chunk string, every, longest time.Duration) (act policies.Action, took time.Duration) {
	t.Helper()
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	began := time.Now()
	act = a.ResponseBody([]byte(begin), false)
	wake := began.Add(act.Wake)
	for next := began.Add(every); !act.End && act.Step != policies.Answer; {
		if time.Since(began) > longest {
			t.Fatalf("still open after %v", longest)
		}
		if wake.Before(next) {
			time.Sleep(time.Until(wake))
			act = a.Wake()
		} else {
			time.Sleep(time.Until(next))
			next = next.Add(every)
			act = a.ResponseBody([]byte(chunk), false)
		}
		if act.Wake != 0 {
			wake = time.Now().Add(act.Wake)
		}
	}
	a.Close(policies.EndComplete)
	return act, time.Since(began)
}

// Frames that tell nothing of the answer are silence, and an answer that never
// ends ends anyway: in every dialect with its error event.
func TestEndlessAnswers(t *testing.T) {
	frame := func(json string) string { return "data: " + json + "\r\n\r\n" }
	const word = `{"candidates":[{"content":{"role":"model","parts":[{"text":"word "}]}}]}`
	const asksChat = `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}`
	const asksResponses = `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`
	const asksNative = `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	for _, c := range []struct {
		name, path, ask, begin, chunk string
		took                          time.Duration
		broken                        string
	}{
		{"empty texts", "/v1/messages", ask, hello, frame(`{"candidates":[{"content":{"role":"model","parts":[{"text":""}]}}]}`), 5 * time.Minute, heal.ReasonStreamStalled},
		{"no parts", "/v1/chat/completions", asksChat, hello, frame(`{"candidates":[{"content":{"role":"model"},"index":0}]}`), 5 * time.Minute, heal.ReasonStreamStalled},
		{"counts", "/v1/responses", asksResponses, hello, frame(`{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}`), 5 * time.Minute, heal.ReasonStreamStalled},
		{"counts, native", nativeStream, asksNative, hello, frame(`{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}`), 5 * time.Minute, heal.ReasonStreamStalled},
		{"empty texts, native", nativeStream, asksNative, hello, frame(`{"candidates":[{"content":{"role":"model","parts":[{"text":""}]}}]}`), 5 * time.Minute, heal.ReasonStreamStalled},
		{"heartbeats", "/v1/messages", ask, hello, heartbeat, 5 * time.Minute, heal.ReasonStreamStalled},
		{"blank lines", "/v1/messages", ask, hello, "\r\n", 5 * time.Minute, heal.ReasonStreamStalled},
		{"one line, byte by byte", "/v1/messages", ask, hello + "data: ", "x", 5 * time.Minute, heal.ReasonStreamStalled},
		{"tail after the finish", "/v1/messages", ask, hello + stop, frame(`{"usageMetadata":{"promptTokenCount":3,"totalTokenCount":3}}`), finishGrace, ""},
		{"words", "/v1/messages", ask, hello, frame(word), time.Hour, heal.ReasonStreamTooLong},
		{"words, chat", "/v1/chat/completions", asksChat, hello, frame(word), time.Hour, heal.ReasonStreamTooLong},
		{"words, responses", "/v1/responses", asksResponses, hello, frame(word), time.Hour, heal.ReasonStreamTooLong},
		{"words, native", nativeStream, asksNative, hello, frame(word), time.Hour, heal.ReasonStreamTooLong},
		{"thoughts", "/v1/messages", ask, hello, frame(strings.Replace(word, `"text"`, `"thought":true,"text"`, 1)), time.Hour, heal.ReasonStreamTooLong},
		{"a finish with each word", "/v1/messages", ask, hello, frame(strings.Replace(word, `]}}]}`, `]},"finishReason":"STOP"}]}`, 1)), time.Hour + overtime, heal.ReasonStreamTooLong},
		{"a long line in pieces", "/v1/messages", ask, hello + "data: ", strings.Repeat("x", frameStep), time.Hour, heal.ReasonStreamTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "")
				a.in.Path = c.path
				send(t, a, c.ask)
				every := time.Second
				act, took := endless(t, a, c.begin, c.chunk, every, 2*time.Hour)
				if took < c.took || took > c.took+every || a.record.ended != c.broken {
					t.Errorf("ended after %v by %q, want %v, %q", took, a.record.ended, c.took, c.broken)
				}
				if told := bytes.Contains(act.Body, []byte("error")); told != (c.broken != "") {
					t.Errorf("ends with %s", act.Body)
				}
			})
		})
	}
}

// A route may allow less.
func TestMaxStreamOfTheRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newRig(t, nil).begin(1, "", "x-heald-set", "max_stream=20s,idle_timeout=10m,ping=5m")
		send(t, a, ask)
		act, took := endless(t, a, hello, heartbeat, time.Hour, time.Minute)
		if took != 20*time.Second || a.record.ended != heal.ReasonStreamTooLong || !bytes.Contains(act.Body, []byte("max_stream")) {
			t.Errorf("after %v by %q: %s", took, a.record.ended, act.Body)
		}
	})
}

// An answer that is complete when its time is up ends as such, although its
// upstream stays connected.
func TestCompleteWhenTimeIsUp(t *testing.T) {
	for _, c := range []struct {
		name string
		stop time.Duration // when the finish comes
		took time.Duration
	}{
		{"before", 19 * time.Second, 22 * time.Second},
		{"with the end", 20 * time.Second, 23 * time.Second}, // before the timer has its turn
		{"long before", 5 * time.Second, 8 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newRig(t, nil).begin(1, "", "x-heald-set", "max_stream=20s,idle_timeout=10m,ping=5m")
				send(t, a, ask)
				began := time.Now()
				a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
				a.ResponseBody([]byte(hello), false)
				time.Sleep(c.stop)
				a.ResponseBody([]byte(stop), false)
				time.Sleep(time.Second)
				act := a.ResponseBody([]byte(heartbeat), false)
				if act.End {
					t.Fatalf("a heartbeat ends it with %s", act.Body)
				}
				for !act.End {
					time.Sleep(act.Wake)
					act = a.Wake()
				}
				if took := time.Since(began); took != c.took || a.record.ended != "" || !bytes.Contains(act.Body, []byte("message_stop")) {
					t.Errorf("ended after %v by %q with %s", took, a.record.ended, act.Body)
				}
				a.Close(policies.EndComplete)
			})
		})
	}
}

// One frame has a limit: before the commit that is no answer, after it the
// answer ends broken. It is not asked for again: another would be as long.
func TestFrameHasALimit(t *testing.T) {
	piece := bytes.Repeat([]byte("x"), 1<<20)
	for _, c := range []struct{ name, ask, begin, broken string }{
		{"before the commit", askWhole, "", ""},
		{"after it", ask, hello, heal.ReasonStreamTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newRig(t, nil).begin(1, "")
			send(t, a, c.ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			act := a.ResponseBody([]byte(c.begin+"data: "), false)
			n := 0
			for ; act.Step != policies.Answer && !act.End && n < 100; n++ {
				act = a.ResponseBody(piece, false)
			}
			a.Close(policies.EndComplete)
			if n < 32 || n > 34 || a.record.ended != c.broken {
				t.Errorf("ended after %d MiB by %q", n, a.record.ended)
			}
			if c.broken == "" && (act.Reply == nil || act.Reply.Verdict != policies.Fail || act.Reply.Reason != heal.ReasonPeekTooLong || act.Reply.Headers.Get("x-should-retry") != "false") {
				t.Errorf("%+v", act.Reply)
			}
			if held := a.answer.reader.Pending(); held > 33<<20+6 {
				t.Errorf("%d bytes are held", held)
			}
		})
	}
}

// The same limit holds for the sum of all frames, since some encoders keep what
// they have written.
func TestStreamHasALimit(t *testing.T) {
	a := newRig(t, nil).begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(hello), false)
	a.answer.in = answerLimit
	act := a.ResponseBody([]byte(hello), false)
	if !act.End || !strings.Contains(string(act.Body), fmt.Sprintf("longer than %d MiB", answerLimit>>20)) || a.record.ended != heal.ReasonStreamTooLong {
		t.Errorf("ended by %q: %s", a.record.ended, act.Body)
	}
}

// While nothing is known of the answer, what is held is bounded, however small
// the pieces.
func TestHeldBytesAreBounded(t *testing.T) {
	a := newRig(t, nil).begin(1, "", "x-heald-set", "peek.max_bytes=1000")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	for i := range 2000 {
		if act := a.ResponseBody([]byte(": heartbeat \n"[i%13:i%13+1]), false); act.Step == policies.Send {
			if i < 1000 || i > 1400 { // what frames it does not count
				t.Errorf("let go after %d bytes", i)
			}
			return
		}
	}
	t.Error("held without a bound")
}
