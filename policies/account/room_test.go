package account

import (
	"fmt"
	"testing"
	"time"
)

// fillRoom has a tenant enter until it is refused, and returns how often it was
// let in.
func fillRoom(r *waitingRoom, now time.Time, tenant string, weight float64, wait time.Duration) (n int) {
	for r.enter(now, tenant, weight, wait) {
		n++
	}
	return n
}

// As many may wait as the backend serves in the time of their wait, and a few where
// it serves little.
func TestRoomHoldsWhoCanBeServed(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, c := range []struct {
		served int // in the last minute
		wait   time.Duration
		want   int
	}{
		{0, 30 * time.Second, leastRoom},
		{150, 30 * time.Second, leastRoom},
		{480, 30 * time.Second, 240},
		{480, 10 * time.Second, leastRoom},
		{6000, 45 * time.Second, 4500},
	} {
		var r waitingRoom
		for range c.served {
			r.serve(now)
		}
		if got := fillRoom(&r, now.Add(30*time.Second), "t", 1, c.wait); got != c.want {
			t.Errorf("%d served in a minute: %d may wait for %v, want %d", c.served, got, c.wait, c.want)
		}
	}
}

// A tenant that fills the room does not keep out one whose share, by weight, is
// unused.
func TestRoomIsShared(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for weight, want := range map[float64]int{1: 50, 3: 75, 0: 50} {
		var r waitingRoom
		if got := fillRoom(&r, now, "greedy", 1, time.Second); got != leastRoom {
			t.Fatalf("greedy: %d, want %d", got, leastRoom)
		}
		if got := fillRoom(&r, now, "modest", weight, time.Second); got != want {
			t.Errorf("weight %v: %d may wait, want %d", weight, got, want)
		}
		for range 40 {
			r.leave("greedy")
		}
		if r.enter(now, "greedy", 1, time.Second) {
			t.Error("one more of the greedy tenant, which has more than its part of a full room")
		}
		for range 60 {
			r.leave("greedy")
		}
		for range want {
			r.leave("modest")
		}
		if r.waiting != 0 || len(r.tenants) != 0 {
			t.Errorf("%d wait of %v in an empty room", r.waiting, r.tenants)
		}
	}
}

// Many tenants do not make it much larger: there are never more than the sum of
// what each one's part was.
func TestRoomIsBounded(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	var r waitingRoom
	most := 0
	for i := range 50 {
		fillRoom(&r, now, fmt.Sprint("t", i), 1, time.Second)
		most += leastRoom/(i+1) + 1
	}
	if r.waiting > most {
		t.Errorf("%d wait, want at most %d", r.waiting, most)
	}
}
