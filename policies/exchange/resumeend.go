package exchange

import (
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// resumed completes the answer.
func (a *attempt) resumed(body []byte) policies.Action {
	r := a.resumption
	r.result, r.body = heal.ReasonResumed, 0
	r.asker.proven()
	if r.held != nil {
		a.held = body
		return a.commit(true)
	}
	body = a.answer.finish(body)
	a.move(over)
	return policies.Action{Step: policies.Send, Body: body, End: true, Wake: policies.Never}
}

// answeredBy is who completed the answer, or else who was asked for it.
func (a *attempt) answeredBy() *attempt {
	if r := a.resumption; r != nil && r.result == heal.ReasonResumed {
		return r.asker
	}
	return a
}

// unresumed ends the answer honestly, as it would have ended without the
// attempt to get the rest.
func (a *attempt) unresumed(body []byte, err error) policies.Action {
	r := a.resumption
	r.result, r.err = heal.ReasonResumeFailed, err
	if r.held != nil {
		a.memory.Spent = append(a.memory.Spent, r.spent...)
		return a.judge(*r.held)
	}
	return a.broken(body, r.cause, r.client)
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

// fields are what the log line of the request tells of the resumption.
func (r *resumption) fields(x *Exchange) []zap.Field {
	if r == nil {
		return nil
	}
	return append([]zap.Field{
		zap.Bool("resumed", r.result == heal.ReasonResumed),
		zap.String("reason", r.result),
	}, r.requestFields(x)...)
}

// requestFields are what the log tells of the requests for the rest.
func (r *resumption) requestFields(x *Exchange) []zap.Field {
	fields := []zap.Field{
		zap.String("resume_cause", r.cause),
		zap.Int("resume_requests", r.asked),
		zap.String("resume_backend", r.asker.backend.Name),
		zap.String("resume_account", r.asker.account.ID),
	}
	if r.err != nil {
		fields = append(fields, zap.String("resume_error", x.forLog(r.err.Error())))
	}
	return fields
}
