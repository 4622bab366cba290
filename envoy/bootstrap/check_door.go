package bootstrap

import (
	"fmt"
	"net/http"
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

const (
	// addedHeaders is more than what Envoy and heald's routes add to a client's
	// headers.
	addedHeaders = 30
	// headersByDefault is Envoy's limit on the number of headers.
	headersByDefault = 100
)

// checkHeaderCount checks that inner takes what outer has taken.
func (c *checker) checkHeaderCount(ch *chain) {
	limit := func(ch *chain) uint32 {
		if n := ch.hcm.GetCommonHttpProtocolOptions().GetMaxHeadersCount(); n != nil {
			return n.GetValue()
		}
		return headersByDefault
	}
	if want := limit(ch) + addedHeaders; limit(c.inner) < want {
		c.problem(c.inner.path+".common_http_protocol_options.max_headers_count",
			fmt.Sprintf("%d headers, and %d are taken from clients, to which some are added", limit(c.inner), limit(ch)),
			"requests with many headers are refused behind the door, and retried in vain", fmt.Sprintf("max_headers_count: %d", want))
	}
}

// checkUpgrade checks what clients are told that begin with a WebSocket.
func (c *checker) checkUpgrade(ch *chain) {
	for _, m := range ch.hcm.GetLocalReplyConfig().GetMappers() {
		if m.GetStatusCode().GetValue() == http.StatusUpgradeRequired && strings.Contains(expression(m.GetFilter()), "upgrade_failed") {
			return
		}
	}
	if !websocket(ch.hcm.GetUpgradeConfigs()) {
		c.note(ch.path+".local_reply_config.mappers", "none answers refused upgrades (upgrade_failed) with 426",
			"Codex, which begins with a WebSocket, gets 403 and goes over to HTTP only after 8s", "copy the first mapper of envoy.yaml's listener `outer`")
	}
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
