package exchange

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/route"
)

// An outer route that cannot configure metadata of the filter chooses policy,
// settings and backends by request headers. They go no further, and with a hop
// secret only who knows it is believed.
func TestRouteChoosesByHeader(t *testing.T) {
	const secret = "a secret of the outer route"
	chosen := []string{policies.HeaderPolicy, "careful", policies.HeaderSet, "peek.max_bytes=77", policies.HeaderBackends, "b"}
	for _, c := range []struct {
		name         string
		hop          string // that heald expects
		oneHop       bool
		sends        []string
		refused      string // reason; "" if it is not
		backend      string
		strict, sets bool
	}{
		{"by the outer route", "", false, chosen, "", "b", true, true},
		{"with the secret", secret, false, append([]string{policies.HeaderHop, secret}, chosen...), "", "b", true, true},
		{"with a wrong secret", secret, false, append([]string{policies.HeaderHop, "guessed"}, chosen...), "hop_refused", "", false, false},
		{"without the secret", secret, false, chosen, "hop_refused", "", false, false},
		{"one hop, where they are the client's", "", true, chosen, "", "a", false, false},
		{"one hop, with the secret", secret, true, append([]string{policies.HeaderHop, secret}, chosen...), "", "b", true, true},
		{"several backends", "", false, []string{policies.HeaderBackends, "b; a;"}, "", "a", false, false},
		{"no such backend", "", false, []string{policies.HeaderBackends, "a;evil"}, "refused", "", false, false},
		{"a backend of its own", "", false, []string{policies.HeaderBackends, "b;evil=ai_studio,https://evil.example"}, "", "a", false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(cfg *Config) {
				cfg.Hop, cfg.OneHop = c.hop, c.oneHop
				cfg.Policies = map[string]route.Settings{"careful": {Strict: true}}
			})
			a := r.begin(1, "", c.sends...)
			if reply := a.RequestHeaders(); reply != nil {
				if reply.Reason != c.refused {
					t.Errorf("refused: %s %s", reply.Reason, reply.Body)
				}
				return
			}
			f, reply := a.RequestBody(t.Context(), []byte(ask))
			if reply != nil || c.refused != "" {
				t.Fatalf("%+v, want %q", reply, c.refused)
			}
			if f.Cluster != c.backend || a.settings.Strict != c.strict || (a.settings.Peek.MaxBytes == 77) != c.sets {
				t.Errorf("asks %s, strict %v, peeks at %d bytes", f.Cluster, a.settings.Strict, a.settings.Peek.MaxBytes)
			}
			for _, name := range []string{policies.HeaderPolicy, policies.HeaderSet, policies.HeaderBackends, policies.HeaderHop} {
				if a.in.Headers.Get(name) != "" && !slices.Contains(f.Remove, name) {
					t.Errorf("the provider gets %s", name)
				}
			}
			a.Close(policies.EndCancelled)
		})
	}
	r := newRig(t, nil)
	a := r.begin(1, "", policies.HeaderBackends, "a;"+strings.Repeat("x", 10_000))
	if reply := a.RequestHeaders(); reply == nil || len(reply.Body) > 2000 {
		t.Errorf("%+v", reply)
	}
}
