package exchange

import (
	"hash/crc32"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// unrepaired refuses a request that the repair asked for by the attempt before
// has not changed: it would be refused again, so the first refusal is the answer.
// nil if it is worth sending.
func (a *attempt) unrepaired() *policies.Reply {
	tries := a.memory.Tries
	if len(tries) == 0 {
		return nil
	}
	last := tries[len(tries)-1]
	if last.Repair == 0 || last.Body != a.body || last.Backend != a.backend.Name || last.Model != a.model {
		return nil
	}
	refusal := a.lastWord(conversation.Error{Kind: conversation.ErrInvalid, Message: "the model backend refused the request"})
	refusal.NoRetry = true
	return a.refuse(last.Reason, &refusal)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bodySum tells bodies of one request apart, at all replicas alike.
func bodySum(body []byte) uint64 {
	return uint64(len(body))<<32 | uint64(crc32.Checksum(body, castagnoli))
}
