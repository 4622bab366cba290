package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// hedgeDelay is longer than the fake takes for an answer, and no longer than a
// test can bear to wait.
const hedgeDelay = 500 * time.Millisecond

// hedged is a stack whose policy sends slow attempts twice.
func hedged(t *testing.T, version string) *stack.Stack {
	return stack.Start(t, stack.Options{Envoy: version, Plain: true, Policy: fmt.Sprintf("{hedge: %s}", hedgeDelay), Keys: []string{"key-1", "key-2"}})
}

// earnHedge asks until the budget pays for one duplicate: after ten requests,
// of which the caller's is the last.
func earnHedge(s *stack.Stack) {
	for range 9 {
		s.Post(messages, plain)
	}
	s.Settle()
	s.Fake().Reset()
}

// hedgedWord is the log's word about the first attempt of an answer.
func hedgedWord(t *testing.T, s *stack.Stack, got stack.Answer) string {
	t.Helper()
	lines, err := s.Replicas[0].Log.Wait(patient(t), 1, "attempt finished", "request_id", got.Header.Get("x-heald-request-id"))
	if err != nil {
		t.Fatal(err)
	}
	return lines[0].Get("hedged")
}

// two are the calls of an attempt that was sent twice. They are alike, and bring
// the provider nothing but what it may see.
func two(t *testing.T, s *stack.Stack) (first, second fakegemini.Request) {
	t.Helper()
	s.Settle()
	calls := s.Fake().Requests()
	if len(calls) != 2 {
		t.Fatalf("%d upstream calls, want 2", len(calls))
	}
	first, second = calls[0], calls[1]
	if string(first.Body) != string(second.Body) || first.Path != second.Path || first.Query != second.Query || first.Key != second.Key {
		t.Errorf("sent twice are %s and %s", first.Body, second.Body)
	}
	for _, c := range calls {
		for name := range c.Header {
			if !slices.Contains(upstreamHeaders, name) {
				t.Errorf("the provider sees %s: %q", name, c.Header[name])
			}
		}
	}
	return first, second
}

// play lets a client ask while a conductor watches the provider.
func play(t *testing.T, s *stack.Stack, a api, stream bool, conduct func()) stack.Answer {
	t.Helper()
	path, body := a.wholePath, a.wholeBody
	if stream {
		path, body = a.streamPath, a.streamBody
	}
	done := make(chan struct{})
	go func() { // ends before play does
		defer close(done)
		conduct()
	}()
	got := s.Post(path, body)
	<-done
	for name := range got.Header {
		if n := strings.ToLower(name); internal(n) || strings.HasPrefix(n, "x-envoy-") || n == "x-heald-hedged" || n == "x-heald-lost" {
			t.Errorf("the client sees %s", name)
		}
	}
	return got
}

// arrivals waits until the provider has n calls.
func arrivals(t *testing.T, s *stack.Stack, n int) {
	if err := s.Fake().WaitRequests(patient(t), n); err != nil {
		t.Errorf("the provider was not called %d times: %v", n, err)
	}
}

// Whichever sending is answered well first is the answer; the other is canceled.
func TestHedge(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		for _, a := range apis {
			t.Run(a.name, func(t *testing.T) {
				bothKinds(t, func(t *testing.T, stream bool) { hedgeRows(t, s, a, stream) })
			})
		}
		if n := s.Replicas[0].Metric("heald_hedges_total", `result="won"`); n != float64(2*len(apis)) {
			t.Errorf("%v were won, want one for each API and kind", n)
		}
	})
}

func hedgeRows(t *testing.T, s *stack.Stack, a api, stream bool) {
	rows := []struct {
		name          string
		first, second func(gate <-chan struct{}) fakegemini.Reply
		hedged        string
		ended         [2]fakegemini.Ended
	}{
		{"the first is silent",
			func(<-chan struct{}) fakegemini.Reply { return fakegemini.SilentBeforeHeaders() },
			func(<-chan struct{}) fakegemini.Reply { return fakegemini.Text(good) },
			"won", [2]fakegemini.Ended{fakegemini.EndedClient, fakegemini.EndedComplete}},
		{"the second is slower",
			func(gate <-chan struct{}) fakegemini.Reply { return fakegemini.Gate(gate).Then(fakegemini.Text(good)) },
			func(<-chan struct{}) fakegemini.Reply { return fakegemini.SilentBeforeHeaders() },
			"lost", [2]fakegemini.Ended{fakegemini.EndedComplete, fakegemini.EndedClient}},
		{"the second fails",
			func(gate <-chan struct{}) fakegemini.Reply { return fakegemini.Gate(gate).Then(fakegemini.Text(good)) },
			func(<-chan struct{}) fakegemini.Reply { return fakegemini.Status(503) },
			"lost", [2]fakegemini.Ended{fakegemini.EndedComplete, fakegemini.EndedComplete}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			earnHedge(s)
			gate := make(chan struct{})
			s.Fake().Enqueue(row.first(gate), row.second(gate))
			got := play(t, s, a, stream, func() {
				arrivals(t, s, 2)
				// What the second one says, if anything, is with Envoy by then.
				eventually(t, "the second reply has ended, or never will", func() bool {
					calls := s.Fake().Requests()
					return len(calls) > 1 && (calls[1].Ended == row.ended[1] || row.ended[1] == fakegemini.EndedClient)
				})
				close(gate)
			})
			if sees, _ := a.seen(got, stream, good); sees != wholeAnswer || got.Header.Get("x-heald-attempts") != "1" {
				t.Errorf("the client sees %q after %s attempts", sees, got.Header.Get("x-heald-attempts"))
			}
			first, second := two(t, s)
			if first.Ended != row.ended[0] || second.Ended != row.ended[1] {
				t.Errorf("the calls ended as %q and %q, want %q", first.Ended, second.Ended, row.ended)
			}
			if word := hedgedWord(t, s, got); word != row.hedged {
				t.Errorf("the log says hedged: %q, want %q", word, row.hedged)
			}
		})
	}
}

// Two failures are one failed attempt: one reply with the mark, whose memory
// the next attempt has.
func TestHedgeBothFail(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		bothKinds(t, func(t *testing.T, stream bool) {
			earnHedge(s)
			remembered := s.Replicas[0].Metric("heald_memory_total", `result="ok"`)
			gate := make(chan struct{})
			failure := fakegemini.Gate(gate).Then(fakegemini.Status(503))
			s.Fake().Enqueue(failure, failure)
			got := play(t, s, apis[0], stream, func() {
				arrivals(t, s, 2)
				close(gate)
			})
			if sees, _ := apis[0].seen(got, stream, good); sees != wholeAnswer || got.Header.Get("x-heald-attempts") != "2" {
				t.Errorf("the client sees %q after %s attempts, want the answer after 2", sees, got.Header.Get("x-heald-attempts"))
			}
			s.Settle()
			if n := len(s.Fake().Requests()); n != 3 {
				t.Errorf("%d upstream calls, want 3", n)
			}
			if n := s.Replicas[0].Metric("heald_memory_total", `result="ok"`) - remembered; n != 1 {
				t.Errorf("%v attempts had the memory of an earlier one, want 1", n)
			}
			if word := hedgedWord(t, s, got); word != "sent" {
				t.Errorf("the log says hedged: %q, want sent", word)
			}
		})
	})
}

// A connection that breaks ends its sending, and not the other one.
func TestHedgeOneBreaks(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		for broken, word := range []string{"won", "lost"} {
			t.Run(word, func(t *testing.T) {
				earnHedge(s)
				breaks, answers := make(chan struct{}), make(chan struct{})
				script := []fakegemini.Reply{fakegemini.Gate(answers).Then(fakegemini.Text(good)), fakegemini.Gate(answers).Then(fakegemini.Text(good))}
				script[broken] = fakegemini.Gate(breaks).Then(fakegemini.ResetBeforeHeaders())
				s.Fake().Enqueue(script...)
				got := play(t, s, apis[0], true, func() {
					arrivals(t, s, 2)
					close(breaks)
					eventually(t, "the connection is broken", func() bool {
						calls := s.Fake().Requests()
						return len(calls) > broken && calls[broken].Ended == fakegemini.EndedReset
					})
					close(answers)
				})
				if sees, _ := apis[0].seen(got, true, good); sees != wholeAnswer || got.Header.Get("x-heald-attempts") != "1" {
					t.Errorf("the client sees %q after %s attempts", sees, got.Header.Get("x-heald-attempts"))
				}
				two(t, s)
				if said := hedgedWord(t, s, got); said != word {
					t.Errorf("the log says hedged: %q, want %q", said, word)
				}
			})
		}
	})
}

// A client that leaves takes both sendings with it.
func TestHedgeClientLeaves(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		bothKinds(t, func(t *testing.T, stream bool) {
			earnHedge(s)
			s.Fake().Enqueue(again(2, fakegemini.SilentBeforeHeaders())...)
			ctx, leave := context.WithCancel(patient(t))
			go func() { // ends once both calls are there
				arrivals(t, s, 2)
				leave()
			}()
			s.PostAs(ctx, http.DefaultClient, messages, strings.NewReader(map[bool]string{true: streamed, false: plain}[stream]))
			first, second := two(t, s)
			if first.Ended != fakegemini.EndedClient || second.Ended != fakegemini.EndedClient {
				t.Errorf("the calls ended as %q and %q", first.Ended, second.Ended)
			}
		})
	})
}
