package admin

import (
	"context"
	"sync"
	"time"
)

// mostEnded bounds the sessions that are remembered as ended. Each was begun with
// the token; beyond it the one that would end first counts again.
const mostEnded = 4096

// sessions are those that somebody has ended before their time, and what runs in the
// others. Its zero value has none. Another process knows nothing of them.
type sessions struct {
	mu      sync.Mutex
	ended   map[string]time.Time // until when they would count
	running map[string]map[*context.CancelFunc]struct{}
}

// begin notes a request of a session, which cancel stops; false if that has ended.
// Whoever begins calls done.
func (s *sessions) begin(session string, cancel context.CancelFunc) (done func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, over := s.ended[session]; over {
		return nil, false
	}
	if s.running == nil {
		s.running = map[string]map[*context.CancelFunc]struct{}{}
	}
	if s.running[session] == nil {
		s.running[session] = map[*context.CancelFunc]struct{}{}
	}
	s.running[session][&cancel] = struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if delete(s.running[session], &cancel); len(s.running[session]) == 0 {
			delete(s.running, session)
		}
	}, true
}

// end ends a session that would count until a time, and what runs in it.
func (s *sessions) end(session string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	first := ""
	for one, until := range s.ended {
		if until.Before(now) {
			delete(s.ended, one)
		} else if first == "" || until.Before(s.ended[first]) {
			first = one
		}
	}
	if len(s.ended) >= mostEnded {
		delete(s.ended, first)
	}
	if s.ended == nil {
		s.ended = map[string]time.Time{}
	}
	s.ended[session] = until
	for cancel := range s.running[session] {
		(*cancel)()
	}
}
