package main

import (
	"sync"
	"time"
)

const (
	// settleTime joins the events of one change of files into one reload.
	settleTime = 200 * time.Millisecond
	// longestSettling is how long after the first event a reload begins at the
	// latest, even if more come: a file that is written often must not delay a change
	// of another.
	longestSettling = time.Second
)

// settling runs work a little after a change was heard, once no more are heard or
// it has waited long enough. It is safe for concurrent use.
type settling struct {
	mu    sync.Mutex
	timer *time.Timer
	first time.Time // of the first change that work has not seen; zero if it has seen all
}

func newSettling(work func()) *settling {
	s := new(settling)
	s.timer = time.AfterFunc(time.Hour, func() {
		s.mu.Lock()
		s.first = time.Time{} // work may not see changes that are heard from now on
		s.mu.Unlock()
		work()
	})
	s.timer.Stop()
	return s
}

// heard notes a change.
func (s *settling) heard() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if s.first.IsZero() {
		s.first = now
	}
	s.timer.Reset(max(min(settleTime, s.first.Add(longestSettling).Sub(now)), 0))
}

// stop forgets what was heard. It does not wait for work that runs.
func (s *settling) stop() { s.timer.Stop() }
