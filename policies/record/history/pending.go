package history

import (
	"container/list"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// pendingRequests bounds the requests whose attempts wait for their end.
const pendingRequests = 4096

// EndTime is how long after its newest attempt a request without a record counts
// as ended: its client has left before an answer began, Envoy has refused to
// send the next attempt, or the replica has died. The longest silence between
// two attempts is one attempt that is held until a peek times out.
const EndTime = 5 * time.Minute

// pending are attempts whose request has not ended, ordered by the latest
// attempt of each request.
type pending struct {
	byID     map[string]*list.Element
	order    *list.List // of *unjoined, the one that is silent for longest first
	bytes    int
	maxBytes int
}

// unjoined are the attempts of one request.
type unjoined struct {
	id       string
	attempts []record.Attempt
	bytes    int
	last     time.Time // when the last one came
}

func (p *pending) init(maxBytes int) {
	p.byID, p.order, p.maxBytes = map[string]*list.Element{}, list.New(), maxBytes
}

// put keeps an attempt. Those whose request is silent for longest go when there are
// too many.
func (p *pending) put(a record.Attempt, now time.Time) {
	el, ok := p.byID[a.RequestID]
	if !ok {
		el = p.order.PushBack(&unjoined{id: a.RequestID})
		p.byID[a.RequestID] = el
	}
	u := el.Value.(*unjoined)
	u.last = now
	p.order.MoveToBack(el)
	if len(u.attempts) < record.AttemptsKept {
		u.attempts = append(u.attempts, a)
		size := attemptSize + len(a.RequestID)
		for _, s := range attemptTexts(&a) {
			size += len(*s)
		}
		u.bytes += size
		p.bytes += size
	}
	for p.order.Len() > pendingRequests || p.bytes > p.maxBytes {
		p.remove(p.order.Front())
	}
}

// take removes and returns the attempts of a request.
func (p *pending) take(id string) []record.Attempt {
	el, ok := p.byID[id]
	if !ok {
		return nil
	}
	return p.remove(el)
}

func (p *pending) remove(el *list.Element) []record.Attempt {
	u := p.order.Remove(el).(*unjoined)
	delete(p.byID, u.id)
	p.bytes -= u.bytes
	return u.attempts
}

// silent removes and returns the attempts of a request without news since a
// time; nil if there is none.
func (p *pending) silent(since time.Time) []record.Attempt {
	el := p.order.Front()
	if el == nil || el.Value.(*unjoined).last.After(since) {
		return nil
	}
	return p.remove(el)
}

// finish makes requests of attempts whose request has been silent for EndTime.
func (m *Memory) finish() {
	since := time.Now().Add(-EndTime)
	for {
		attempts := m.pending.silent(since)
		if len(attempts) == 0 {
			return
		}
		e := &entry{unfinished: true}
		for _, a := range attempts {
			if len(e.item.Attempts) == 0 || a.Time.Before(e.item.Time) {
				e.item.Origin = a.Origin
			}
			e.told |= bit(a.Number)
			Join(&e.item.Request, a)
		}
		e.item.Time = began(attempts)
		unfinished(&e.item.Request)
		if c, ok := m.byID[e.item.RequestID]; ok {
			if was := m.at(c); was != nil && was.unfinished && Takes(&was.item.Request, &attempts[0], false) {
				m.replace(c, e)
				continue
			}
		}
		m.add(e)
	}
}

// began is when the request of some attempts began.
func began(attempts []record.Attempt) time.Time {
	begins := func(a record.Attempt) time.Time { return a.Time.Add(-time.Duration(a.Began)) }
	return begins(slices.MinFunc(attempts, func(a, b record.Attempt) int { return begins(a).Compare(begins(b)) }))
}

// unfinished fills in a request without a record from its attempts.
func unfinished(r *record.Request) {
	last := r.Last()
	r.Outcome, r.Reason, r.Model = OutcomeFailed, last.Reason, last.Model
	if last.Reason == reasonCanceled {
		r.Outcome, r.Aborted = OutcomeCanceled, true
	}
	r.Duration = last.Began + last.Duration
}

// The outcomes of requests, as record.Request has them.
const (
	OutcomePassed   = "passed"
	OutcomeFailed   = "failed"
	OutcomeBroken   = "broken"
	OutcomeCanceled = "canceled"
	OutcomeLocal    = "local"
)

// Outcomes are all of them.
var Outcomes = []string{OutcomePassed, OutcomeFailed, OutcomeBroken, OutcomeCanceled, OutcomeLocal}

// reasonCanceled is the reason of an attempt that Envoy gave up.
const reasonCanceled = "canceled"
