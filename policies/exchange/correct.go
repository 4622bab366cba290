package exchange

import (
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/tenant"
)

// correct corrects what the attempt has reserved, once, as soon as upstream says how
// many tokens the prompt has: Gemini does in the first piece of an answer. Until then
// they are a guess, and those too many keep others waiting. What of the output is
// reserved stays until the end.
//
// Where the answer has finished by then, its end is near, and tells. So it does where
// what is counted is not all: where upstream runs tools, what they read comes to the
// prompt while it answers, and the rest of a broken answer has a prompt of its own.
func (a *attempt) correct() {
	if a.promptCounted || a.tools || a.lease == nil || a.resumption != nil {
		return
	}
	u := a.answer.decoder.Usage()
	if u.Input == 0 || a.answer.finished() {
		return
	}
	a.promptCounted = true
	a.learnInput(int64(u.Input))
	c := account.Correction{Tokens: int64(u.Input)}
	if a.reserved != nil && len(a.reserved.Budgets) > 0 {
		needs := a.expected(a.model)
		needs.Input, needs.Cached = int64(u.Input), int64(u.Cached)
		c.Amounts = a.usedOf(&tenant.Usage{Input: needs.Input, Output: needs.Output, Cost: a.cost(&needs).Nano})
	}
	a.lease.Correct(c)
}
