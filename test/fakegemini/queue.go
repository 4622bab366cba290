package fakegemini

import (
	"strings"
	"sync"
)

// queue holds scripted replies. A reply is used once, in order; one for a key
// goes before one for a path, and that before one for all.
type queue struct {
	mu      sync.Mutex
	entries []entry
}

type entry struct {
	key   string // empty: any
	path  string // a part of the path; empty: any
	reply Reply
}

func (q *queue) add(e ...entry) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.entries = append(q.entries, e...)
}

func (q *queue) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.entries = nil
}

// next takes the reply for a request; false when none is queued for it.
func (q *queue) next(key, path string) (Reply, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	best, rank := -1, -1
	for i, e := range q.entries {
		if e.key != "" && e.key != key || e.path != "" && !strings.Contains(path, e.path) {
			continue
		}
		r := 0
		if e.path != "" {
			r++
		}
		if e.key != "" {
			r += 2
		}
		if r > rank {
			best, rank = i, r
		}
	}
	if best < 0 {
		return Reply{}, false
	}
	reply := q.entries[best].reply
	q.entries = append(q.entries[:best:best], q.entries[best+1:]...)
	return reply, true
}

// Enqueue queues replies for whatever accepted requests come next.
func (s *Server) Enqueue(replies ...Reply) { s.enqueue("", "", replies) }

// EnqueueForKey queues replies for requests with that credential.
func (s *Server) EnqueueForKey(key string, replies ...Reply) { s.enqueue(key, "", replies) }

// EnqueueForPath queues replies for requests whose path contains part: a model
// name, :countTokens, a location.
func (s *Server) EnqueueForPath(part string, replies ...Reply) { s.enqueue("", part, replies) }

func (s *Server) enqueue(key, path string, replies []Reply) {
	for _, r := range replies {
		s.scripts.add(entry{key, path, r})
	}
}

// Pending is the number of queued replies that nothing has used yet.
func (s *Server) Pending() int {
	s.scripts.mu.Lock()
	defer s.scripts.mu.Unlock()
	return len(s.scripts.entries)
}
