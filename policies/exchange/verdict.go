package exchange

import (
	"net/http"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// judge decides on an attempt that is not good and makes the one reply that ends
// it. A reply that asks for another attempt is at the same time the right error
// in case Envoy does not retry.
func (a *attempt) judge(seen heal.Seen) policies.Action {
	r := a.verdictOn(&seen)
	if r.Row != heal.ReasonProxy { // heald's own words, of a host that somebody has to repair
		a.x.fitForClient(&r.Client)
	}
	if r.Row == heal.ReasonNoModel {
		a.noModel(&r.Client)
	}
	a.record.err, a.record.status = r.Err, seen.Status
	a.record.blames = r.Account.Scope != heal.NoEffect || r.Backend.Scope != heal.NoEffect
	if empty(seen.Peek) && seen.Error == nil {
		a.unlearn(seen.Peek)
	}
	// What happens to a count says nothing of the quota and the capacity for
	// answers.
	if ofAnswers := a.counts() && r.OfModel; a.backend != nil && !ofAnswers {
		a.apply(&seen, &r)
	}
	if a.counts() && a.phase != asked && !a.recounts(&seen, &r) {
		return a.estimated()
	}
	if r.Row == heal.ReasonSignature {
		a.thread.Purge(r.Repair.Has(heal.Prompt))
	}
	if r.Verdict.Again() && (a.x.cfg.OneHop || r.Reason != heal.ReasonStale && !a.mayRetry(r.Wait)) {
		r.Verdict, r.Wait = policies.Fail, 0
	}
	return policies.Action{Step: policies.Answer, Reply: a.reply(&r)}
}

// verdictOn is the verdict on what an attempt has shown, given the candidates
// that are left.
func (a *attempt) verdictOn(seen *heal.Seen) heal.Verdict {
	seen.Attempt = a.attemptsUsed()
	seen.Repaired = a.repairs()
	seen.OnlyPlaceholders = a.onlyPlaceholders()
	seen.MaxWait = a.settings.MaxWait
	seen.Names, seen.Tools = a.names, a.tools
	seen.Pooled = !a.alone && a.memory.Forgiven() == 0
	seen.Delay, seen.DelayInText = gemini.RetryDelay(a.response.Headers.Get("retry-after"), seen.Error, a.servedAt())
	if a.backend != nil {
		seen.SharedCapacity = a.backend.Kind == route.Vertex
		seen.Unprovisioned = a.tierAsked == gemini.Shared || a.unprovisioned()
		seen.Project, seen.Proxy, seen.PlainText = a.backend.Project, a.backend.ProxyHost(), a.backend.PlainText()
		a.findAlternatives(seen)
		seen.Cut = a.untilDeadline() <= 0
	}
	r := heal.Judge(*seen)
	r.Jitter(a.x.random())
	return r
}

// servedAt is when the response was made, on the server's clock: its dates are
// on the same clock.
func (a *attempt) servedAt() time.Time {
	if at, err := http.ParseTime(a.response.Headers.Get("date")); err == nil {
		return at
	}
	return time.Now()
}

// repairs are those that earlier attempts have asked for and that apply to this
// one.
func (a *attempt) repairs() heal.Repairs {
	if a.backend == nil {
		return 0
	}
	return a.memory.RepairsAt(a.backend.Name, a.model)
}

// onlyPlaceholders reports whether the history has calls, but none of its
// signatures went upstream: then a refusal is about the placeholder. Native
// bodies are not searched.
func (a *attempt) onlyPlaceholders() bool {
	return a.features.Direct == nil && a.called && a.thread != nil && !a.thread.Sent()
}

// mayRetry reports whether the budgets allow another attempt after wait.
func (a *attempt) mayRetry(wait time.Duration) bool {
	return a.attemptsUsed() < a.settings.Attempts && a.untilDeadline()-wait >= a.leastTime()
}

// reply encodes a verdict in the client's dialect.
func (a *attempt) reply(r *heal.Verdict) *policies.Reply {
	client := a.clientError(r)
	a.setRetryAfter(r, &client)
	client.RequestID = a.requestID()
	if r.Status == http.StatusTooManyRequests {
		client.Rates = a.timed(withRates(client.Rates, headerRates(a.response.Headers)))
	}
	if a.record.final = !r.Verdict.Again(); !a.record.final {
		client.RetryAfter = max(client.RetryAfter, int(r.Wait/time.Second))
	}
	status, headers, body := a.encodeError(&client)
	a.record.client = status
	a.settle(r.Verdict, r.Reason)
	reply := &policies.Reply{
		Status: status, Headers: append(headers, a.clientReadable()...), Body: body,
		Verdict: r.Verdict, Reason: r.Reason,
	}
	if r.Verdict.Again() {
		reply.Wait, reply.Memory = a.remember(r, client)
	}
	a.record.wait = r.Wait
	a.move(over)
	return reply
}

// remember seals the memory for the next attempt. byEnvoy is the part of the
// wait that is left to Envoy, where the route does so: whole seconds, and fewer
// than the wait has, since Envoy adds up to half of them. The next attempt waits
// the rest. With memory: store the memory is put into the store, and sealed is
// "".
func (a *attempt) remember(r *heal.Verdict, client conversation.Error) (byEnvoy time.Duration, sealed string) {
	if a.settings.Wait == "envoy" {
		byEnvoy = (r.Wait * 2 / 3).Truncate(time.Second)
	}
	m := a.memory
	m.Tenant = a.caller.Tenant.Name
	m.Until, m.ByEnvoy = time.Time{}, byEnvoy
	if r.Wait > 0 {
		m.Until = a.x.clock.Now().Add(r.Wait)
	}
	m.Repairs |= r.Repair
	a.moments.repair = r.Repair
	if r.Repair != 0 {
		a.x.metrics.repairs.WithLabelValues(r.Repair.String()).Inc()
	}
	m.Last = &client
	try := a.try(r)
	if try.Used = a.usedSoFar(); a.upstreamStatus() != r.Status {
		try.Replied = a.upstreamStatus()
	}
	m.Tries = slices.Clip(m.Tries)
	m.Remember(try, a.number)
	sealed = m.Seal(a.x.key, a.x.clock, a.requestID())
	if a.settings.StoresMemory() {
		a.storeMemory(sealed, r.Wait)
		return byEnvoy, ""
	}
	return byEnvoy, sealed
}

// try is what later attempts need to know of this one.
func (a *attempt) try(r *heal.Verdict) heal.Try {
	try := heal.Try{Verdict: r.Verdict, Reason: r.Reason, Status: r.Status, Rotate: r.Rotate, Repair: r.Repair, Lasting: r.Lasting, OfModel: r.OfModel, Failure: r.Failure, OfGroup: r.OfGroup, OfTier: r.OfTier}
	if a.backend != nil {
		try.Backend, try.Account, try.Model, try.Tier = a.backend.Name, a.account.ID, a.model, a.tier
	}
	if r.Repair != 0 {
		try.Body = a.body
	}
	return try
}

// refuse ends the attempt with an error of heald's own, or one of an earlier
// attempt.
func (a *attempt) refuse(reason string, e *conversation.Error) *policies.Reply {
	e.RequestID = a.requestID()
	e.Message, e.Param = redact.Bound(e.Message, redact.Limit), redact.Bound(e.Param, paramLimit)
	a.record.err, a.record.final = forRecords(e), true
	a.settle(policies.Fail, reason)
	a.move(over)
	status, headers, body := a.encodeError(e)
	a.record.client = status
	return &policies.Reply{
		Status: status, Headers: append(headers, a.clientReadable()...), Body: body,
		Verdict: policies.Fail, Reason: reason,
	}
}

// settle records the verdict, once.
func (a *attempt) settle(v policies.Verdict, reason string) {
	a.record.verdict, a.record.reason = v, reason
	a.moments.decided = time.Now()
	if !a.sentAt.IsZero() {
		a.record.held = time.Since(a.sentAt)
		a.observe(a.x.metrics.held.Of(a.labels().backend, v.String()), a.record.held)
	}
}
