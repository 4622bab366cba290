package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
)

// checkDoor checks that a listener which other machines reach asks who comes.
func (c *checker) checkDoor(ch *chain) {
	if c.want.ClientKeys || ch.private() || ch.authenticates() {
		return
	}
	c.note(fmt.Sprintf("static_resources.listeners[%s].address", ch.listener.GetName()), "other machines can reach it, and nothing asks for a key",
		"whoever reaches it spends the quota of heald's accounts",
		"client_keys in heald.yaml; or a filter that authenticates (jwt_authn, ext_authz, rbac), or TLS with require_client_certificate; or 127.0.0.1")
}

// authFilters are the types of filters that let only those in who may.
var authFilters = []string{".jwt_authn.", ".ext_authz.", ".rbac.", ".oauth2.", ".basic_auth.", ".api_key_auth."}

// authenticates reports whether the listener asks for an identity.
func (ch *chain) authenticates() bool {
	for _, f := range ch.hcm.GetHttpFilters() {
		for _, kind := range authFilters {
			if strings.Contains(f.GetTypedConfig().GetTypeUrl(), kind) && !f.GetDisabled() {
				return true
			}
		}
	}
	for _, fc := range slices.Concat(ch.listener.GetFilterChains(), []*listenerv3.FilterChain{ch.listener.GetDefaultFilterChain()}) {
		tls, ok := decode[*tlsv3.DownstreamTlsContext](fc.GetTransportSocket().GetTypedConfig())
		if ok && tls.GetRequireClientCertificate().GetValue() {
			return true
		}
	}
	return false
}
