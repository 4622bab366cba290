package exchange

import (
	queue "container/list"
	"slices"
	"strings"

	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// underway are the attempts of this process whose reply is held, by request. An
// attempt whose stream ends meanwhile stays: its connection broke, or its client
// left. If the next attempt of the request comes, without a memory of this one,
// the client has not left. Attempts are recorded when they begin, since the next
// one may come before the end of the stream is seen.
type underway struct {
	mu    sync.Mutex
	known map[string]*queue.Element // of *sentTo, by request id
	order queue.List                // the oldest first
}

// sentTo is where an attempt went.
type sentTo struct {
	requestID               string
	backend, account, model string
	sum                     account.RequestSum
	counts                  bool
	number                  int           // of the attempt
	at                      time.Time     // it was sent
	elapsed                 time.Duration // of the request by then
	status                  int           // upstream's, and what it has used, once its stream has ended
	used                    heal.Used
}

// recent reports whether the request may still go on.
func (s *sentTo) recent(now time.Time) bool { return now.Sub(s.at) < underwayLife }

const (
	// mostUnderway bounds their number: those of clients that left stay until
	// they expire.
	mostUnderway = 5000
	// underwayLife is longer than replies are held and than waits between
	// attempts.
	underwayLife = 5 * time.Minute
)

func (u *underway) begin(s *sentTo) {
	if s.requestID == "" {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.drop(s.requestID)
	for e := u.order.Front(); e != nil && !e.Value.(*sentTo).recent(s.at); e = u.order.Front() {
		u.drop(e.Value.(*sentTo).requestID)
	}
	if u.known == nil {
		u.known = map[string]*queue.Element{}
	}
	u.known[s.requestID] = u.order.PushBack(s)
	if u.order.Len() > mostUnderway {
		u.drop(u.order.Front().Value.(*sentTo).requestID)
	}
}

// drop forgets a request; u.mu is held.
func (u *underway) drop(requestID string) *sentTo {
	e := u.known[requestID]
	if e == nil {
		return nil
	}
	delete(u.known, requestID)
	return u.order.Remove(e).(*sentTo)
}

// end notes what is known of the request's attempt that was under way, whose
// stream has ended.
func (u *underway) end(requestID string, number, status int, used heal.Used) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if e := u.known[requestID]; e != nil && e.Value.(*sentTo).number == number {
		s := e.Value.(*sentTo)
		s.status, s.used = status, used
	}
}

// take removes and returns the request's attempt that was under way; nil if
// there is none.
func (u *underway) take(requestID string) *sentTo {
	u.mu.Lock()
	defer u.mu.Unlock()
	if s := u.drop(requestID); s != nil && s.recent(time.Now()) {
		return s
	}
	return nil
}

// beginUnderway notes where the attempt goes.
func (a *attempt) beginUnderway() {
	a.x.underway.begin(&sentTo{
		requestID: strings.Clone(a.requestID()), backend: a.backend.Name, account: a.account.ID, model: a.model,
		sum: a.sum, counts: a.counts(), number: a.number, at: time.Now(), elapsed: a.elapsed(),
	})
}

// recallLost finds the attempt that was lost, if it was one of this replica. The
// request began when that attempt says, and its broken connection counts against
// the backend like any failure for which the request may be to blame.
func (a *attempt) recallLost() {
	if a.lost == 0 {
		return
	}
	s := a.x.underway.take(a.requestID())
	if s == nil {
		return
	}
	if began := a.x.clock.Now().Add(-s.elapsed - time.Since(s.at)); began.Before(a.memory.Started) {
		a.memory.Started = began
	}
	a.memory.Lost = &heal.LostTry{Backend: s.backend, Account: s.account, Model: s.model, Known: true, Number: s.number, Status: s.status, Used: s.used}
	if !s.counts {
		a.x.accounts.Lost(account.Candidate{Backend: s.backend, Model: s.model}, s.sum, heal.ReasonLost)
	}
}

// leaveLost decides whether the request leaves the place where its attempt was
// lost: for another backend that is ready for the model, or, if the place is
// known and no other account is left, for another model. A second loss would be
// final. Where an attempt of another replica went is unknown; it is assumed to
// be the candidate that would be asked now.
func (a *attempt) leaveLost() {
	if a.lost == 0 {
		return
	}
	l := a.memory.Lost
	if l == nil {
		c, id, ok := a.x.accounts.First(a.plan(a.order()), &account.Want{Retry: true, Count: a.counts(), Avoid: a.avoid})
		if !ok {
			return
		}
		l = &heal.LostTry{Backend: c.Backend, Account: id, Model: c.Model}
		a.memory.Lost = l
	}
	anyModel := l.Known && !a.untriedAt(l.Backend, l.Model)
	l.Left = l.Left || slices.ContainsFunc(a.candidates, func(c route.Candidate) bool {
		return destinationOf(c) != lostAt(l) && (c.Model == l.Model || anyModel) &&
			!a.hasLeft(c) && !a.exhausted(c) && a.readyIn(c, max(a.untilDue(), 0)) && !a.outlook(c).Held
	})
}

func lostAt(l *heal.LostTry) destination { return destination{l.Backend, l.Model} }
