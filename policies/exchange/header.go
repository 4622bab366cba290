package exchange

import (
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies"
)

// What passes is listed, not what must not: clients, proxies and meshes send
// names, addresses, tokens and trace ids in headers that nobody can enumerate.

// requestKept are the headers of a client's request that stay in the one to the
// provider: those about the connection, which Envoy sets anew, and
// x-forwarded-proto, without which Envoy finds no route. That one holds http or
// https, and the route removes it. heald sets all other headers that go
// upstream: content type, user agent, credential.
var requestKept = []string{"host", "content-length", "transfer-encoding", "x-forwarded-proto"}

// responseKept are the headers of the provider's response that stay in the one
// to the client. heald sets all other headers that clients get.
var responseKept = []string{"date"}

// clientHeaders are the client's headers that do not go upstream.
func (a *attempt) clientHeaders() []string { return namesExcept(a.in.Headers, requestKept) }

// upstreamHeaders are the provider's headers that the client does not get.
func (a *attempt) upstreamHeaders() []string { return namesExcept(a.response.Headers, responseKept) }

// namesExcept returns the names of the headers that are not kept, each once.
func namesExcept(headers policies.Headers, kept []string) []string {
	out := make([]string, 0, len(headers))
	for _, h := range headers {
		if !strings.HasPrefix(h.Name, ":") && !slices.Contains(kept, h.Name) && !slices.Contains(out, h.Name) {
			out = append(out, h.Name)
		}
	}
	return out
}
