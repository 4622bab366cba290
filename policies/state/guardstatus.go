package state

import "time"

// GuardStatus is what a Guard knows of the shared store.
type GuardStatus struct {
	// Up says that the shared store decides. Why says what happens meanwhile if
	// it does not, and Trouble what is wrong and how it is mended, where the store
	// has said so.
	Up           bool
	Why, Trouble string
	// Replicas and Gone are those of the last snapshot; 0 is not known. Seen is
	// when it was taken.
	Replicas, Gone int
	Seen           time.Time
}

var downWords = map[OnError]string{
	Open:   "this replica works by itself, with its part of each limit",
	Closed: "requests that need it are refused",
}

// Status tells how it stands with the shared store.
func (g *Guard) Status() GuardStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := GuardStatus{Up: !g.down}
	if g.down {
		s.Why, s.Trouble = downWords[g.cfg.OnError], g.remote.Trouble()
	}
	if g.last != nil {
		s.Replicas, s.Gone, s.Seen = g.last.Replicas, g.last.Gone, g.last.At
	}
	return s
}
