package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Attempts alternate between two replicas. What one of them learned, the other
// one knows: which account to leave alone, that the body is to be repaired,
// and that it has been, so that it is not repaired twice.
func TestReplicasAlternate(t *testing.T) {
	corrupted := fakegemini.Status(400, fakegemini.Message("Corrupted thought signature."))
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2, Keys: []string{"key-1", "key-2"}, Policy: "{attempts: 5}"})
		healthy(t, s, 2)
		for _, c := range []struct {
			name     string
			script   []fakegemini.Reply
			sees     string
			reasons  []string
			accounts []string
		}{
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
					claude := apis[0]
					if sees, _ := claude.seen(got, stream, good+"\n"+route.DefaultRepairPrompt); sees != claude.sees[c.sees] {
						t.Errorf("the client sees %q, want %q", sees, claude.sees[c.sees])
					}
					id := got.Header.Get("x-heald-request-id")
					if words := s.Reasons(id); !slices.Equal(words, c.reasons) {
						t.Errorf("log words %v, want %v", words, c.reasons)
					}
					attempts := servedBy(s, id)
					for i, a := range attempts {
						if want := (served{(attempts[0].replica + i) % 2, c.accounts[i]}); a != want {
							t.Errorf("attempt %d was served by %+v, want %+v", i+1, a, want)
						}
					}
					for i, r := range s.Fake().Requests() {
						// The first two attempts come before the repair.
						if told := strings.Contains(string(r.Body), route.DefaultRepairPrompt); told != (i >= 2) {
							t.Errorf("upstream call %d tells of a repair: %v", i+1, told)
						}
					}
				})
			})
		}
	})
}
