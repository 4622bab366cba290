package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// notCarried takes the Lua filter that carries the memory off the outer router.
func notCarried(t *testing.T, yaml string) string {
	t.Helper()
	for _, call := range []string{`get("`, `remove("`, `replace("`} {
		old := call + "x-heald-memory"
		if !strings.Contains(strings.ReplaceAll(yaml, `\"`, `"`), old) {
			t.Fatalf("the configuration has no %s", old)
		}
		yaml = strings.ReplaceAll(yaml, old, call+"x-other")
		escaped := strings.ReplaceAll(old, `"`, `\"`)
		yaml = strings.ReplaceAll(yaml, escaped, strings.ReplaceAll(call, `"`, `\"`)+"x-other")
	}
	return yaml
}

// notCounted takes the attempt count off the outer route.
func notCounted(t *testing.T, yaml string) string {
	t.Helper()
	const count = "include_request_attempt_count: true"
	if strings.Count(yaml, count) != 1 {
		t.Fatalf("the configuration has %d attempt counts", strings.Count(yaml, count))
	}
	return strings.Replace(yaml, count, "include_request_attempt_count: false", 1)
}

// With memory: store the next attempt knows what the one before has found, though
// Envoy carries no memory and does not count: it goes to the next account, repairs
// what was refused, and ends in time.
func TestStoredMemory(t *testing.T) {
	corrupted := fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))
	for name, edit := range map[string]func(string) string{
		"without the Lua filter": func(yaml string) string { return notCarried(t, yaml) },
		"nor an attempt count":   func(yaml string) string { return notCounted(t, notCarried(t, yaml)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Keys: []string{"key-1", "key-2", "key-3"}, Policy: "{memory: store, attempts: 3}", Edit: edit})
			for _, c := range []struct {
				name     string
				script   []fakegemini.Reply
				sees     string
				reasons  []string
				accounts int // that are asked; 0 is any number
			}{
				{"by content", []fakegemini.Reply{fakegemini.Status(403), fakegemini.EmptyOK()}, seesGood,
					[]string{heal.ReasonForbidden, heal.ReasonPeekEOF, heal.ReasonOK}, 3},
				{"no second repair", []fakegemini.Reply{corrupted, corrupted}, seesInvalid,
					[]string{heal.ReasonSignature, heal.ReasonSignature}, 0},
				{"the budget of attempts", again(5, fakegemini.Status(503)), seesOverload,
					[]string{heal.ReasonOverloaded, heal.ReasonOverloaded, heal.ReasonOverloaded}, 0},
			} {
				t.Run(c.name, func(t *testing.T) {
					bothKinds(t, func(t *testing.T, stream bool) {
						s.Reload()
						s.Fake().Reset()
						s.Fake().Enqueue(c.script...)
						got := s.Post(messages, turn(model, "hello", stream))
						s.Settle()
						if v := got.Header.Get("x-heald-memory"); v != "" {
							t.Errorf("the client gets the memory %s", v)
						}
						if sees, _ := apis[0].seen(got, stream, good); sees != apis[0].sees[c.sees] {
							t.Errorf("the client sees %q, want %q", sees, apis[0].sees[c.sees])
						}
						id := got.Header.Get("x-heald-request-id")
						if words := s.Reasons(id); !slices.Equal(words, c.reasons) {
							t.Errorf("log words %v, want %v", words, c.reasons)
						}
						asked := map[string]bool{}
						for _, a := range servedBy(s, id) {
							asked[a.account] = true
						}
						if c.accounts > 0 && len(asked) != c.accounts {
							t.Errorf("asked %v, want %d accounts", asked, c.accounts)
						}
					})
				})
			}
			if n := s.Replicas[0].Metric("heald_memory_total", `result="ok"`); n == 0 {
				t.Error("no memory was read")
			}
			if n := s.Replicas[0].Metric("heald_memory_total", `result="absent"`); n != 0 {
				t.Errorf("%v memories were missing", n)
			}
		})
	}
}

// A request whose replies the provider resets again and again is bounded without
// Envoy's count as well.
func TestStoredMemoryCountsLostAttempts(t *testing.T) {
	s := stack.Start(t, stack.Options{Policy: "{memory: store, attempts: 3}", Edit: func(yaml string) string { return notCounted(t, notCarried(t, yaml)) }})
	s.Fake().Enqueue(again(6, fakegemini.ResetAfterHeaders())...)
	got := s.Post(messages, streamed)
	s.Settle()
	if n := len(s.Fake().Requests()); n != 2 || got.Status == 200 {
		t.Errorf("%d upstream calls, status %d: want 2 that are lost, and an error", n, got.Status)
	}
	if n := len(s.Replicas[0].Log.Lines("attempt finished", "reason", heal.ReasonLost)); n != 1 {
		t.Errorf("%d attempts were refused for those that were lost, want 1", n)
	}
}

// Attempts alternate between two replicas, which share a Redis. What one of them
// found in the reply, the other one obeys, though Envoy carries nothing between
// them: which account to leave alone, and that the body is to be repaired, once.
func TestStoredMemoryReachesTheOtherReplica(t *testing.T) {
	server := redistest.Start(t)
	corrupted := fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))
	s := stack.Start(t, stack.Options{Replicas: 2, Keys: []string{"key-1", "key-2"}, Policy: "{memory: store, attempts: 5}",
		Config: fmt.Sprintf("state: {redis: {url: %q}}\n", server.URL()),
		Edit:   func(yaml string) string { return notCounted(t, notCarried(t, yaml)) }})
	healthy(t, s, 2)
	for _, c := range []struct {
		name     string
		script   []fakegemini.Reply
		sees     string
		reasons  []string
		accounts []string
	}{
		{"an empty answer is tried again", []fakegemini.Reply{fakegemini.Status(403), fakegemini.EmptyOK()}, seesGood,
			[]string{heal.ReasonForbidden, heal.ReasonPeekEOF, heal.ReasonOK}, nil},
		{"a repair holds", []fakegemini.Reply{fakegemini.Status(403), corrupted, fakegemini.Status(503)}, seesGood,
			[]string{heal.ReasonForbidden, heal.ReasonSignature, heal.ReasonOverloaded, heal.ReasonOK}, []string{"a-1", "a-2", "a-2", "a-2"}},
		{"no second repair", []fakegemini.Reply{fakegemini.Status(403), corrupted, corrupted}, seesInvalid,
			[]string{heal.ReasonForbidden, heal.ReasonSignature, heal.ReasonSignature}, []string{"a-1", "a-2", "a-2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, stream bool) {
				s.Reload()
				s.Fake().Reset()
				s.Fake().Enqueue(c.script...)
				got := s.Post(messages, turn(model, "hello", stream))
				s.Settle()
				text := good
				if strings.Contains(c.name, "repair") {
					text += "\n" + route.DefaultRepairPrompt
				}
				if sees, _ := apis[0].seen(got, stream, text); sees != apis[0].sees[c.sees] {
					t.Errorf("the client sees %q, want %q", sees, apis[0].sees[c.sees])
				}
				id := got.Header.Get("x-heald-request-id")
				if words := s.Reasons(id); !slices.Equal(words, c.reasons) {
					t.Errorf("log words %v, want %v", words, c.reasons)
				}
				attempts := servedBy(s, id)
				for i, a := range attempts {
					if a.replica != (attempts[0].replica+i)%2 {
						t.Errorf("attempt %d was served by replica %d, as the one before", i+1, a.replica)
					}
					if i < len(c.accounts) && a.account != c.accounts[i] {
						t.Errorf("attempt %d asked account %s, want %s", i+1, a.account, c.accounts[i])
					}
				}
			})
		})
	}
	for i, r := range s.Replicas {
		if n := r.Metric("heald_memory_total", `result="ok"`); n == 0 {
			t.Errorf("replica %d read no memory", i)
		}
	}
}
