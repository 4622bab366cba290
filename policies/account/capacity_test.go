package account

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestCapacity(t *testing.T) {
	for _, c := range []struct {
		name string
		play string // r a refusal of what began after the last one, l of what began before, s a success
		use  int
		want int
	}{
		{"no limit at first", "", 10, 0},
		{"no limit before the first refusal", "ssssssssssss", 10, 0},
		{"a refusal", "r", 10, 7},
		{"refused together", "rllll", 10, 7},
		{"again", "rr", 10, 4},
		{"the floor", "rrrrrrrrrrrr", 10, 1},
		{"the floor at once", "r", 1, 1},
		{"a window of successes", "rsssssss", 10, 8},
		{"not quite", "rssssss", 10, 7},
		{"a refusal ends the window", "rssssssrs", 10, 4},
		{"what does not use the limit does not raise it", "rsssssssssssssssss", 10, 8 + 1},
	} {
		var a Capacity
		now := start
		for _, p := range c.play {
			now = now.Add(time.Second)
			switch p {
			case 'r':
				a.Refused(now, now.Add(-time.Millisecond), c.use)
			case 'l':
				a.Refused(now, start, c.use)
			case 's':
				a.Succeeded(c.use)
			}
		}
		if got := a.Limit(); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestCapacityNeedsUse(t *testing.T) {
	var a Capacity
	a.Refused(start, start.Add(-1), 20) // 14
	for range 1000 {
		a.Succeeded(6)
	}
	if a.Limit() != 14 {
		t.Errorf("the limit rose to %d while less than half was used", a.Limit())
	}
	for range 14 {
		a.Succeeded(7)
	}
	if a.Limit() != 15 {
		t.Errorf("the limit is %d after a window of successes", a.Limit())
	}
}

// The limit never falls below one, never rises by more than one at a time, and
// comes back to any capacity that there is.
func TestCapacityProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a Capacity
		now := start
		a.Refused(now, now, rapid.IntRange(1, 100).Draw(t, "first"))
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			now = now.Add(time.Second)
			before := a.Limit()
			use := rapid.IntRange(1, 100).Draw(t, "use")
			if rapid.Bool().Draw(t, "refused") {
				a.Refused(now, now, use)
				if a.Limit() > before {
					t.Fatalf("a refusal raised %d to %d", before, a.Limit())
				}
			} else if a.Succeeded(use); a.Limit() < before || a.Limit() > before+1 {
				t.Fatalf("a success made %d of %d", a.Limit(), before)
			}
			if a.Limit() < 1 || !a.Room(0) || a.Room(a.Limit()) {
				t.Fatalf("the limit is %d", a.Limit())
			}
		}
		capacity := rapid.IntRange(1, 40).Draw(t, "capacity")
		for range 41 * 41 {
			a.Succeeded(a.Limit())
			if a.Limit() >= capacity {
				return
			}
		}
		t.Fatalf("the limit came back to %d of %d", a.Limit(), capacity)
	})
}
