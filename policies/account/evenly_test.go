package account

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Light traffic uses ten keys with unknown limits evenly: also where their
// answers vary, where some are a little faster than others, and beside
// conversations that stay at their homes.
func TestLightTrafficIsEven(t *testing.T) {
	for _, c := range []struct {
		median        time.Duration
		faster        float64 // the first key than the last
		sigma         float64 // of the logarithm of the time to first content
		conversations bool
	}{
		{time.Second, 0, 0, false},
		{time.Second, 0.02, 0, false},
		{100 * time.Millisecond, 0.5, 0.3, false},
		{time.Second, 0.05, 0.3, false},
		{4 * time.Second, 0.2, 0.3, false},
		{time.Second, 0.05, 0.6, false},
		{time.Second, 0.05, 0.3, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			var list []Account
			for i := range 10 {
				list = append(list, Account{ID: fmt.Sprint(i), Backend: "x", Secret: NewSecret("s")})
			}
			rnd := rand.New(rand.NewPCG(1, 2))
			count := map[string]int{}
			synctest.Test(t, func(t *testing.T) {
				p := accounts(t, list, Deps{Random: rnd.Float64})
				at, homes := plan("m", "x"), map[uint64]string{}
				at[0].CachedFrom = 4096
				ask := func(w Want) string {
					id, l := acquired(t, p, at, w)
					d := float64(c.median) * (1 + c.faster*float64(id[0]-'0')/9) * math.Exp(c.sigma*rnd.NormFloat64())
					time.Sleep(time.Duration(d))
					l.Done(Outcome{Result: Succeeded, Sent: true, Content: time.Duration(d)})
					return id
				}
				for i := range uint64(1000) {
					count[ask(Want{Tokens: 100})]++
					if c.conversations && i%10 == 0 {
						session := 1 + i/10%3
						id := ask(Want{Session: session, Cached: 0.9, Tokens: 5000})
						if count[id]++; homes[session] == "" {
							homes[session] = id
						} else if homes[session] != id {
							t.Errorf("session %d went from %s to %s", session, homes[session], id)
						}
					}
					time.Sleep(time.Second)
				}
			})
			least, most := 1000, 0
			for _, a := range list {
				least, most = min(least, count[a.ID]), max(most, count[a.ID])
			}
			if most > 2*least {
				t.Errorf("%v: the most used key had more than twice as much as the least used", count)
			}
		})
	}
}

// A group takes turns with others whose limits are unknown, and does not yield
// to one that is known to be free but has just failed.
func TestNobodyToTakeTurnsWith(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := []Account{
			{ID: "a", Backend: "x", Project: "p", Secret: NewSecret("s"), Rates: state.Rates{Requests: 1_000_000}},
			{ID: "b", Backend: "x", Project: "q", Secret: NewSecret("s")},
		}
		p := withStore(t, list)
		for _, result := range []Result{Failed, Succeeded} {
			got, l := acquired(t, p, plan("m", "x"), Want{})
			l.Done(Outcome{Sent: true, Result: result, Tokens: -1})
			if want := map[Result]string{Failed: "a", Succeeded: "b"}[result]; got != want {
				t.Errorf("%s is asked, want %s", got, want)
			}
		}
		if got, _ := acquired(t, p, plan("m", "x"), Want{}); got != "b" {
			t.Errorf("%s is asked after b has answered", got)
		}
	})
}
