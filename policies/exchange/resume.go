package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/resume"
)

// resumption is the one fetch of the rest of a broken answer that a request may
// have. It decides how the answer ends, whatever the first upstream still does.
type resumption struct {
	cause  string             // the reason for which the answer broke off
	client conversation.Error // what the client is told if the rest does not come
	since  time.Time
	fetch  *resume.Fetch
	cancel context.CancelFunc
	result string // a reason; "" while under way
	err    error  // why it failed
}

// resumes reports whether the answer should be followed so that it can be
// resumed.
func (a *attempt) resumes() bool {
	return a.settings.Resumes() && a.in.Notify != nil && resume.Able(a.req)
}

// breakOff ends a passed answer whose stream broke off: by fetching the rest
// if it can, else honestly.
func (a *attempt) breakOff(body []byte, cause string, client conversation.Error) policies.Action {
	if a.answer.sofar == nil || a.resumption != nil {
		return a.broken(body, cause, client)
	}
	said, ok := a.answer.sofar.Text()
	if !ok || a.untilDeadline() <= 0 {
		return a.broken(body, cause, client)
	}
	a.resumption = &resumption{cause: cause, client: client, since: time.Now()}
	forward, err := a.askForRest(said)
	if err != nil {
		return a.unresumed(body, err)
	}
	a.log.Info("fetching the rest of a broken answer", zap.String("cause", cause), zap.Int("bytes_so_far", len(said)))
	// Not the context of a request: Close ends it, however the stream ends.
	ctx, cancel := context.WithCancel(context.Background())
	a.resumption.cancel = cancel
	a.move(resuming)
	a.lastIn = a.resumption.since
	a.resumption.fetch = a.x.rest.Fetch(ctx, forward, a.in.Notify)
	return a.resumeLater(body)
}

// askForRest renders the request for the rest, for the same account, and makes
// the answer ready for its reply.
func (a *attempt) askForRest(said string) (*policies.Forward, error) {
	asked, rest, err := resume.Ask(a.req, said, a.answer.usage)
	if err != nil {
		return nil, err
	}
	r, err := gemini.Render(asked, a.target(), a.options())
	if err != nil {
		return nil, fmt.Errorf("render the request for the rest: %w", err)
	}
	sent := outgoing{body: r.Body, headers: r.Headers, expect: r.Expect, stop: r.Stop}
	a.answer.goOn(sent, rest)
	return a.forward(sent), nil
}

// untilDeadline is what is left of the request's time.
func (a *attempt) untilDeadline() time.Duration {
	return a.settings.Deadline - a.elapsed()
}

// elapsed is how long the request has taken so far, all attempts together.
func (a *attempt) elapsed() time.Duration { return a.x.clock.Now().Sub(a.memory.Started) }

// wakeResuming passes on what came of the rest, and gives it up when it does
// not come.
func (a *attempt) wakeResuming() policies.Action {
	r, t := a.resumption, a.answer
	chunk, done, err := r.fetch.Take(nil)
	body, broken := t.feed(a.held[:0], chunk, done)
	a.held = body
	a.heard()
	done = done || t.closed || t.finished() && time.Since(a.lastIn) >= finishGrace
	switch {
	case broken != nil:
		return a.unresumed(body, broken)
	case t.status != nil:
		return a.unresumed(body, fmt.Errorf("error event with status %d", statusOf(t.status)))
	case !a.holds(a.heldOfAnswer()):
		return a.unresumed(body, errNoRoom)
	case t.rest.Err() != nil:
		return a.unresumed(body, t.rest.Err())
	case done && !t.finished():
		if err == nil {
			err = errors.New("the rest ended without a finish")
		}
		return a.unresumed(body, err)
	case done && t.undone():
		return a.unresumed(body, errors.New("the rest ended in a finish that undoes it"))
	case done:
		return a.resumed(body)
	}
	if err := a.restOverdue(); err != nil {
		return a.unresumed(body, err)
	}
	return a.resumeLater(body)
}

// restOverdue says which of the deadlines of a reply has passed: for its first
// content, or for silence after it.
func (a *attempt) restOverdue() error {
	if _, overdue := a.restDue(); overdue > 0 {
		return nil
	}
	return errors.New("the rest did not come in time")
}

// restDue is how long to wait for more of the rest, until something must be
// done: a keep-alive, or giving up.
func (a *attempt) restDue() (wake, overdue time.Duration) {
	if a.answer.decoder.Content() {
		overdue = a.settings.IdleTimeout - time.Since(a.lastIn)
	} else {
		overdue = min(a.settings.Peek.Timeout-time.Since(a.resumption.since), a.untilDeadline())
	}
	overdue = min(overdue, a.untilTooLong())
	wake = min(overdue, a.settings.Ping-time.Since(a.lastOut))
	if a.answer.finished() {
		wake = min(wake, finishGrace-time.Since(a.lastIn))
	}
	return max(wake, time.Millisecond), overdue
}

// resumeLater sends what there is, or a keep-alive when it is time for one.
func (a *attempt) resumeLater(body []byte) policies.Action {
	now := time.Now()
	if len(body) == 0 && now.Sub(a.lastOut) >= a.settings.Ping {
		body = a.answer.encoder.Ping(body)
		a.lastOut = now
	}
	act := policies.Action{Step: policies.Hold, More: true}
	if len(body) > 0 {
		act.Step, act.Body = policies.Send, body
		a.lastOut = now
	}
	act.Wake, _ = a.restDue()
	return act
}

// resumed completes the answer.
func (a *attempt) resumed(body []byte) policies.Action {
	body = a.answer.finish(body)
	if err := a.answer.rest.Err(); err != nil {
		return a.unresumed(body, err) // a finish, but nothing to join
	}
	a.resumption.result = heal.ReasonResumed
	a.move(over)
	return policies.Action{Step: policies.Send, Body: body, End: true, Wake: policies.Never}
}

// unresumed ends the answer honestly, as it would have ended without the
// attempt to get the rest.
func (a *attempt) unresumed(body []byte, err error) policies.Action {
	a.resumption.result, a.resumption.err = heal.ReasonResumeFailed, err
	return a.broken(body, a.resumption.cause, a.resumption.client)
}

// closeResumption ends the fetch and counts it.
func (a *attempt) closeResumption() {
	r := a.resumption
	if r == nil {
		return
	}
	if r.cancel != nil {
		r.cancel()
	}
	if r.result == "" {
		r.result = heal.ReasonClientGone
	}
	a.x.metrics.resumes.WithLabelValues(r.result).Inc()
}

// fields are what the log line of the request tells of the resumption.
func (r *resumption) fields(x *Exchange) []zap.Field {
	if r == nil {
		return nil
	}
	fields := []zap.Field{
		zap.Bool("resumed", r.result == heal.ReasonResumed),
		zap.String("reason", r.result),
		zap.String("resume_cause", r.cause),
	}
	if r.err != nil {
		fields = append(fields, zap.String("resume_error", x.forLog(r.err.Error())))
	}
	return fields
}
