package exchange

import (
	"crypto/rand"
	"slices"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// noReply are the reasons after which the connection itself may be broken.
var noReply = []string{heal.ReasonStale, heal.ReasonConnect, heal.ReasonEnvoyTimeout, heal.ReasonPeekTimeout}

// needsConnection reports whether an earlier attempt at the backend got no
// reply, or was lost. Over HTTP/2 this attempt would share its connection, and
// over HTTP/1.1 get another one that has been idle for as long.
func (a *attempt) needsConnection() bool {
	return a.lost > 0 || slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Backend == a.backend.Name && slices.Contains(noReply, t.Reason)
	})
}

// ownConnection is the header that makes Envoy open a new connection: no other
// request has its value, so no pooled connection matches.
func ownConnection() policies.Header {
	return policies.Header{Name: policies.HeaderConnection, Value: rand.Text()}
}
