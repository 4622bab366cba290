package fakegemini

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Ended says how a request left the fake.
type Ended string

// The ways to end.
const (
	EndedRunning  Ended = "running"
	EndedComplete Ended = "complete"        // the whole reply was written
	EndedClient   Ended = "client canceled" // the client left first
	EndedReset    Ended = "reset"           // the script reset the connection
	EndedBroken   Ended = "broken"          // the handler was aborted
)

// Request is one recorded request.
type Request struct {
	Time     time.Time   `json:"time"`
	Method   string      `json:"method"`
	Path     string      `json:"path"`
	Query    string      `json:"query,omitempty"`
	Host     string      `json:"host"`
	Proto    string      `json:"proto"`
	Model    string      `json:"model,omitempty"`
	Key      string      `json:"key,omitempty"`
	Header   http.Header `json:"header"`
	Body     []byte      `json:"body,omitempty"`     // decompressed
	Rejected string      `json:"rejected,omitempty"` // the error text; empty when accepted
	Marks    []string    `json:"marks,omitempty"`    // tolerated faults, "rule: text"
	Reply    string      `json:"reply,omitempty"`    // what answered: a constructor's name, or auto
	Ended    Ended       `json:"ended"`
	// Tokens are those that the reply has reported, prompt and answer; 0 before
	// its first chunk.
	Tokens int `json:"tokens,omitempty"`
}

// maxRecords bounds the memory of a long-running fake; older ones are dropped
// from the record but keep counting for WaitRequests.
const maxRecords = 10_000

// recorder keeps what was received. Lock mu for all of it.
type recorder struct {
	mu      sync.Mutex
	kept    []*Request
	total   int
	active  int
	changed chan struct{} // closed and replaced whenever something changes
}

// handle is one running request's place in the record.
type handle struct{ rec *Request }

func (r *recorder) notify() {
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) begin(req *http.Request) *handle {
	h := &handle{&Request{
		Time: time.Now(), Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery,
		Host: req.Host, Proto: req.Proto, Header: req.Header.Clone(), Ended: EndedRunning,
	}}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) == maxRecords {
		r.kept = slices.Delete(r.kept, 0, maxRecords/2)
	}
	r.kept = append(r.kept, h.rec)
	r.total++
	r.active++
	r.notify()
	return h
}

func (r *recorder) update(h *handle, change func(*Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(h.rec)
}

func (r *recorder) reject(h *handle, why string) {
	r.update(h, func(rec *Request) { rec.Rejected, rec.Reply = why, "rejected" })
}

func (r *recorder) end(h *handle, how Ended) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.rec.Ended = how
	r.active--
	r.notify()
}

// until waits for a condition on the record.
func (r *recorder) until(ctx context.Context, done func() bool) error {
	for {
		r.mu.Lock()
		ok, changed := done(), r.changed
		r.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *recorder) drain() {
	// Every handler watches a context that Close has ended.
	_ = r.until(context.Background(), func() bool { return r.active == 0 })
}

// Requests returns a copy of what was received, oldest first, running ones too.
// Control calls are not among them.
func (s *Server) Requests() []Request {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	out := make([]Request, len(s.records.kept))
	for i, r := range s.records.kept {
		out[i] = *r
		out[i].Marks = slices.Clone(r.Marks)
	}
	return out
}

// Active is the number of running requests.
func (s *Server) Active() int {
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	return s.records.active
}

// WaitRequests waits until n requests have arrived since the start or Reset.
func (s *Server) WaitRequests(ctx context.Context, n int) error {
	return s.records.until(ctx, func() bool { return s.records.total >= n })
}

// WaitIdle waits until no request is running.
func (s *Server) WaitIdle(ctx context.Context) error {
	return s.records.until(ctx, func() bool { return s.records.active == 0 })
}

// Reset forgets the finished requests and every queued reply.
func (s *Server) Reset() {
	s.scripts.clear()
	s.records.mu.Lock()
	defer s.records.mu.Unlock()
	s.records.kept = slices.DeleteFunc(s.records.kept, func(r *Request) bool { return r.Ended != EndedRunning })
	s.records.total = len(s.records.kept)
	s.records.notify()
}
