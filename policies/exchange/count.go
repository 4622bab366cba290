package exchange

import (
	"net/http"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// Counting tokens is one call that nothing waits for: clients ask often (Claude
// Code 25 times for one display) and can live with an estimate. A count that
// upstream does not give within the peek's deadline is estimated, and the
// reply says so; only what another account or backend may well count is asked
// for there, at once.

// counts reports whether the attempt asks for a token count, not for an answer.
func (a *attempt) counts() bool { return a.route.Operation == conversation.CountTokens }

// counted answers with what upstream has counted.
func (a *attempt) counted() policies.Action {
	n, err := gemini.ParseTokenCount(a.errBody)
	if err != nil {
		a.record.err = err
		return a.estimated()
	}
	if a.features.Direct != nil {
		return a.countReply(a.errBody, heal.ReasonOK)
	}
	return a.countReply(a.features.TokenCount(n), heal.ReasonOK)
}

// recounts reports whether a count that failed is tried elsewhere, and removes
// the verdict's wait. Another model would count differently.
func (a *attempt) recounts(seen *heal.Seen, r *heal.Verdict) bool {
	elsewhere := r.Verdict == policies.Failover && seen.ReadyBackend && seen.Peek != heal.ReasonPeekTimeout
	switch {
	case r.Verdict != policies.Retry:
	case r.OfGroup:
		elsewhere = seen.Group.Ready
	case r.Account.Scope == heal.CoolModel || r.Account.Scope == heal.CoolAccount:
		elsewhere = seen.OtherAccount
	}
	if elsewhere {
		r.Wait = 0
	}
	return elsewhere && a.mayRetry(0)
}

// estimated answers with a guess from the size of the rendered request.
func (a *attempt) estimated() policies.Action {
	return a.countReply(a.features.TokenCount(a.estimate), heal.ReasonTokenEstimate)
}

func (a *attempt) countReply(body []byte, reason string) policies.Action {
	a.record.final = true
	a.settle(policies.Pass, reason)
	a.move(over)
	headers := append(policies.Headers{{Name: "content-type", Value: "application/json"}}, append(a.clientReadable(), a.sdkRequestID()...)...)
	if reason != heal.ReasonOK {
		headers = append(headers, policies.Header{Name: policies.HeaderLocal, Value: reason})
	}
	return policies.Action{Step: policies.Answer, Reply: &policies.Reply{
		Status: http.StatusOK, Headers: headers, Body: body, Verdict: policies.Pass, Reason: reason,
	}}
}
