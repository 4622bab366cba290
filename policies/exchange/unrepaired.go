package exchange

import (
	"hash/crc32"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// unrepaired refuses a request in which no file could give way, although the
// attempt before asked for that: the same files would be refused again, and the
// first refusal is the answer. nil if the request is worth sending, as it is after
// every other repair: what upstream says of signatures and fields is not always
// true, and the same body may pass the second time.
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
	refusal := a.lastWord(conversation.Error{Kind: conversation.ErrInvalid, Message: "the model backend refused the request"})
	refusal.NoRetry = true
	return a.refuse(last.Reason, &refusal)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// bodySum tells bodies of one request apart, at all replicas alike.
func bodySum(body []byte) uint64 {
	return uint64(len(body))<<32 | uint64(crc32.Checksum(body, castagnoli))
}
