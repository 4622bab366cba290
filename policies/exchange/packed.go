package exchange

import (
	"errors"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/inflate"
)

// readable reports whether heald can decompress the reply. Upstream is not told
// that heald takes compressed replies: the client's accept-encoding is removed.
// Proxies on the way compress some anyway.
func (a *attempt) readable(resp *policies.Response) bool {
	a.packed, a.unreadable = inflate.NewReply(contentEncoding(resp.Headers))
	return a.unreadable == nil
}

// inflate decompresses bytes from upstream.
func (a *attempt) inflate(chunk []byte, end bool) ([]byte, error) {
	plain, err := a.packed.Next(chunk, end)
	a.unreadable = err
	return plain, err
}

// push passes bytes from upstream to the answer, decompressed. A body that was
// cut ends like one that was not compressed.
func (a *attempt) push(chunk []byte, end bool) error {
	plain, broken := a.inflate(chunk, end)
	if a.answer.cut = errors.Is(broken, inflate.ErrCut); !a.answer.cut {
		a.answer.broken = broken
	}
	return a.answer.push(plain)
}
