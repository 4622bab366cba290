package exchange

import (
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const terminated = "upstream_reset_before_response_started{connection_termination}"

// reset plays a connection that breaks before a response.
func reset(t *testing.T, a *attempt) *policies.Reply {
	t.Helper()
	act := a.ResponseHeaders(&policies.Response{Status: 503, Details: terminated})
	a.Close(policies.EndComplete)
	if act.Step != policies.Answer {
		t.Fatalf("got %+v, want an answer", act)
	}
	return act.Reply
}

// One broken connection may have been idle for too long, and does not count.
// The next attempt has a new one, so there is no excuse for that.
func TestStaleConnectionDoesNotCount(t *testing.T) {
	for _, attempts := range []int{1, 2, 3} {
		r := newRig(t, func(cfg *Config) {
			cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:1]
			cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: attempts}}
		})
		memory := ""
		for n := 1; ; n++ {
			a := r.begin(n, memory)
			f := send(t, a, ask)
			if own := f.Set.Get(policies.HeaderConnection) != ""; own != (n > 1) {
				t.Errorf("attempt %d has its own connection: %v", n, own)
			}
			reply := reset(t, a)
			want := heal.ReasonConnect
			if n == 1 {
				want = heal.ReasonStale
			}
			if reply.Reason != want {
				t.Errorf("attempt %d of %d: %s, want %s", n, attempts, reply.Reason, want)
			}
			if !reply.Verdict.Again() {
				if n != attempts+1 {
					t.Errorf("%d attempts end with the %d. one, want one more", attempts, n)
				}
				break
			}
			if n > attempts {
				t.Fatalf("%d attempts, and another one: %+v", attempts, reply)
			}
			memory = reply.Memory
		}
	}
}

// Only an attempt that got no reply says something of its connection, and only
// where it was.
func TestWhoGetsAConnection(t *testing.T) {
	try := func(backend, reason string) []heal.Try { return []heal.Try{{Backend: backend, Reason: reason}} }
	for _, c := range []struct {
		name  string
		tries []heal.Try
		lost  int
		want  bool
	}{
		{"first attempt", nil, 0, false},
		{"after silence", try("a", heal.ReasonPeekTimeout), 0, true},
		{"after silence, and an error then", append(try("a", heal.ReasonPeekTimeout), try("a", heal.ReasonOverloaded)...), 0, true},
		{"after silence elsewhere", try("b", heal.ReasonPeekTimeout), 0, false},
		{"after an error", try("a", heal.ReasonOverloaded), 0, false},
		{"after one without a word", nil, 1, true},
	} {
		a := newRig(t, nil).begin(1, "")
		a.backend, a.lost, a.memory.Tries = &route.Backend{Name: "a"}, c.lost, c.tries
		if got := a.needsConnection(); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if one, other := ownConnection(), ownConnection(); one == other {
		t.Error("two attempts share a connection")
	}
}
