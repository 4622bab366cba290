package account

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// play plays letters: f and s are a failure and a success, n a neutral outcome,
// each of a request allowed just before; w waits until the breaker is ready.
func playBreaker(t *testing.T, b Breaker, now time.Time, letters string) (Breaker, time.Time) {
	t.Helper()
	for i, l := range letters {
		if l == 'w' {
			now = b.Ready()
			continue
		}
		may, next := b.Allow(now)
		if may == Refuse {
			t.Fatalf("%q: request %d is refused", letters, i)
		}
		b = next.Note(now, next.Generation, map[rune]Result{'f': Failed, 's': Succeeded, 'n': Neutral}[l], 0)
	}
	return b, now
}

func TestBreaker(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  string
		state BreakerState
		open  time.Duration
	}{
		{"new", "", Closed, 0},
		{"four failures", "ffff", Closed, 0},
		{"a success between", "ffffsffff", Closed, 0},
		{"a neutral outcome between", "ffffnf", Open, 5 * time.Second},
		{"five failures", "fffff", Open, 5 * time.Second},
		{"a failed probe", "fffffwf", Open, 10 * time.Second},
		{"two failed probes", "fffffwfwf", Open, 20 * time.Second},
		{"three", "fffffwfwfwf", Open, 40 * time.Second},
		{"six are over the most", "fffff" + strings.Repeat("wf", 6), Open, 300 * time.Second},
		{"many", "fffff" + strings.Repeat("wf", 70), Open, 300 * time.Second},
		{"a probe succeeds", "fffffws", Closed, 0},
		{"afterwards it begins anew", "fffffwfwswfffff", Open, 5 * time.Second},
		{"a probe without a result: the next one at once", "fffffwfwn", Open, 0},
		{"that is no failed probe", "fffffwfwnf", Open, 20 * time.Second},
	} {
		b, now := playBreaker(t, Breaker{}, start, c.play)
		if b.State != c.state {
			t.Errorf("%s: state %d, want %d", c.name, b.State, c.state)
		}
		if open := b.Ready().Sub(now); b.State == Open && open != c.open {
			t.Errorf("%s: open for %v, want %v", c.name, open, c.open)
		}
	}
}

func TestBreakerJitter(t *testing.T) {
	for _, c := range []struct {
		jitter float64
		want   time.Duration
	}{{0, 10 * time.Second}, {0.5, 9 * time.Second}, {1, 8 * time.Second}, {7, 8 * time.Second}, {-1, 10 * time.Second}} {
		if got := openFor(1, c.jitter); got != c.want {
			t.Errorf("jitter %v: %v, want %v", c.jitter, got, c.want)
		}
	}
}

// A probe is a lease: others wait for it, but not for ever, and what a probe
// says whose lease was over counts no more.
func TestProbeLease(t *testing.T) {
	b, now := playBreaker(t, Breaker{}, start, "fffffw")
	may, first := b.Allow(now)
	if may != Probe {
		t.Fatalf("permission %d, want a probe", may)
	}
	if may, _ := first.Allow(now.Add(probeLease - 1)); may != Refuse {
		t.Errorf("permission %d during a probe", may)
	}
	may, second := first.Allow(now.Add(probeLease))
	if may != Probe || second.Generation == first.Generation {
		t.Fatalf("permission %d in generation %d after a lease of generation %d", may, second.Generation, first.Generation)
	}
	for _, r := range []Result{Succeeded, Failed, Neutral} {
		if got := second.Note(now, first.Generation, r, 0); got != second {
			t.Errorf("result %d of a late probe made %+v of %+v", r, got, second)
		}
	}
}

// Whatever replicas do that share a breaker: one probe at a time for each
// generation, and late outcomes change nothing.
func TestBreakerProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var shared Breaker
		now := start
		var running []uint64 // generations of attempts without an outcome
		probes := map[uint64]int{}
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(40*time.Second)).Draw(t, "wait")))
			before := shared
			if len(running) == 0 || rapid.Bool().Draw(t, "ask") {
				may, next := shared.Allow(now)
				switch may {
				case Pass:
					if before.State != Closed || next != before {
						t.Fatalf("passed by %+v, now %+v", before, next)
					}
				case Refuse:
					if !now.Before(before.Ready()) || next != before {
						t.Fatalf("refused by %+v at %v", before, now)
					}
					continue
				case Probe:
					if probes[next.Generation]++; probes[next.Generation] > 1 {
						t.Fatalf("two probes in generation %d", next.Generation)
					}
					if before.State == Closed || now.Before(before.Ready()) {
						t.Fatalf("a probe of %+v at %v", before, now)
					}
				}
				shared = next
				running = append(running, next.Generation)
				continue
			}
			i := rapid.IntRange(0, len(running)-1).Draw(t, "which")
			generation := running[i]
			running = append(running[:i], running[i+1:]...)
			shared = shared.Note(now, generation, Result(rapid.IntRange(0, 2).Draw(t, "result")), rapid.Float64Range(0, 1).Draw(t, "jitter"))
			if generation != before.Generation && shared != before {
				t.Fatalf("an outcome of generation %d made %+v of %+v", generation, shared, before)
			}
			if shared.State != before.State && shared.Generation != before.Generation+1 {
				t.Fatalf("the state changed without a generation: %+v to %+v", before, shared)
			}
			if shared.State == Open && shared.Until.Sub(now) > breakerMost {
				t.Fatalf("open for %v", shared.Until.Sub(now))
			}
		}
	})
}

func TestBreakerAsDocument(t *testing.T) {
	b, _ := playBreaker(t, Breaker{}, start, "fffffwf")
	_, b = b.Allow(b.Ready())
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var got Breaker
	if err := json.Unmarshal(text, &got); err != nil || got != b {
		t.Errorf("%s became %+v (%v)", text, got, err)
	}
	// What another release wrote must not keep a backend closed forever.
	if may, _ := (Breaker{State: 200}).Allow(start); may != Pass {
		t.Errorf("permission %d in a state that does not exist", may)
	}
}

func TestBreakersHold(t *testing.T) {
	for _, c := range []struct {
		open, pool int
		want       bool
	}{{0, 0, true}, {1, 1, false}, {1, 2, true}, {1, 3, true}, {2, 3, false}, {5, 10, true}, {6, 10, false}} {
		if got := BreakersHold(c.open, c.pool); got != c.want {
			t.Errorf("%d of %d: %v", c.open, c.pool, got)
		}
	}
}
