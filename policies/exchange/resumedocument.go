package exchange

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// documentText is how much text of a document must be there, in bytes, for its
// rest to be fetched while the whole could still be asked for again: some 500
// tokens. Less is soon generated again, and needs no seam.
const documentText = 2 << 10

// judgeDocument judges a held reply that is not good. The rest of a document
// that broke off is fetched if it has so much text that it would be a waste to
// have it generated again, or if there is no other attempt to come.
func (a *attempt) judgeDocument(seen heal.Seen) policies.Action {
	switch {
	case a.req.Stream,
		seen.Peek != heal.ReasonPeekTruncated && seen.Peek != heal.ReasonPeekGarbage && seen.Peek != heal.ReasonPeekError,
		seen.Error != nil && !a.again(seen),
		!a.resumable(),
		a.mayRetry(0) && a.answer.sofar.Size() < documentText:
		return a.judge(seen)
	}
	return a.resume(nil, &resumption{cause: seen.Peek, held: &seen})
}

// again reports whether what an attempt has shown may be mended by asking again.
func (a *attempt) again(seen heal.Seen) bool {
	r := a.rule(&seen)
	return r.Verdict.Again()
}
