package state

import "time"

// GuardStatus is the state of the shared store, as a Guard sees it.
type GuardStatus struct {
	// Up reports that the shared store decides. If it does not, Why says what
	// happens meanwhile, and Trouble what is wrong and how to fix it, if the
	// store has reported that.
	Up           bool
	Why, Trouble string
	// Replicas and Gone are those of the last snapshot; 0 is unknown. Seen is
	// when it was taken.
	Replicas, Gone int
	Seen           time.Time
}

var downTexts = map[OnError]string{
	Open:   "this replica works by itself, with its part of each limit",
	Closed: "requests that need it are refused",
}

// Status returns the state of the shared store.
func (g *Guard) Status() GuardStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := GuardStatus{Up: !g.down}
	if g.down {
		s.Why, s.Trouble = downTexts[g.cfg.OnError], g.remote.Trouble()
	}
	if g.last != nil {
		s.Replicas, s.Gone, s.Seen = g.last.Replicas, g.last.Gone, g.last.At
	}
	return s
}
