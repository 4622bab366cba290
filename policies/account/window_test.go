package account

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A window holds all of the last eleven twelfths of its length, and nothing
// that is older than it.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const length = time.Minute
		var w window
		type event struct {
			at   time.Time
			a, b int64
		}
		var all []event
		now := start
		for range rapid.IntRange(0, 100).Draw(t, "events") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "step")))
			e := event{now, rapid.Int64Range(0, 9).Draw(t, "a"), rapid.Int64Range(0, 9).Draw(t, "b")}
			all = append(all, e)
			w.add(now, length, e.a, e.b)
		}
		now = now.Add(time.Duration(rapid.Int64Range(0, int64(2*time.Minute)).Draw(t, "last")))
		var least, most event
		for _, e := range all {
			if age := now.Sub(e.at); age <= length*11/12 {
				least.a, least.b = least.a+e.a, least.b+e.b
			}
			if now.Sub(e.at) < length {
				most.a, most.b = most.a+e.a, most.b+e.b
			}
		}
		a, b := w.sum(now, length)
		if a < least.a || a > most.a || b < least.b || b > most.b {
			t.Errorf("%d and %d, want from %d and %d to %d and %d", a, b, least.a, least.b, most.a, most.b)
		}
		for _, back := range []time.Duration{time.Hour, 0} {
			if a2, b2 := w.sum(now.Add(-back), length); a2 != a || b2 != b {
				t.Error("a clock that goes backwards changes what was counted")
			}
		}
	})
	for after := time.Duration(0); after < 3*time.Minute; after += time.Second {
		var w window
		for s := range 60 {
			w.add(start.Add(time.Duration(s)*time.Second), time.Minute, 1, 0)
		}
		// Whole parts of five seconds go.
		gone := max((59*time.Second+after)/(5*time.Second)-11, 0)
		want := max(60-5*int64(gone), 0)
		if got, _ := w.sum(start.Add(59*time.Second+after), time.Minute); got != want {
			t.Errorf("%d after %v, want %d", got, after, want)
		}
	}
}
