package account

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A minute forgets nothing of the last 60 seconds, and says truly when there is
// room; checked against a list of all that was sent.
func TestMinute(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_700_000_000, 0)
		var m minute
		var all []time.Time
		since := func(t0 time.Time) (n int64) {
			for _, t := range all {
				if t.Unix() > t0.Unix()-minuteSeconds {
					n++
				}
			}
			return n
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "ms")) * time.Millisecond)
			if rapid.Bool().Draw(t, "send") {
				m.add(now, now, 1, 10)
				all = append(all, now)
			}
			limit := rapid.Int64Range(1, 10).Draw(t, "limit")
			until := m.until(now, amount{limit - 1, 1 << 40})
			if m.sum != (amount{since(now), 10 * since(now)}) {
				t.Fatalf("%+v, want %d", m.sum, since(now))
			}
			if got := since(until); got >= limit {
				t.Fatalf("%d of %d are still in the minute when it is said to have room", got, limit)
			}
			if before := until.Add(-time.Second); until.After(now) && !before.Before(now) && since(before) < limit {
				t.Fatalf("room only after %v, but there is some a second before", until.Sub(now))
			}
		}
	})
}

// What is taken back was counted before; what has left the minute is not.
func TestMinuteTakesBack(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var m minute
	m.add(now, now, 2, 20)
	m.add(now.Add(time.Second), now, -1, -15)
	m.add(now.Add(time.Second), now, 0, -15)
	if m.sum != (amount{1, 0}) {
		t.Errorf("%+v", m.sum)
	}
	later := now.Add(2 * time.Minute)
	if m.add(later, now, -1, 0); m.sum != (amount{}) {
		t.Errorf("%+v after the minute", m.sum)
	}
}
