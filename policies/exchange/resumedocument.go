package exchange

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// documentText is the text in bytes from which on the rest of a document is
// fetched although the whole could still be asked for again: some 500 tokens.
// Less is soon generated again, and needs no seam.
const documentText = 2 << 10

// judgeDocument decides on a held reply that is not good. The rest of a document
// that broke off is fetched if it has so much text that generating it again
// would be a waste, or if no other attempt is left.
func (a *attempt) judgeDocument(seen heal.Seen) policies.Action {
	switch {
	case a.req.Stream,
		seen.Peek != heal.ReasonPeekTruncated && seen.Peek != heal.ReasonPeekGarbage && seen.Peek != heal.ReasonPeekError,
		seen.Error != nil && !a.canRetry(seen),
		!a.resumable(),
		a.mayRetry(0) && a.answer.sofar.Size() < documentText:
		return a.judge(seen)
	}
	return a.resume(nil, &resumption{cause: seen.Peek, held: &seen})
}

// canRetry reports whether another attempt may help after what this one has
// shown.
func (a *attempt) canRetry(seen heal.Seen) bool {
	r := a.verdictOn(&seen)
	return r.Verdict.Again()
}
