package exchange

import (
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

// Close writes the log line and the record of the attempt, and those of the
// request where it ends with this attempt.
func (a *attempt) Close(end policies.End) {
	a.endTurn()
	a.share.set(0, false)
	a.packed.Stop()
	if a.dialect == nil {
		a.release(account.Neutral)
		return // Envoy left before it said what it wants
	}
	a.x.metrics.inFlight.Of(a.dialect.Name()).Dec()
	a.closeResumption() // first: what it holds must not outlive the attempt, whatever fails below
	a.used = a.usageRecord()
	a.measureNothing()
	if a.sentAt.IsZero() && a.record.waited > 0 {
		a.measureWait()
	}
	outcome := a.outcome(end)
	a.unlearnPassed(outcome)
	a.learnUse(outcome)
	a.release(a.healthOf(outcome))
	a.record.outcome = outcome
	if outcome != "" || a.resumption != nil {
		a.x.metrics.count(a.usage())
	}
	a.writeRecords(outcome)
	if outcome != "" && !a.clientLeft() {
		a.keepEnd()
	}
}

// endReasons are the reasons for ends where heald itself could not continue.
var endReasons = map[policies.End]string{
	policies.EndPanic:    heal.ReasonPanic,
	policies.EndProtocol: heal.ReasonProtocol,
	policies.EndTooLarge: heal.ReasonBodyTooLarge,
}

// outcome says how the request ended, or "" if another attempt follows, or may.
func (a *attempt) outcome(end policies.End) string {
	r := &a.record
	reason, broken := endReasons[end]
	switch {
	case broken && a.passed():
		r.ended = reason // the client has a part of the answer: Envoy cuts it off
		return "broken"
	case broken:
		a.x.underway.take(a.requestID()) // heald's own fault says nothing of the backend
		r.verdict, r.reason = policies.Retry, reason
		return ""
	case a.passed() && end == policies.EndShutdown:
		r.ended = heal.ReasonStreamShutdown // without a last word
		return "broken"
	case a.passed():
		// Envoy ended the stream before the answer was complete.
		r.ended = heal.ReasonClientGone
		return "canceled"
	case a.phase != over || r.reason == heal.ReasonClientGone:
		return a.outcomeUnanswered(end)
	case r.ended != "":
		return "broken"
	case r.verdict == policies.Pass && a.sentAt.IsZero():
		return "local"
	case r.verdict == policies.Pass:
		return "passed"
	case r.final:
		return "failed"
	}
	return ""
}

// outcomeUnanswered is outcome where Envoy ended the stream before there was a
// reply. Until the provider's headers have come, Envoy reports everything that
// the provider does, so an end without a report means that the client left.
// After them, a client that left and a provider that reset its connection look
// the same, and Envoy retries the latter. Where heald has to stop, Envoy asks
// another replica.
func (a *attempt) outcomeUnanswered(end policies.End) string {
	r := &a.record
	r.verdict, r.reason, r.client = policies.Retry, heal.ReasonClientGone, 0
	if !a.sentAt.IsZero() {
		r.held = time.Since(a.sentAt)
	}
	switch {
	case end != policies.EndCancelled:
		return ""
	case a.phase == asked || a.phase == sent || a.phase == over: // over: it was given up before it was sent
		r.verdict, r.final = policies.Fail, true
		return "canceled"
	}
	r.unsettled = true
	return ""
}

// clientLeft reports whether the client left before there was a reply.
func (a *attempt) clientLeft() bool { return a.record.outcome == "canceled" && !a.passed() }

// healthOf says what the end of the attempt means for the health of its account.
// It means nothing if the client left, if no account can answer the request, or
// if only the text of an error says so.
func (a *attempt) healthOf(outcome string) account.Result {
	switch r := &a.record; {
	case outcome == "broken" && r.ended != heal.ReasonPanic && r.ended != heal.ReasonProtocol:
		return account.Failed
	case r.verdict == policies.Pass && outcome == "passed":
		return account.Succeeded
	case r.blames:
		return account.Failed
	}
	return account.Neutral
}
