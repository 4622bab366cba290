package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/resume"
)

// restRequests bounds the requests for the rest of an answer, for all attempts
// of one client request together. Each is billed.
const restRequests = 3

// resumption fetches the rest of an answer that broke off. It decides how the
// answer ends, whatever the first upstream still does.
//
//	waiting ─due→ fetching ─the rest, whole→ completed
//	   ▲             └─failure─┬─no more requests, or no use→ not resumed
//	   └───────────────────────┘
type resumption struct {
	cause  string             // the reason for which the answer broke off
	client conversation.Error // the error for the client of a stream if the rest does not come
	held   *heal.Seen         // for a document, of which the client has nothing: what its attempt has shown; else nil

	asker  *attempt // says who is asked; see newAsker
	class  string   // of the backend that the signatures in the request are for
	form   resume.Form
	broken resume.Broken

	lease account.Lease // of the request for the rest, unless it is the attempt's own; nil then
	moves bool          // the next one goes to whoever is ready then

	asked  int // requests of this attempt so far
	spent  []heal.SpentAccount
	due    time.Time     // of the next one
	since  time.Time     // the one under way was sent
	fetch  *resume.Fetch // it; nil while waiting
	body   int           // bytes held for it: net/http keeps a request's body until the reply has ended
	cancel context.CancelFunc
	result string // a reason; "" until it is known
	err    error  // why the last request failed
}

// resumes is what is kept of a request for as long as its answer may be resumed.
type resumes struct {
	req    *conversation.Request // an outline of it, if the dialect is direct; nil if the answer cannot be resumed
	client []byte                // its body
}

// mayResume decides whether the answer is kept track of, so that it can be
// resumed.
func (a *attempt) mayResume(client []byte) bool {
	if !a.settings.Resumes() || a.in.Notify == nil || !a.answers() {
		return false
	}
	req := a.outline(client)
	if req == nil || !resume.Resumable(req) {
		return false
	}
	a.resumes = resumes{req, client}
	return true
}

// resumable reports whether the answer can be resumed.
func (a *attempt) resumable() bool {
	return a.answer.sofar != nil && a.resumption == nil && a.restsLeft() > 0 && a.untilDeadline() > 0 && a.answer.sofar.EndsInText()
}

// restsLeft is how many requests for the rest are left. Attempts that left no
// memory may have used them all: those for a document are sent while the reply
// is held.
func (a *attempt) restsLeft() int {
	if a.unknown > 0 && !a.req.Stream {
		return 0
	}
	return restRequests - a.memory.Rests
}

// breakOff ends a passed answer whose stream broke off: it fetches the rest if
// the answer can be resumed, and otherwise sends the API's error event.
func (a *attempt) breakOff(body []byte, cause string, client conversation.Error) policies.Action {
	if !a.resumable() {
		return a.endBroken(body, cause, client)
	}
	return a.resume(body, &resumption{cause: cause, client: client})
}

// resume begins to fetch the rest.
func (a *attempt) resume(body []byte, r *resumption) policies.Action {
	a.resumption = r
	a.moments.broke = time.Now()
	r.asker, r.class = a.newAsker(), a.backend.Class()
	a.move(resuming)
	st := a.answer.status
	if st == nil {
		return a.askIn(body, 0)
	}
	wait, ok := r.moveOn(&heal.Seen{Status: statusOf(st), Error: st, Peek: heal.ReasonPeekError})
	if err := errorEvent(st); !ok || a.tooLate(wait) {
		return a.endUnresumed(body, err)
	}
	return a.askIn(body, wait)
}

// askIn sends a request for the rest after a wait.
func (a *attempt) askIn(body []byte, wait time.Duration) policies.Action {
	a.takeStock()
	r := a.resumption
	r.fetch, r.body, r.due = nil, 0, time.Now().Add(wait)
	return a.ask(body)
}

// tooLate reports whether there is no time left for a request after a wait.
func (a *attempt) tooLate(wait time.Duration) bool {
	return wait >= min(a.untilDeadline(), a.untilTooLate())
}

// errorEvent is the error for a stream that ended in an error object.
func errorEvent(st *gemini.Status) error {
	return fmt.Errorf("error event with status %d", statusOf(st))
}

// takeStock records the answer so far and its cost when a reply breaks off.
func (a *attempt) takeStock() {
	b, t := &a.resumption.broken, a.answer
	b.Text = t.sofar.Text()
	switch reply := t.decoder.Usage(); {
	case t.rest == nil:
		b.Made = t.spent()
	case !t.rest.Joined():
	case t.rest.Again():
		b.Made = reply
	case b.Made.Known && reply.Known:
		b.Made = resume.Sum(b.Made, reply)
	default:
		b.Made = conversation.Usage{} // a guess by the text is better than a part
	}
	b.Billed = t.spent()
}

// ask sends a request for the rest when it is due.
func (a *attempt) ask(body []byte) policies.Action {
	r := a.resumption
	if time.Until(r.due) > 0 {
		return a.resumeLater(body)
	}
	if r.moves {
		if err := r.acquire(); err != nil {
			return a.endUnresumed(body, err)
		}
	}
	if r.body = 2 * len(a.resumes.client); !a.holds(a.heldOfAnswer()) { // while it is made
		return a.endUnresumed(body, errNoRoom)
	}
	forward, err := a.requestRest()
	if err != nil {
		return a.endUnresumed(body, err)
	}
	if r.body = len(forward.Body); !a.holds(a.heldOfAnswer()) {
		return a.endUnresumed(body, errNoRoom)
	}
	r.asked++
	a.memory.Rests++
	a.logger().Info("fetching the rest of a broken answer", zap.String("cause", r.cause), zap.Int("request", r.asked),
		zap.String("backend", r.asker.backend.Name), zap.String("account", r.asker.account.ID), zap.Int("bytes_so_far", len(r.broken.Text)))
	// Not the context of a request: Close ends it, however the stream ends.
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.since = time.Now()
	a.lastIn = r.since
	r.fetch = a.x.rest.Fetch(ctx, forward, a.in.Notify)
	return a.resumeLater(body)
}

// untilDeadline is the rest of the request's time.
func (a *attempt) untilDeadline() time.Duration {
	return a.settings.Deadline - a.elapsed()
}

// elapsed is how long the request has taken so far, all attempts together.
func (a *attempt) elapsed() time.Duration { return a.x.clock.Now().Sub(a.memory.Started) }

// wakeResuming passes on what has arrived of the rest. If the rest does not
// come, it asks again or gives up.
func (a *attempt) wakeResuming() policies.Action {
	r, t := a.resumption, a.answer
	if r.fetch == nil {
		return a.ask(nil)
	}
	chunk, done, err := r.fetch.Take(nil)
	body, broken := t.feed(a.held[:0], chunk, done)
	a.held = body
	a.noteNews()
	done = done || t.closed || t.finished() && time.Since(a.lastIn) >= finishGrace
	switch {
	case broken != nil:
		return a.restFailed(body, broken, &heal.Seen{Peek: heal.ReasonPeekGarbage})
	case t.status != nil:
		st := t.status
		return a.restFailed(body, errorEvent(st), &heal.Seen{Status: statusOf(st), Error: st, Peek: heal.ReasonPeekError})
	case !a.holds(a.heldOfAnswer()):
		return a.endUnresumed(body, errNoRoom)
	case t.rest.Err() != nil:
		return a.restFailed(body, t.rest.Err(), nil)
	case errors.Is(err, resume.ErrNoListener):
		return a.endUnresumed(body, err) // nobody else can be asked either
	case done && !t.finished():
		if err == nil {
			err = errors.New("the rest ended without a finish")
		}
		return a.restFailed(body, err, r.asker.seenIn(err))
	case done && t.undone():
		return a.restFailed(body, errors.New("the rest ended in a finish that undoes it"), &heal.Seen{Peek: heal.ReasonPeekMalformed})
	case done && !t.rest.Joined():
		return a.restFailed(body, resume.ErrNoText, nil)
	case done && !t.closed && t.cutShort():
		return a.restFailed(body, resume.ErrCutShort, nil)
	case done:
		return a.completeAnswer(body)
	}
	switch _, overdue := a.restDue(); {
	case overdue > 0:
		return a.resumeLater(body)
	case a.tooLate(0):
		return a.endUnresumed(body, errOverdue) // who was asked may have had no time
	case t.decoder.Content():
		return a.restFailed(body, errOverdue, &heal.Seen{Peek: heal.ReasonPeekTruncated})
	}
	return a.restFailed(body, errOverdue, &heal.Seen{Peek: heal.ReasonPeekTimeout})
}

var errOverdue = errors.New("the rest did not come in time")

// restDue is how long to wait for more of the rest until the next step: a
// keep-alive, or giving up.
func (a *attempt) restDue() (wake, overdue time.Duration) {
	r := a.resumption
	switch {
	case r.fetch == nil:
		overdue = time.Until(r.due)
	case a.answer.decoder.Content():
		overdue = a.settings.IdleTimeout - time.Since(a.lastIn)
	default:
		overdue = min(a.settings.Peek.Timeout-time.Since(r.since), a.untilDeadline())
	}
	overdue = min(overdue, a.untilTooLate())
	wake = overdue
	if r.held == nil {
		wake = min(wake, a.settings.Ping-time.Since(a.lastOut))
	}
	if r.fetch != nil && a.answer.finished() {
		wake = min(wake, finishGrace-time.Since(a.lastIn))
	}
	return max(wake, time.Millisecond), overdue
}

// untilTooLate is the rest of the time that the whole answer may take.
func (a *attempt) untilTooLate() time.Duration {
	if a.resumption.held != nil {
		return a.untilDeadline()
	}
	return a.untilTooLong()
}

// resumeLater sends what has arrived, or a keep-alive when one is due. The
// client of a document gets nothing before the document is complete.
func (a *attempt) resumeLater(body []byte) policies.Action {
	now := time.Now()
	act := policies.Action{Step: policies.Hold, More: true}
	if a.resumption.held == nil {
		if len(body) == 0 && now.Sub(a.lastOut) >= a.settings.Ping {
			body = a.answer.encoder.Ping(body)
			a.lastOut = now
		}
		if len(body) > 0 {
			act.Step, act.Body = policies.Send, body
			a.lastOut = now
		}
	}
	act.Wake, _ = a.restDue()
	return act
}

// restFailed asks again after a reply that did not complete the answer. seen is
// what the reply shows about the account; nil if it is an answer that cannot be
// joined.
func (a *attempt) restFailed(body []byte, err error, seen *heal.Seen) policies.Action {
	r := a.resumption
	r.cancel()
	a.logger().Info("a request for the rest failed", zap.Int("request", r.asked), zap.String("error", a.x.forLog(err.Error())))
	wait, ok := r.moveOn(seen)
	if !ok || a.restsLeft() <= 0 || a.tooLate(wait) || !a.answer.sofar.EndsInText() {
		return a.endUnresumed(body, err)
	}
	return a.askIn(body, wait)
}
