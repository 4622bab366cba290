package exchange

import (
	"hash/crc32"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// unrepaired refuses a request in which no file could be removed, although the
// attempt before asked for that: the same files would be refused again, so the
// client gets the first refusal. It returns nil if the request is worth sending.
// After every other repair it is: upstream's messages about signatures and
// fields are not always true, and the same body may pass the second time.
func (a *attempt) unrepaired() *policies.Reply {
	tries := a.memory.Tries
	if len(tries) == 0 {
		return nil
	}
	last := tries[len(tries)-1]
	if !last.Repair.Has(heal.OmitMedia) && !last.Repair.Has(heal.OmitOlderMedia) {
		return nil
	}
	if last.Body != a.body || last.Backend != a.backend.Name || last.Model != a.model {
		return nil
	}
	refusal := a.finalError(conversation.Error{Kind: conversation.ErrInvalid, Message: "the model backend refused the request"})
	refusal.NoRetry = true
	return a.refuse(last.Reason, &refusal)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bodySum distinguishes bodies of one request, the same way at all replicas.
func bodySum(body []byte) uint64 {
	return uint64(len(body))<<32 | uint64(crc32.Checksum(body, castagnoli))
}
