package exchange

import (
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/tenant"
)

// correct corrects the attempt's reservation, once, as soon as upstream has
// counted the tokens of the prompt; Gemini does in the first piece of an answer.
// Until then they are a guess, and a guess that is too high keeps others
// waiting. The output's reservation stays until the end.
//
// An answer that has finished by then is settled at its end. So is one whose
// prompt count is not final: where upstream runs tools, their results are added
// to the prompt during the answer, and the rest of a broken answer has a prompt
// of its own.
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
