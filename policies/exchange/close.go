package exchange

import (
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// Close writes what may be told of the attempt: one log line and one record, and
// one more of each where the request ends with it.
func (a *attempt) Close(end policies.End) {
	a.endTurn()
	a.share.set(0, false)
	a.packed.Stop()
	if a.dialect == nil {
		a.release(account.Neutral)
		return // Envoy left before it said what it wants
	}
	a.closeResumption() // first: what it holds must not outlive the attempt, whatever fails below
	a.measureNothing()
	outcome := a.outcome(end)
	a.unlearnPassed(outcome)
	a.learnUse(outcome)
	a.release(a.healthOf(outcome))
	a.x.metrics.attempts.WithLabelValues(a.dialect.Name(), a.record.verdict.String(), a.record.reason).Inc()
	a.record.outcome = outcome
	written := a.written()
	if written {
		a.x.log.Info("attempt finished", zap.Inline((*attemptLine)(a)))
	}
	if outcome != "" || a.resumption != nil {
		a.x.metrics.count(a.usage())
	}
	a.tell(outcome)
	if outcome == "" {
		return
	}
	a.keepEnd()
	a.x.metrics.requests.WithLabelValues(a.dialect.Name(), outcome).Inc()
	a.x.metrics.tenants.WithLabelValues(a.tenantName(), outcome).Inc()
	if written {
		a.x.log.Info("request finished", zap.Inline((*requestLine)(a)))
	}
}

// endReasons are the log words of the ends where heald could not go on.
var endReasons = map[policies.End]string{
	policies.EndPanic:    heal.ReasonPanic,
	policies.EndProtocol: heal.ReasonProtocol,
	policies.EndTooLarge: heal.ReasonBodyTooLarge,
}

// outcome says how the request ended, or "" if another attempt follows.
func (a *attempt) outcome(end policies.End) string {
	r := &a.record
	reason, broken := endReasons[end]
	switch {
	case broken:
		a.x.underway.take(a.requestID()) // heald's own fault says nothing of the backend
		r.verdict, r.reason = policies.Retry, reason
		return ""
	case a.passed():
		// Envoy ended the stream before the answer was complete.
		r.ended = heal.ReasonClientGone
		return "canceled"
	case a.phase != over:
		// While a reply is held, a client that left and an upstream that
		// reset its connection look the same; Envoy retries the latter.
		r.verdict, r.reason = policies.Retry, heal.ReasonClientGone
		return ""
	case r.ended != "":
		return "broken"
	case r.verdict == policies.Pass:
		return "passed"
	case r.final:
		return "failed"
	}
	return ""
}

// healthOf is what the end of the attempt says about its account. A client that
// left, a request that nobody can answer, and what only the text of an error
// says, tell nothing.
func (a *attempt) healthOf(outcome string) account.Result {
	switch r := &a.record; {
	case outcome == "broken":
		return account.Failed
	case r.verdict == policies.Pass && outcome == "passed":
		return account.Succeeded
	case r.blames:
		return account.Failed
	}
	return account.Neutral
}
