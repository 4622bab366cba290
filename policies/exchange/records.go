package exchange

import (
	"cmp"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/record"
)

// tell hands over the records of the attempt and, if there is an outcome, of the
// request that has ended with it. Nothing is built where nobody is told.
func (a *attempt) tell(outcome string) {
	if a.x.recorder == nil {
		return
	}
	origin, span := a.origin()
	own := a.attemptRecord()
	own.Origin, own.Span = origin, a.span(span)
	a.x.recorder.Attempt(own)
	if outcome == "" {
		return
	}
	own.Origin = record.Origin{}
	a.x.recorder.Request(a.requestRecord(outcome, origin, own))
}

// origin says who asked for what, and which id the attempt's span has; "" if that
// is the sink's business.
func (a *attempt) origin() (o record.Origin, span string) {
	o = record.Origin{
		Time: a.begunAt, RequestID: a.requestID(), Tenant: a.tenantName(), KeyID: a.caller.KeyID,
		API: a.dialect.Name(), Path: a.x.paths.text(a.x, a.in.Path),
	}
	span = a.envoySpans(&o)
	switch {
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

// tenantName is whose request it is, one of the configured names, or that of
// everybody; "" if it was not found out.
func (a *attempt) tenantName() string {
	if t := a.caller.Tenant; t != nil {
		return t.Name
	}
	return a.record.tenant
}

// attemptRecord is what may be told of the attempt itself.
func (a *attempt) attemptRecord() record.Attempt {
	r := &a.record
	out := record.Attempt{
		Number: a.number, TierAsked: a.tierAsked, TierServed: a.tierServed(),
		Verdict: r.verdict.String(), Reason: r.reason, Status: cmp.Or(r.status, a.upstreamStatus()),
		Usage:  a.usageRecord(),
		Waited: record.Duration(r.waited), Held: record.Duration(r.held), Headers: record.Duration(r.headers), Content: record.Duration(r.content),
		Duration: record.Duration(time.Since(a.begunAt)),
	}
	if a.backend != nil {
		out.Backend, out.Kind, out.Model = a.backend.Name, string(a.backend.Kind), policies.Clean(a.model)
	}
	if a.account != nil {
		out.Account, out.Group = a.account.ID, a.account.Group()
	}
	if out.Usage != nil && a.x.prices != nil {
		cost := a.cost(out.Usage)
		out.Cost, out.Estimated, out.PriceVersion = cost.Nano, cost.Estimated, a.x.prices.Version()
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

// tierServed is the service tier that the answer came from; "" if nobody said.
func (a *attempt) tierServed() string {
	if a.answer == nil {
		return ""
	}
	return cmp.Or(a.answer.usage.Tier, a.answer.decoder.Usage().Tier, a.answer.tier)
}

// usageRecord is what the attempt has used; nil if that is not known, or nothing
// was.
func (a *attempt) usageRecord() *record.Usage {
	switch t := a.answer; {
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
			u.Output = max(u.Output, int64(gemini.EstimateTokens(t.said)))
			u.Estimated = true
		}
		u.Estimated = u.Estimated || !t.decoder.Usage().Known
		return u
	case succeeded(a.response.Status) || a.response.Status == 0:
		// It was cut off before upstream has told: whatever came is billed, and
		// where nothing came, the prompt may be.
		return &record.Usage{Input: a.expected(a.model).Input, Output: int64(gemini.EstimateTokens(t.said)), Estimated: true}
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

// requestRecord is what may be told of the request that ends with this attempt.
func (a *attempt) requestRecord(outcome string, origin record.Origin, own record.Attempt) record.Request {
	r := &a.record
	elapsed := a.elapsed()
	now := time.Now()
	origin.Time = now.Add(-elapsed)
	out := record.Request{
		Origin: origin, Model: own.Model, Outcome: outcome, Reason: cmp.Or(r.ended, r.reason), Status: r.client,
		StopReason: a.stopReason(), Aborted: outcome == "canceled", Warnings: a.warning(),
		Tried: a.number, Attempts: append(a.triesBefore(), own),
		Usage: own.Usage, Cost: own.Cost, PriceVersion: own.PriceVersion,
		Estimated: own.Estimated || own.Usage != nil && own.Usage.Estimated,
		Waited:    own.Waited, Duration: record.Duration(elapsed),
	}
	if by := a.answeredBy(); by.backend != nil {
		out.Model = policies.Clean(by.model)
	}
	if a.req != nil {
		out.Alias, out.Stream = policies.Clean(a.req.Model), a.req.Stream
	}
	if outcome == "passed" && a.sentAt.IsZero() {
		out.Outcome = "local"
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
	return out
}

// triesBefore are the attempts before this one, as far as the memory tells of them.
func (a *attempt) triesBefore() []record.Attempt {
	var out []record.Attempt
	for i, t := range a.memory.Tries {
		out = append(out, record.Attempt{
			Number: a.memory.Dropped + i + 1, Backend: t.Backend, Account: t.Account, Model: policies.Clean(t.Model),
			Verdict: t.Verdict.String(), Reason: t.Reason, Status: t.Status,
		})
	}
	return out
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
