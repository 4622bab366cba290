package account

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
)

// One account without limits costs no store, no goroutine, and well below a
// microsecond.
func BenchmarkAcquireOne(b *testing.B) {
	p := accounts(b, []Account{{ID: "a", Backend: "x", Secret: NewSecret("s")}}, Deps{Store: memory.New()})
	benchmarkAcquire(b, p, plan("m", "x"), Want{})
}

// Choosing among 100 accounts of 50 projects, most of them with limits.
func BenchmarkAcquireHundred(b *testing.B) {
	for _, limited := range []bool{false, true} {
		b.Run(fmt.Sprint("limited=", limited), func(b *testing.B) {
			var list []Account
			for i := range 100 {
				a := Account{ID: fmt.Sprint("a", i), Backend: "x", Project: fmt.Sprint("p", i/2), Secret: NewSecret("s")}
				if limited {
					a.Slots, a.Rates = 100, state.Rates{Requests: 1e9, Tokens: 1e12}
				}
				list = append(list, a)
			}
			p := accounts(b, list, Deps{Store: memory.New(), Random: rand.Float64})
			benchmarkAcquire(b, p, plan("m", "x"), Want{Session: 1, Cached: 1, Tokens: 5000})
		})
	}
}

func benchmarkAcquire(b *testing.B, p *Accounts, plan []Candidate, w Want) {
	b.ReportAllocs()
	plan[0].CachedFrom = 4096
	ctx := context.Background()
	for b.Loop() {
		l, err := p.Acquire(ctx, plan, w)
		if err != nil {
			b.Fatal(err)
		}
		l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: 5000, Content: time.Second})
	}
}

// Ranking alone.
func BenchmarkRankHundred(b *testing.B) {
	var list []Account
	for i := range 100 {
		list = append(list, Account{ID: fmt.Sprint("a", i), Backend: "x", Slots: 100, Secret: NewSecret("s")})
	}
	p := accounts(b, list, Deps{Random: rand.Float64})
	at := plan("m", "x")
	at[0].CachedFrom = 4096
	w := Want{Session: 1, Cached: 1, Tokens: 5000}
	now := time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if r := p.rank(now, at, &w); r.n != state.MostPlaces {
			b.Fatal(r)
		}
	}
}
