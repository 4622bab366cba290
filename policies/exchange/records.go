package exchange

import (
	"cmp"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/redact"
)

// ending is what is written of an attempt that ends, and of the request if it ends
// with it. The log takes pointers, and so these are one allocation.
type ending struct {
	line    record.AttemptLine
	request record.Request
}

// writeRecords counts, logs and records the attempt and, if outcome is not "",
// the request that ends with it.
func (a *attempt) writeRecords(outcome string) {
	m, l := a.x.metrics, a.labels()
	m.attempts.Of(a.dialect.Name(), l.backend, l.account, l.model, a.record.verdict.String(), a.record.reason).Inc()
	written := a.written()
	all := a.attemptRecords(outcome != "")
	own := &all[len(all)-1]
	e := &ending{}
	q, span := &e.request, ""
	q.Origin, span = a.origin()
	own.Span = a.span(span)
	e.line = record.AttemptLine{Origin: &q.Origin, Attempt: own, Error: own.Error}
	own.Error = redact.Bound(own.Error, record.ErrorLimit) // records wait, and are kept in memory
	if written {
		a.x.line(a.level(), "attempt finished", &e.line)
	}
	if a.x.recorder != nil {
		whole := *own
		whole.Origin = q.Origin
		a.x.recorder.Attempt(whole)
	}
	if a.record.unsettled {
		a.x.underway.end(a.requestID(), a.number, own.Status, usedBy(own))
	}
	if outcome == "" {
		return
	}
	a.fillRequest(q, outcome, all)
	m.requests.Of(q.API, a.x.Names().TenantLabel(q.Tenant), a.x.Names().ModelLabel(q.Model), outcome).Inc()
	m.tenants.Of(a.x.Names().TenantLabel(q.Tenant), outcome).Inc()
	if written {
		a.x.line(levelOf(q), "request finished", q)
	}
	if a.x.recorder != nil {
		a.x.recorder.Request(*q)
	}
}

// origin says who asked for what, and returns the id of the attempt's span; ""
// if the sink makes one.
func (a *attempt) origin() (o record.Origin, span string) {
	o = record.Origin{
		Time: a.begunAt, RequestID: a.requestID(), Tenant: a.tenantName(), KeyID: a.caller.KeyID,
		API: a.dialect.Name(), Path: a.x.paths.text(a.x, a.in.Path),
	}
	span = a.envoySpans(&o)
	switch {
	case a.record.reason == heal.ReasonModelList:
		o.Operation = record.List
	case a.req == nil:
	case a.counts():
		o.Operation = record.Count
	case a.embeds():
		o.Operation = record.Embed
	default:
		o.Operation = record.Generate
	}
	return o, span
}

// tenantName is the tenant of the request: a configured name, or that of the
// default tenant; "" if unknown.
func (a *attempt) tenantName() string {
	if t := a.caller.Tenant; t != nil {
		return t.Name
	}
	return a.record.tenant
}

// attemptRecords are the records of the attempts before this one, as far as the
// memory has them and if they are wanted, and at last its own. They have no origin.
func (a *attempt) attemptRecords(before bool) []record.Attempt {
	var out []record.Attempt
	if before {
		out = a.triesBefore()
	}
	out = append(out, record.Attempt{})
	a.fillAttempt(&out[len(out)-1])
	return out
}

// fillAttempt fills in the record of the attempt, but for its origin and span.
func (a *attempt) fillAttempt(out *record.Attempt) {
	r := &a.record
	*out = record.Attempt{
		Number: a.number, TierAsked: a.tierAsked, TierServed: a.tierServed(),
		Verdict: r.verdict.String(), Reason: r.reason, Status: cmp.Or(r.status, a.upstreamStatus()),
		Asked: !a.sentAt.IsZero(), Unsettled: r.unsettled, Hedged: a.hedge.result, Memory: a.unread,
		Usage: a.usageRecord(), Began: record.Duration(max(a.begunAfter(), 0)), Wait: record.Duration(r.wait),
		Waited: record.Duration(r.waited), Held: record.Duration(r.held), Headers: record.Duration(r.headers), Content: record.Duration(r.content),
		Duration: record.Duration(time.Since(a.begunAt)),
	}
	if a.memory.Repairs != 0 {
		out.Repairs = a.memory.Repairs.String()
	}
	if a.unreadable != nil {
		out.Unreadable = a.x.forLog(a.unreadable.Error())
	}
	if r.err != nil {
		out.Error = a.x.forLog(r.err.Error())
	}
	if a.resumption != nil && r.outcome == "" {
		out.Resume = a.resumeRecord()
	}
	if a.backend != nil {
		out.Backend, out.Kind, out.Model = a.backend.Name, string(a.backend.Kind), policies.Clean(a.model)
	}
	if a.account != nil {
		out.Account, out.Group = a.account.ID, a.account.Group()
	}
	a.price(out)
}

// price fills in what the attempt has cost.
func (a *attempt) price(out *record.Attempt) {
	if out.Usage != nil && a.x.prices != nil {
		cost := a.cost(out.Usage)
		out.Cost, out.Estimated, out.PriceVersion = cost.Nano, cost.Estimated, a.x.prices.Version()
	}
}

// begunAfter is how long after the request's beginning the attempt began.
func (a *attempt) begunAfter() time.Duration { return a.elapsed() - time.Since(a.begunAt) }

// resumeRecord is the result of fetching the rest; nil if it was not fetched.
func (a *attempt) resumeRecord() *record.Resume {
	r := a.resumption
	if r == nil {
		return nil
	}
	out := &record.Resume{Result: r.result, Cause: r.cause, Requests: r.asked, Backend: r.asker.backend.Name, Account: r.asker.account.ID}
	if r.err != nil {
		out.Error = redact.Bound(a.x.forLog(r.err.Error()), record.ErrorLimit)
	}
	return out
}

// upstreamStatus is the status of the provider's response; 0 if none came.
func (a *attempt) upstreamStatus() int {
	if a.response.Local() {
		return 0
	}
	return a.response.Status
}

// tierServed is the service tier that the answer came from; "" if unknown.
func (a *attempt) tierServed() string {
	if a.answer == nil {
		return ""
	}
	return cmp.Or(a.answer.usage.Tier, a.answer.decoder.Usage().Tier, a.answer.tier)
}

// usageRecord is what the attempt has used; nil if unknown, or nothing.
func (a *attempt) usageRecord() *record.Usage {
	switch t := a.answer; {
	case a.used != nil:
		return a.used
	case a.sentAt.IsZero() || a.counts(): // counts are free
		return nil
	case t == nil && a.vectors.usage.Known:
		u := usageOf(a.vectors.usage)
		u.Estimated = a.vectors.estimated
		return u
	case t == nil:
		return nil
	case t.spent().Known:
		u := usageOf(t.spent())
		if a.resumption == nil { // else the lists are those of the last reply alone
			input, cached, output := t.decoder.Modalities()
			u.InputBy, u.CachedBy, u.OutputBy = modalitiesOf(input), modalitiesOf(cached), modalitiesOf(output)
		}
		if _, done := t.decoder.Finish(); !done { // it has gone on after the last count
			u.Output = max(u.Output, int64(gemini.EstimateTokens(t.textBytes)))
			u.Estimated = true
		}
		u.Estimated = u.Estimated || !t.decoder.Usage().Known
		return u
	case succeeded(a.response.Status) || a.response.Status == 0:
		// It was cut off before upstream has told: whatever came is billed, and
		// where nothing came, the prompt may be.
		return &record.Usage{Input: a.expected(a.model).Input, Output: int64(gemini.EstimateTokens(t.textBytes)), Estimated: true}
	}
	return nil // an error, which is not billed
}

func usageOf(u conversation.Usage) *record.Usage {
	return &record.Usage{Input: int64(u.Input), Cached: int64(u.Cached), Output: int64(u.Output), Thinking: int64(u.Thoughts)}
}

func modalitiesOf(m *conversation.Modalities) *record.Modalities {
	if m == nil {
		return nil
	}
	return &record.Modalities{Text: int64(m.Text), Image: int64(m.Image), Audio: int64(m.Audio), Video: int64(m.Video), Document: int64(m.Document)}
}

// fillRequest fills in the record of the request that ends with this attempt, whose
// records are all. Its origin is the attempt's.
func (a *attempt) fillRequest(out *record.Request, outcome string, all []record.Attempt) {
	r, own, origin := &a.record, &all[len(all)-1], out.Origin
	elapsed := a.elapsed()
	now := time.Now()
	origin.Time = now.Add(-elapsed)
	*out = record.Request{
		Origin: origin, Model: own.Model, Outcome: outcome, Reason: cmp.Or(r.ended, r.reason), Status: r.client, BrokenBy: r.ended,
		StopReason: a.stopReason(), Client: a.client(), Replica: a.x.replica, Aborted: outcome == "canceled", Warnings: a.warning(),
		Asked: own.Asked || a.askedBefore(), Resume: a.resumeRecord(),
		Tried: a.number, Attempts: all,
		Usage: own.Usage, Cost: own.Cost, PriceVersion: own.PriceVersion,
		Estimated: own.Estimated || own.Usage != nil && own.Usage.Estimated,
		Waited:    own.Waited, Duration: record.Duration(elapsed),
	}
	if len(out.Attempts) > 1 || a.memory.Dropped > 0 {
		a.addUp(out)
	}
	if by := a.answeredBy(); by.backend != nil {
		out.Model = policies.Clean(by.model)
	}
	if a.req != nil {
		out.Alias, out.Stream = policies.Clean(a.req.Model), a.req.Stream
	}
	if out.Resume != nil {
		out.Reason = out.Resume.Result
		if out.Reason == heal.ReasonResumeFailed {
			out.StopReason = "" // it is that of a rest which could not be joined
		}
	}
	if r.verdict == policies.Pass && out.Status == 0 {
		out.Status = 200 // of every answer that is passed on
	}
	if !a.passedAt.IsZero() {
		first := elapsed - now.Sub(a.passedAt)
		out.FirstByte = record.Duration(first)
		if r.content > 0 {
			out.FirstContent = record.Duration(max(first, elapsed-now.Sub(a.sentAt.Add(r.content))))
		}
	}
}

// askedBefore reports whether an earlier attempt asked upstream. One that left no
// memory may have.
func (a *attempt) askedBefore() bool {
	return a.unknown > 0 || slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool { return t.Backend != "" })
}

// finishWords name why an answer ended.
var finishWords = [...]string{
	conversation.FinishNone: "", conversation.FinishStop: "stop", conversation.FinishLength: "length", conversation.FinishWindow: "window",
	conversation.FinishRefused: "refused", conversation.FinishBlocked: "blocked", conversation.FinishPause: "pause",
	conversation.FinishMalformed: "malformed_call", conversation.FinishSignature: "missing_signature", conversation.FinishOther: "other",
}

// stopReason is why the model stopped; "" if it did not.
func (a *attempt) stopReason() string {
	if a.answer == nil {
		return ""
	}
	finish, _ := a.answer.decoder.Finish()
	if a.answer.decoder.Blocked() {
		finish = conversation.FinishBlocked
	}
	return finishWords[finish]
}
