package exchange

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/policies"
)

// A document may be asked for again as a whole as often as attempts allow, but
// all attempts together send no more than three requests for the rest.
func TestRestRequestsOfAllAttempts(t *testing.T) {
	for _, c := range []struct {
		name  string
		first []restRefusal // of the first attempt's requests for the rest
		rests []int         // of each attempt
	}{
		{"the first attempt needs all", nil, []int{3, 0, 0}},
		{"the first attempt needs one", []restRefusal{{status: 404}}, []int{1, 2, 0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, memory := newRig(t, func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:1] }), ""
				for n, want := range c.rests {
					b := breakingAgain(t, r, n+1, memory, "/v1/messages", askWhole, resumeSet+",attempts=3", saidFrame(long, 9))
					if n == 0 {
						b.refuse = c.first
					}
					b.upstream("", true)
					b.eachRest(func(b *broken) { b.rest(saidFrame("Sorry!", 3)) })
					if b.calls != want {
						t.Errorf("attempt %d sent %d requests for the rest, want %d", n+1, b.calls, want)
					}
					if b.refused == nil || b.refused.Verdict.Again() != (n+1 < len(c.rests)) {
						t.Fatalf("attempt %d: reply %+v", n+1, b.refused)
					}
					memory = b.refused.Memory
				}
			})
		})
	}
}

// An attempt that left no memory may have sent all requests for the rest of a
// document. One that reached no replica has sent none, and for a stream they are
// sent only by the last attempt.
func TestRestAfterAnAttemptWithoutMemory(t *testing.T) {
	for _, c := range []struct {
		name, body, unreached string
		memory                string
		calls                 int
	}{
		{"document", askWhole, "", "", 0},
		{"document, the memory cannot be read", askWhole, "", "m2.a.b.c", 0},
		{"document, the other attempt reached no replica", askWhole, "1", "", 1},
		{"stream", ask, "", "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &broken{t: t}
				b.rig, b.counter = newRig(t, nil).counting(t)
				b.begin(b.rig.begin(2, c.memory, "x-heald-set", resumeSet, policies.HeaderUnreached, c.unreached), "/v1/messages", c.body, saidFrame(long, 9))
				b.upstream("", true)
				b.eachRest(func(b *broken) {
					b.rest(saidFrame(tail+"nd.", 3), stop)
					b.restEnds()
				})
				if b.calls != c.calls {
					t.Errorf("%d requests for the rest, want %d", b.calls, c.calls)
				}
			})
		})
	}
}

// An account that the requests for the rest found spent is not asked by the next
// attempt, though no attempt has asked it.
func TestSpentAccountsOfRestsAreKnownToTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := breaking(t, askWhole, resumeSet, saidFrame(long, 9))
		b.refuse = []restRefusal{{status: 403, body: forbidden}, {status: 403, body: forbidden}}
		b.upstream("", true)
		b.eachRest(func(b *broken) { b.rest(saidFrame("Sorry!", 3)) })
		if got := strings.Join(b.places, ", "); got != atA1+", "+atA2+", "+atB1 || b.refused == nil || !b.refused.Verdict.Again() {
			t.Fatalf("asked %s, reply %+v", got, b.refused)
		}
		elsewhere := newRig(t, nil) // another replica, which knows of no cooldown
		a := elsewhere.begin(2, b.refused.Memory)
		send(t, a, askWhole)
		if a.account.ID != "b-1" {
			t.Errorf("attempt 2 asks %s, which has refused this request already", a.account.ID)
		}
		if a.number != 2 || a.attemptsUsed() != 2 || a.lost != 0 {
			t.Errorf("number %d, %d used, %d lost", a.number, a.attemptsUsed(), a.lost)
		}
	})
}
