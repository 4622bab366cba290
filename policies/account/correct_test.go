package account

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

// corrections is a store that records corrections and ends, in order. held, if
// not nil, is how long a correction takes.
type corrections struct {
	state.Store
	mu   sync.Mutex
	told []string
	held chan struct{}
}

func (c *corrections) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, fmt.Sprintf(format, args...))
}

func (c *corrections) Correct(ctx context.Context, k state.Correction) (state.Receipt, error) {
	if c.held != nil {
		<-c.held
	}
	c.say("correct %d %v", k.Tokens, k.Amounts)
	return c.Store.Correct(ctx, k)
}

func (c *corrections) Settle(ctx context.Context, ended ...state.Settlement) error {
	c.say("settle %d of %d", ended[0].Tokens, ended[0].Receipt.Place.Tokens)
	return c.Store.Settle(ctx, ended...)
}

func corrected(t *testing.T, list []Account) (*corrections, *Accounts) {
	t.Helper()
	c := &corrections{Store: store(t)}
	return c, accounts(t, list, Deps{Store: c})
}

// reserves is a want with so many tokens and so much of a budget.
func reserves(tokens, amount int64, ends time.Time) Want {
	return Want{Tokens: tokens, Tenant: "t", Limits: func(time.Time) (*state.TenantWant, error) {
		return &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/hour", Ends: ends, Limit: 1000, Amount: amount}}}, nil
	}}
}

// A request that waits for tokens which were reserved in excess is served when
// the prompt has been counted, not when the answer has ended.
func TestCorrectionMakesRoom(t *testing.T) {
	ends := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		limit int64
		want  Want
	}{
		"of a minute's tokens": {100, Want{Tokens: 60}},
		"of a budget":          {0, reserves(60, 600, ends)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.want.MaxWait = 45 * time.Second
				p := withStore(t, one(9, state.Rates{Tokens: c.limit}))
				_, l := acquired(t, p, plan("m", "x"), c.want)
				time.Sleep(20 * time.Second)
				began := time.Now()
				time.AfterFunc(2*time.Second, func() { l.Correct(Correction{Tokens: 30, Amounts: []int64{300}}) })
				got, next := acquired(t, p, plan("m", "x"), c.want)
				if waited := time.Since(began); got != "a" || waited != 2*time.Second {
					t.Fatalf("%s after %v, want to be served after 2s", got, waited)
				}
				next.Done(Outcome{Result: Succeeded, Sent: true, Tokens: 60})
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: 30})
			})
		})
	}
}

// The store is told only of corrections that matter to other requests.
func TestCorrectionIsWorthIt(t *testing.T) {
	ends := time.Now().Add(time.Hour)
	for _, c := range []struct {
		name  string
		rates state.Rates
		slots int
		want  Want
		give  Correction
		told  int
	}{
		{"nothing is limited", state.Rates{}, 0, Want{Tokens: 1000}, Correction{Tokens: 1}, 0},
		{"tokens are not limited", state.Rates{Requests: 5}, 3, Want{Tokens: 1000}, Correction{Tokens: 1}, 0},
		{"a little fewer", state.Rates{Tokens: 100_000}, 0, Want{Tokens: 1000}, Correction{Tokens: 951}, 0},
		{"fewer", state.Rates{Tokens: 100_000}, 0, Want{Tokens: 1000}, Correction{Tokens: 950}, 1},
		{"more", state.Rates{Tokens: 100_000}, 0, Want{Tokens: 1000}, Correction{Tokens: 1050}, 1},
		{"a little fewer where the minute is nearly full", state.Rates{Tokens: 1100}, 0, Want{Tokens: 1000}, Correction{Tokens: 990}, 1},
		{"next to nothing there", state.Rates{Tokens: 1100}, 0, Want{Tokens: 1000}, Correction{Tokens: 999}, 0},
		{"a budget", state.Rates{}, 0, reserves(100, 100, ends), Correction{Tokens: 10, Amounts: []int64{50}}, 1},
		{"a budget, by little", state.Rates{}, 0, reserves(100, 100, ends), Correction{Tokens: 10, Amounts: []int64{96}}, 0},
		{"a budget, upwards: the end tells", state.Rates{}, 0, reserves(100, 100, ends), Correction{Tokens: 10, Amounts: []int64{200}}, 0},
	} {
		s, p := corrected(t, one(c.slots, c.rates))
		_, l := acquired(t, p, plan("m", "x"), c.want)
		for range 2 { // twice is once
			l.Correct(c.give)
		}
		if len(s.told) != c.told {
			t.Errorf("%s: the store was told %q", c.name, s.told)
		}
		l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: -1})
		s.told = nil
		if l.Correct(Correction{Tokens: 1, Amounts: []int64{1}}); len(s.told) > 0 {
			t.Errorf("%s: after the end it was told %q", c.name, s.told)
		}
	}
}

// An attempt that ends while the store is told of a correction does not wait for
// it, and is settled once, afterwards, from what was corrected.
func TestEndAmidCorrection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := corrected(t, one(1, state.Rates{Tokens: 1000}))
		s.held = make(chan struct{})
		_, l := acquired(t, p, plan("m", "x"), Want{Tokens: 500})
		go l.Correct(Correction{Tokens: 200})
		synctest.Wait()
		l.Correct(Correction{Tokens: 300}) // one at a time
		l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: 210})
		if len(s.told) > 0 {
			t.Fatalf("the store was told %q", s.told)
		}
		close(s.held)
		synctest.Wait()
		if got := fmt.Sprint(s.told); got != "[correct 200 [] settle 210 of 200]" {
			t.Errorf("the store was told %s", got)
		}
		if got, next := acquired(t, p, plan("m", "x"), Want{Tokens: 790}); got != "a" {
			t.Errorf("%s: the slot, or what is left of the minute, is not there", got)
		} else {
			next.Done(Outcome{})
		}
	})
}

// However corrections and ends of attempts follow each other, nothing is
// negative, and at rest what counts is what was used.
func TestCorrectionProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		type step struct{ kind, which, n int }
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{rapid.IntRange(0, 9).Draw(rt, "kind"), rapid.IntRange(0, 99).Draw(rt, "which"), rapid.IntRange(0, 200).Draw(rt, "n")}
		}), 1, 40).Draw(rt, "steps")
		failed := ""
		synctest.Test(t, func(t *testing.T) {
			ends := time.Now().Add(time.Hour)
			s, p := corrected(t, one(0, state.Rates{Tokens: 1 << 40}))
			budget := &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/hour", Ends: ends}}}
			var open []Lease
			var tokens, spent, requests int64 // what was used
			reservedTokens, reserved := map[Lease]int64{}, map[Lease]int64{}
			check := func(when string) {
				time.Sleep(30 * time.Millisecond) // the last snapshot is over
				at, _ := s.Snapshot(t.Context())
				var load state.Load
				for _, load = range at.Load { // there is one group
				}
				used, _ := s.Store.(state.Used).Used(t.Context(), []*state.TenantWant{budget})
				wantTokens, wantSpent := tokens, spent
				for _, l := range open {
					wantTokens, wantSpent = wantTokens+reservedTokens[l], wantSpent+reserved[l]
				}
				if load.Tokens != wantTokens || load.Requests != requests+int64(len(open)) || used[0][0] != wantSpent || at.InUse["a"] != len(open) {
					failed = fmt.Sprintf("%s: %+v, %d of the budget, %d in use; want %d tokens, %d of the budget, %d in use", when, load, used[0][0], at.InUse["a"], wantTokens, wantSpent, len(open))
				}
			}
			for _, step := range steps {
				n := int64(step.n)
				switch {
				case step.kind < 3:
					w := reserves(n, 2*n, ends)
					w.Limits = func(time.Time) (*state.TenantWant, error) {
						return &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/hour", Ends: ends, Limit: 1 << 40, Amount: 2 * n}}}, nil
					}
					_, l := acquired(t, p, plan("m", "x"), w)
					open, reservedTokens[l], reserved[l] = append(open, l), n, 2*n
				case len(open) == 0:
				case step.kind < 6:
					l := open[step.which%len(open)]
					l.Correct(Correction{Tokens: n, Amounts: []int64{n}})
					if r := l.(*lease).receipt; r.Place.Tokens != reservedTokens[l] || r.Budgets[0].Amount != reserved[l] { // it was worth it
						reservedTokens[l], reserved[l] = n, min(reserved[l], n)
					}
				default:
					i := step.which % len(open)
					l := open[i]
					open = append(open[:i], open[i+1:]...)
					o := Outcome{Result: Neutral, Sent: true, Tokens: -1}
					switch step.kind {
					case 6:
						o = Outcome{}
					case 7: // unknown; the last reservation counts
						requests, tokens, spent = requests+1, tokens+reservedTokens[l], spent+reserved[l]
					default:
						o.Tokens, o.Used = n, []int64{3 * n}
						requests, tokens, spent = requests+1, tokens+n, spent+3*n
					}
					l.Done(o)
					l.Correct(Correction{Tokens: 1, Amounts: []int64{0}}) // too late
				}
				check(fmt.Sprintf("after %+v", step))
			}
			for _, l := range open {
				l.Done(Outcome{})
			}
			open = nil
			check("at rest")
		})
		if failed != "" {
			rt.Fatal(failed)
		}
	})
}
