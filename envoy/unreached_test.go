package envoy_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
)

// A replica that dies with a request, or because of it, differs from one that was
// gone before: only in the latter case heald may assume that the request is
// harmless.
func TestUnreached(t *testing.T) {
	each(t, func(t *testing.T, binary string) {
		backends := provider(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "good") })
		for _, c := range []struct {
			name   string
			plan   plan
			buffer bool
			want   string // x-heald-unreached of the next attempt
		}{
			{"gone before, in parts", vanish, false, "1"},
			{"died with it, in parts", sink, false, ""},
			{"died when it had answered, in parts", die, false, ""},
			{"died with it, whole", sink, true, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				s, address := newSidecar(t, c.plan, pass)
				g := start(t, binary, bootstrap.Params{Sidecars: []string{address}, Backends: backends, BufferRequests: c.buffer})
				if a := g.post(t, nil); a.status != http.StatusOK || a.body != "good" {
					t.Errorf("got %v", a)
				}
				seen := s.attempts()
				if len(seen) != 2 || seen[1]["x-heald-unreached"] != c.want {
					t.Errorf("%d attempts, the next one was told %q of unreached ones, want %q", len(seen), seen[len(seen)-1]["x-heald-unreached"], c.want)
				}
				if g.stop(); t.Failed() {
					t.Log(g.log.String())
				}
			})
		}
	})
}
