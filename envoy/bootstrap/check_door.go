package bootstrap

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
)

// checkDoor checks that a listener which other machines reach asks for a key.
func (c *checker) checkDoor(ch *chain) {
	if c.want.ClientKeys || ch.private() || ch.authenticates() || ch.captures() {
		return
	}
	c.note(fmt.Sprintf("static_resources.listeners[%s].address", ch.listener.GetName()), "other machines can reach it, and nothing asks for a key",
		"whoever reaches it spends the quota of heald's accounts",
		"tenants or client_keys in heald.yaml; or a filter that authenticates (jwt_authn, ext_authz, rbac), or TLS with require_client_certificate; or 127.0.0.1")
}

// captures reports whether the listener has no port of its own: a sidecar's, which
// gets what its own pod sends.
func (ch *chain) captures() bool {
	return ch.listener.GetBindToPort() != nil && !ch.listener.GetBindToPort().GetValue()
}

const (
	// addedHeaders is more than what Envoy and heald's routes add to a client's
	// headers.
	addedHeaders = 30
	// headersByDefault is Envoy's limit on the number of headers.
	headersByDefault = 100
)

// checkHeaderCount checks that inner accepts as many headers as outer.
func (c *checker) checkHeaderCount(ch *chain) {
	limit := func(ch *chain) uint32 {
		if n := ch.hcm.GetCommonHttpProtocolOptions().GetMaxHeadersCount(); n != nil {
			return n.GetValue()
		}
		return headersByDefault
	}
	if want := limit(ch) + addedHeaders; limit(c.inner) < want {
		report := c.problem
		if c.dump != nil && c.dump.mesh() == envoyGateway {
			report = c.note // only a patch sets it
		}
		report(c.inner.path+".common_http_protocol_options.max_headers_count",
			fmt.Sprintf("%d headers, but %d are accepted from clients, to which some are added", limit(c.inner), limit(ch)),
			"the inner listener refuses requests with many headers, and they are retried in vain", fmt.Sprintf("max_headers_count: %d", want))
	}
}

// checkUnderscores checks that headers such as Codex's session_id are accepted.
func (c *checker) checkUnderscores(ch *chain) {
	switch action := ch.hcm.GetCommonHttpProtocolOptions().GetHeadersWithUnderscoresAction(); action {
	case corev3.HttpProtocolOptions_REJECT_REQUEST:
		c.problem(ch.path+".common_http_protocol_options.headers_with_underscores_action", action.String(),
			"requests with such a header get a 400: those of Codex, which sends session_id", "headers_with_underscores_action: ALLOW")
	case corev3.HttpProtocolOptions_DROP_HEADER:
		c.note(ch.path+".common_http_protocol_options.headers_with_underscores_action", action.String(),
			"heald does not see Codex's session_id, by which requests of a session go to the same account", "headers_with_underscores_action: ALLOW")
	}
}

// checkUpgrade checks the reply for clients that begin with a WebSocket.
func (c *checker) checkUpgrade(ch *chain) {
	for _, m := range ch.hcm.GetLocalReplyConfig().GetMappers() {
		if m.GetStatusCode().GetValue() == http.StatusUpgradeRequired && strings.Contains(expression(m.GetFilter()), "upgrade_failed") {
			return
		}
	}
	if !websocket(ch.hcm.GetUpgradeConfigs()) {
		c.note(ch.path+".local_reply_config.mappers", "none answers refused upgrades (upgrade_failed) with 426",
			"Codex, which begins with a WebSocket, gets 403 and changes to HTTP only after 8s", "copy the first mapper of envoy.yaml's listener `outer`")
	}
}

// checkSpellings notes routes to heald that differ by path. heald accepts a path
// under many base URLs, and with a slash at its end, so clients can choose a
// route. For doubled slashes see checkAsked.
func (c *checker) checkSpellings(ch *chain) {
	var byPath []*routeRef
	routes := map[*routev3.Route]bool{}
	for _, r := range uniq(c.outer) {
		if r.chain != ch {
			continue
		}
		routes[r.route] = true
		if m := r.route.GetMatch(); m.GetPrefix() != "/" && m.GetConnectMatcher() == nil {
			byPath = append(byPath, r)
		}
	}
	if len(routes) < 2 {
		return
	}
	for _, r := range byPath {
		c.note(r.path+".match", "matches requests by path, but heald takes /messages, /anthropic/v1/messages or /v1/messages/ for /v1/messages",
			"a client can choose another route to heald, without the policy and the checks of this one",
			"policies and checks on the other routes to heald that are as strict; or match by headers instead of paths")
	}
}

// checkOfferOfTLS checks that a client may offer to change to TLS, which only
// clients without TLS do.
func (c *checker) checkOfferOfTLS(ch *chain) {
	if ch.allTLS() || slices.ContainsFunc(ch.hcm.GetHttpProtocolOptions().GetIgnoreHttp_11Upgrade(), takesTLS) {
		return
	}
	c.note(ch.path+".http_protocol_options.ignore_http_11_upgrade", "TLS/ is not listed",
		"without TLS, every request of Apache's HttpClient (5.4 and later, so Spring's) is refused: it offers an upgrade",
		"ignore_http_11_upgrade: [{prefix: TLS/}]")
}

// takesTLS reports whether a matcher takes what Apache's HttpClient offers.
func takesTLS(m *matcherv3.StringMatcher) bool {
	const offer = "TLS/1.2"
	switch p := m.GetMatchPattern().(type) {
	case *matcherv3.StringMatcher_Exact:
		return p.Exact == offer
	case *matcherv3.StringMatcher_Prefix:
		return strings.HasPrefix(offer, p.Prefix)
	}
	return true // other matchers are not examined
}

// chains are the listener's filter chains, the default one too.
func (ch *chain) chains() []*listenerv3.FilterChain {
	all := slices.Clone(ch.listener.GetFilterChains())
	if d := ch.listener.GetDefaultFilterChain(); d != nil {
		all = append(all, d)
	}
	return all
}

// allTLS reports whether clients can only connect with TLS.
func (ch *chain) allTLS() bool {
	return !slices.ContainsFunc(ch.chains(), func(fc *listenerv3.FilterChain) bool {
		_, ok := decode[*tlsv3.DownstreamTlsContext](fc.GetTransportSocket().GetTypedConfig())
		return !ok
	})
}

// checkAsked checks that requests of monitors, old clients and base URLs that end
// with a slash are accepted.
func (c *checker) checkAsked(ch *chain) {
	old := ch.hcm.GetHttpProtocolOptions()
	if !old.GetAcceptHttp_10() || old.GetDefaultHostForHttp_10() == "" {
		c.note(ch.path+".http_protocol_options", "HTTP/1.0 is not accepted, or not without a host", "health checks and scripts that speak it are refused",
			"http_protocol_options: {accept_http_10: true, default_host_for_http_10: localhost}")
	}
	if !ch.hcm.GetMergeSlashes() {
		c.note(ch.path+".merge_slashes", "not set", "a base URL that ends with a slash makes paths like //v1/messages, which heald accepts, but which routes and filters for /v1 do not match",
			"merge_slashes: true")
	}
	if !slices.ContainsFunc(ch.hcm.GetHttpFilters(), func(f *hcmv3.HttpFilter) bool {
		return strings.Contains(f.GetTypedConfig().GetTypeUrl(), ".health_check.") && !f.GetDisabled()
	}) {
		c.note(ch.path+".http_filters", "no health_check filter", "/healthz is 404: load balancers cannot find out whether a replica of heald can be reached",
			"copy the first filter of envoy.yaml's listener `outer`")
	}
}

// authFilters are the types of filters that authenticate.
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
	for _, fc := range ch.chains() {
		tls, ok := decode[*tlsv3.DownstreamTlsContext](fc.GetTransportSocket().GetTypedConfig())
		if ok && tls.GetRequireClientCertificate().GetValue() {
			return true
		}
	}
	return false
}
