package exchange

import (
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// completeAnswer ends the answer once its rest is complete.
func (a *attempt) completeAnswer(body []byte) policies.Action {
	r := a.resumption
	r.result, r.body = heal.ReasonResumed, 0
	a.moments.rested = time.Now()
	r.asker.noteAnswered()
	if r.held != nil {
		a.held = body
		return a.commit(true)
	}
	body = a.answer.finish(body)
	a.move(over)
	return policies.Action{Step: policies.Send, Body: body, End: true, Wake: policies.Never}
}

// answeredBy is the attempt or asker that completed the answer, or that was
// asked for its rest.
func (a *attempt) answeredBy() *attempt {
	if r := a.resumption; r != nil && r.result == heal.ReasonResumed {
		return r.asker
	}
	return a
}

// endUnresumed ends an answer whose rest did not come with the error that broke
// it off.
func (a *attempt) endUnresumed(body []byte, err error) policies.Action {
	r := a.resumption
	r.result, r.err = heal.ReasonResumeFailed, err
	a.moments.rested = time.Now()
	if r.held != nil {
		a.memory.Spent = append(a.memory.Spent, r.spent...)
		return a.judge(*r.held)
	}
	return a.endBroken(body, r.cause, r.client)
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
		a.moments.rested = time.Now()
	}
	if r.result == heal.ReasonResumed {
		r.release(account.Succeeded)
	} else {
		r.release(account.Failed)
	}
	if r.result != heal.ReasonResumed {
		a.answer.usage = a.answer.spent() // all replies are billed, also those of which nothing came
	}
	a.x.metrics.resumes.WithLabelValues(r.result).Inc()
}
