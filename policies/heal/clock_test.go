package heal

import (
	"testing"
	"time"
)

// A memory is understood by a replica with another clock: how long the request
// has taken, and how long it must still wait after Envoy's part.
func TestMemoryAcrossClocks(t *testing.T) {
	k := NewKey([]byte("k"))
	now := time.UnixMilli(1_700_000_000_000)
	sealing := ClockReading(func() time.Time { return now })
	m := Memory{Started: now.Add(-time.Minute), Until: now.Add(3 * time.Second), ByEnvoy: 2 * time.Second}
	sealed := m.Seal(k, sealing, "id")
	now = now.Add(2500 * time.Millisecond) // Envoy waits longer than it was asked to
	for _, c := range []struct {
		name          string
		clock         Clock
		elapsed, rest time.Duration
	}{
		{"the same replica", sealing, 62500 * time.Millisecond, 500 * time.Millisecond},
		{"another one", off(&now, 0), 62 * time.Second, time.Second},
		{"ten minutes ahead", off(&now, 10*time.Minute), 62 * time.Second, time.Second},
		{"ten minutes behind", off(&now, -10*time.Minute), 62 * time.Second, time.Second},
	} {
		got, err := OpenMemory(k, c.clock, "id", sealed)
		if err != nil {
			t.Fatal(err)
		}
		if elapsed, rest := c.clock.Now().Sub(got.Started), got.Until.Sub(c.clock.Now()); elapsed != c.elapsed || rest != c.rest {
			t.Errorf("%s: %v elapsed and %v to wait, want %v and %v", c.name, elapsed, rest, c.elapsed, c.rest)
		}
	}
}

// off is another clock that differs from now.
func off(now *time.Time, by time.Duration) Clock {
	return ClockReading(func() time.Time { return now.Add(by) })
}
