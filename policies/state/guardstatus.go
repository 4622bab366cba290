package state

// GuardStatus is what a Guard knows of the shared store.
type GuardStatus struct {
	// Up says that the shared store decides. Why says what happens meanwhile if
	// it does not.
	Up  bool
	Why string
	// Replicas are those that live, as of the last snapshot; 0 is not known.
	Replicas int
}

var downWords = map[OnError]string{
	Open:   "it cannot be reached: this replica works by itself, with its part of each limit",
	Closed: "it cannot be reached: requests that need it are refused",
}

// Status tells how it stands with the shared store.
func (g *Guard) Status() GuardStatus {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := GuardStatus{Up: !g.down}
	if g.down {
		s.Why = downWords[g.cfg.OnError]
	}
	if g.last != nil {
		s.Replicas = g.last.Replicas
	}
	return s
}
