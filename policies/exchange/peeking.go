package exchange

import (
	"errors"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/sse"
)

// peek acts on the reply so far. over says that this is all of it, last that the
// rest of the chunk is.
func (a *attempt) peek(over, last bool, err error) (act policies.Action, decided bool) {
	st := a.answer.status
	switch {
	case st != nil:
		return a.judgeDocument(heal.Seen{Status: statusOf(st), Error: st, Peek: heal.ReasonPeekError}), true
	case a.answer.closed:
		return a.commit(true), true // a stop sequence has ended it
	case a.answer.finished():
		over = over || err != nil // [DONE] and the like take nothing back
	case errors.Is(err, sse.ErrTooLong):
		return a.judge(heal.Seen{Peek: heal.ReasonPeekTooLong}), true
	case err != nil:
		return a.judgeDocument(heal.Seen{Peek: heal.ReasonPeekGarbage}), true
	}
	switch look, reason := a.peekResult(over); look {
	case heal.PeekGood:
		if !a.holds(a.heldOfAnswer()) {
			return policies.Action{Step: policies.Answer, Reply: a.overloaded()}, true
		}
		if e := a.unfinished(); e != nil {
			a.noteAnswered() // the backend is well
			return policies.Action{Step: policies.Answer, Reply: a.refuse(heal.ReasonInvalid, e)}, true
		}
		return a.commit(over || last), true
	case heal.PeekBad:
		return a.judgeDocument(heal.Seen{Peek: reason}), true
	}
	return hold, false
}

// peekResult peeks at the reply so far; over says that this is all of it.
func (a *attempt) peekResult(over bool) (heal.PeekResult, string) {
	g := a.answer.peeked(over)
	if a.req.Stream {
		return heal.Peek(g, a.settings.Peek.MaxBytes)
	}
	g.Again = !a.mayRetry(0) || slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool { return t.Reason == heal.ReasonPeekThoughts })
	return heal.PeekWhole(g)
}

// unfinished is the error to send instead of a document whose finish the
// client's API cannot express; nil for all others.
func (a *attempt) unfinished() *conversation.Error {
	unfinished := a.answer.features.Unfinished
	if unfinished == nil || a.req.Stream {
		return nil
	}
	return unfinished(a.answer.peeked(true).Finish)
}

// readOn waits for more of a reply that is still held. Once the reply has
// finished, it waits for the grace at most, and without content not longer than
// for the first content.
func (a *attempt) readOn() policies.Action {
	was := a.inGrace
	if a.inGrace = a.answer.finished(); !a.inGrace && !was {
		return hold
	}
	wake := min(a.settings.Peek.Timeout-time.Since(a.sentAt), a.untilDeadline())
	switch {
	case a.inGrace && a.answer.decoder.Content():
		wake = a.untilGrace()
	case a.inGrace:
		wake = min(wake, a.untilGrace())
	}
	return policies.Action{Step: policies.Hold, Wake: max(wake, time.Millisecond)}
}

// commit releases the reply: from here on nothing can be retried. end says that
// what was pushed is the rest of it.
func (a *attempt) commit(end bool) policies.Action {
	a.move(passing)
	a.passedAt = time.Now()
	a.settle(policies.Pass, heal.ReasonOK)
	if a.resumption == nil { // else those who gave the rest are proven, not who broke off
		a.noteAnswered()
	}
	a.learn()
	a.measureFirst()
	body, err := a.answer.drain(a.held, end)
	a.held = nil // it may wait in the protocol's hands for the first chunk
	act := a.passOn(body, err, end)
	act.Head = &policies.Head{
		Status: 200,
		Set:    slices.Concat(a.answer.encoder.Headers(), a.rateHeaders(), a.clientReadable(), a.sdkRequestID()),
		Remove: a.upstreamHeaders(),
	}
	if act.Wake == 0 {
		act.Wake = min(a.settings.Ping, a.settings.IdleTimeout, a.settings.MaxStream)
	}
	return act
}

// wakePeeking enforces the peek's deadline. A reply that is sent as one document
// only has to show content by then; after that it may take until the request's
// own deadline if upstream keeps sending.
func (a *attempt) wakePeeking() policies.Action {
	if a.answer.finished() { // upstream is done but does not close
		if act, decided := a.peek(true, true, nil); decided {
			return act
		}
	}
	if !a.answer.decoder.Content() {
		return a.notInTime()
	}
	silent := time.Since(a.lastIn)
	switch {
	case a.untilDeadline() <= 0:
		return a.notInTime()
	case silent >= a.settings.IdleTimeout:
		return a.judgeDocument(heal.Seen{Peek: heal.ReasonPeekTruncated})
	}
	return policies.Action{Step: policies.Hold, Wake: min(a.settings.IdleTimeout-silent, a.untilDeadline())}
}
