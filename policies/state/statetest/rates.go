package statetest

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

// sent is a request that was admitted, as a provider counts it.
type sent struct {
	at     time.Time
	tokens int64
}

// used sums what was sent after since.
func used(all []sent, since time.Time) (requests, tokens int64) {
	for _, s := range all {
		if s.at.After(since) {
			requests++
			tokens += s.tokens
		}
	}
	return requests, tokens
}

var groups atomic.Int64

// ratesHold plays random requests, waits, corrections and settlements, and counts as
// a provider would: whenever it begins, no 60 seconds may have more than the limit, nor
// half a second more, by which some may arrive later than others; and nothing
// is refused that is not counted up to a second longer.
func ratesHold(t *testing.T, r *Rig) {
	rapid.Check(plain{t}, func(p *rapid.T) {
		rates := state.Rates{
			Requests: rapid.Int64Range(0, 6).Draw(p, "rpm"),
			Tokens:   rapid.Int64Range(0, 100).Draw(p, "tpm"),
		}
		place := state.Place{Account: "a", Group: fmt.Sprintf("g%d", groups.Add(1)), Model: "m", Rates: rates}
		var all []sent
		for range rapid.IntRange(1, 25).Draw(p, "steps") {
			r.Sleep(time.Duration(rapid.SampledFrom([]int{0, 110, 900, 1000, 7300, 29_000, 59_999, 60_001}).Draw(p, "wait")) * time.Millisecond)
			place.Tokens = rapid.Int64Range(0, 40).Draw(p, "tokens")
			now := r.Now()
			taken, err := r.Store.Take(t.Context(), at(place))
			if err != nil {
				p.Fatal(err)
			}
			if taken.Place < 0 {
				n, k := used(all, now.Add(-state.Minute-time.Second))
				if (rates.Requests == 0 || n < rates.Requests) && (rates.Tokens == 0 || k+place.Tokens <= rates.Tokens) {
					p.Fatalf("refused %+v, though only %d requests and %d tokens were used", taken.Full, n, k)
				}
				continue
			}
			if rapid.Bool().Draw(p, "correct") {
				place.Tokens = rapid.Int64Range(0, place.Tokens).Draw(p, "prompt")
				taken.Receipt = r.correct(t, state.Correction{Receipt: taken.Receipt, Tokens: place.Tokens})
			}
			ended := state.Settlement{Receipt: taken.Receipt, Tokens: -1}
			switch rapid.IntRange(0, 3).Draw(p, "end") {
			case 0:
				ended.Unsent = true
			case 1:
				ended.Tokens = rapid.Int64Range(0, place.Tokens).Draw(p, "real")
				all = append(all, sent{now, ended.Tokens})
			default:
				all = append(all, sent{now, place.Tokens})
			}
			r.settle(t, ended)
			n, k := used(all, now.Add(-state.Minute))
			if rates.Requests > 0 && n > rates.Requests || rates.Tokens > 0 && k > rates.Tokens {
				p.Fatalf("%d requests and %d tokens in 60 seconds, with %+v", n, k, rates)
			}
		}
	})
}

func ratesTellWhen(t *testing.T, r *Rig) {
	p := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Requests: 2, Tokens: 100}, Tokens: 30}
	first := r.Now()
	r.end(t, r.take(t, at(p)))
	r.Sleep(5 * time.Second)
	r.end(t, r.take(t, at(p)))
	r.Sleep(1500 * time.Millisecond)
	got := r.take(t, at(p))
	room := first.Truncate(time.Millisecond).Add(state.Minute) // the first request has left
	if in := room.Sub(r.Now()); got.Place >= 0 || got.Full[0].Limit != "rpm" || got.Full[0].In != in {
		t.Fatalf("got %+v, want rpm in %v", got, in)
	}
	r.Sleep(got.Full[0].In - time.Millisecond)
	if got := r.take(t, at(p)); got.Place >= 0 {
		t.Fatal("a millisecond early, and admitted")
	}
	r.Sleep(time.Millisecond)
	r.end(t, r.take(t, at(p)))

	q := state.Place{Account: "a", Group: "g", Model: "other", Rates: state.Rates{Tokens: 100}, Tokens: 101}
	if got := r.take(t, at(q)); got.Place >= 0 || got.Full[0] != (state.Full{Limit: "tpm"}) {
		t.Fatalf("more tokens than the limit never fit: %+v", got)
	}
}

func dayOfRequests(t *testing.T, r *Rig) {
	ends := r.Now().Add(3 * time.Hour).Truncate(time.Second)
	p := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Day: 2}, DayEnds: ends}
	unsent := r.take(t, at(p))
	r.end(t, r.take(t, at(p)))
	if got := r.take(t, at(p)); got.Place >= 0 || got.Full[0].Limit != "rpd" || got.Full[0].In != ends.Sub(r.Now()) {
		t.Fatalf("a third of two a day: %+v", got)
	}
	r.settle(t, state.Settlement{Receipt: unsent.Receipt, Unsent: true})
	r.end(t, r.until(t, at(p)))
	r.Sleep(3*time.Hour + time.Second)
	p.DayEnds = ends.Add(24 * time.Hour)
	r.end(t, r.take(t, at(p)))
	r.eventually(t, "a new day", func(s *state.Snapshot) bool {
		return s.Load[state.GroupModel{Group: "g", Model: "m"}].Day == 1
	})
}

func settleCorrectsTokens(t *testing.T, r *Rig) {
	tokens := func(what string, n int64) {
		t.Helper()
		r.eventually(t, what, func(s *state.Snapshot) bool {
			return s.Load[state.GroupModel{Group: "g", Model: "m"}].Tokens == n
		})
	}
	p := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Tokens: 100}, Tokens: 60}
	taken := r.take(t, at(p))
	tokens("reserved", 60)
	if got := r.take(t, at(p)); got.Place >= 0 || got.Full[0].Limit != "tpm" {
		t.Fatalf("120 of 100 tokens: %+v", got)
	}
	r.settle(t, state.Settlement{Receipt: taken.Receipt, Tokens: 20})
	tokens("corrected down", 20)
	taken = r.take(t, at(p))
	r.settle(t, state.Settlement{Receipt: taken.Receipt, Tokens: 90})
	tokens("corrected up, above the limit, since it is so", 110)
	r.Sleep(70 * time.Second)
	late := r.take(t, at(p))
	r.Sleep(70 * time.Second)
	r.settle(t, state.Settlement{Receipt: late.Receipt, Tokens: 5})
	tokens("a minute is over, and what ends late changes nothing", 0)
}

// secondsLeaveTogether fills a minute in two halves of one second and one of the
// next: those of the first leave with the last of them.
func secondsLeaveTogether(t *testing.T, r *Rig) {
	r.Sleep(r.Now().Truncate(time.Second).Add(time.Second + 100*time.Millisecond).Sub(r.Now()))
	p := state.Place{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Requests: 3}}
	r.end(t, r.take(t, at(p)))
	r.Sleep(700 * time.Millisecond)
	second := r.Now().Truncate(time.Millisecond)
	r.end(t, r.take(t, at(p)))
	r.Sleep(300 * time.Millisecond)
	third := r.Now().Truncate(time.Millisecond)
	r.end(t, r.take(t, at(p)))
	for _, c := range []struct {
		leave time.Time
		n     int
	}{{second.Add(state.Minute), 2}, {third.Add(state.Minute), 1}} {
		got := r.take(t, at(p))
		if in := c.leave.Sub(r.Now()); got.Place >= 0 || got.Full[0].In != in {
			t.Fatalf("got %+v, want room in %v", got, in)
		}
		r.Sleep(got.Full[0].In)
		for range c.n {
			r.end(t, r.take(t, at(p)))
		}
	}
}
