package e2e

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Two different requests whose connections break while their replies are held
// make later ones begin at the other backend. None of them fails.
func TestResetsHoldBackABackend(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Backends: []string{"a", "b"}})
		for _, a := range apis {
			bothKinds(t, func(t *testing.T, stream bool) {
				s.Reload() // nothing is held back
				for _, fake := range s.Fakes {
					fake.Reset()
				}
				s.Fakes["a"].Enqueue(again(4, fakegemini.ResetAfterHeaders())...)
				path, body := a.wholePath, a.wholeBody
				if stream {
					path, body = a.streamPath, a.streamBody
				}
				for n, c := range []struct{ said, attempts string }{{"hello", "2"}, {"hello again", "2"}, {"hello", "1"}} {
					got := s.Post(path, strings.Replace(body, "hello", c.said, 1))
					if h := got.Header; got.Status != 200 || h.Get("x-heald-backend") != "b" || h.Get("x-heald-attempts") != c.attempts {
						t.Errorf("%s, request %d: %d from %s after %s attempts", a.name, n+1, got.Status, h.Get("x-heald-backend"), h.Get("x-heald-attempts"))
					}
				}
				if n := len(s.Fakes["a"].Requests()); n != 2 {
					t.Errorf("%s: a was asked %d times, want 2", a.name, n)
				}
			})
		}
	})
}
