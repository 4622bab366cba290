package exchange

import (
	"sync"
	"testing"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
)

// told keeps what a recorder is told.
type told struct {
	mu       sync.Mutex // several attempts may end at a time
	attempts []record.Attempt
	requests []record.Request
}

func (r *told) Attempt(a record.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, a)
}

func (r *told) Request(q record.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q)
}

func (r *told) last() (a record.Attempt) { return r.attempts[len(r.attempts)-1] }
func (r *told) request() record.Request  { return r.requests[len(r.requests)-1] }

func newRecorded(t *testing.T, change func(*Config)) (rig, *told) {
	r := newRig(t, change)
	to := &told{}
	r.recorder, r.prices = to, price.New(price.Config{})
	return r, to
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func answerPart(a *attempt, body string, end bool) { a.ResponseBody([]byte(body), end) }
