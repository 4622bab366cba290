package bootstrap

import (
	"strings"
	"testing"
)

// What made a configuration shows in its node, or in the names of its clusters.
func TestMeshOfADump(t *testing.T) {
	cluster := func(name string) string {
		return part("Clusters", `"dynamic_active_clusters":[{"cluster":{"name":"other"}},{"cluster":{"name":"`+name+`"}}]`)
	}
	for name, c := range map[string]struct {
		part string
		want mesh
	}{
		"Istio's node":             {part("Bootstrap", `"bootstrap":{"node":{"metadata":{"ISTIO_VERSION":"1.30.3"}}}`), istio},
		"another node":             {part("Bootstrap", `"bootstrap":{"node":{"metadata":{"OTHER":"1"}}}`), byHand},
		"Istio's cluster":          {cluster("outbound|80||a.b"), istio},
		"Envoy Gateway's route":    {cluster("httproute/a/b/rule/0"), envoyGateway},
		"Envoy Gateway's ext_proc": {cluster("envoyextensionpolicy/a/b/0"), envoyGateway},
		"no mesh":                  {cluster("inbound|80||"), byHand},
	} {
		if got := read(t, c.part).mesh(); got != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}

// Each path has the fix of the resource that sets it, and only of its own mesh.
func TestMeshFixes(t *testing.T) {
	const route = "static_resources.listeners[a].filter_chains[0].filters[h].typed_config.route_config.virtual_hosts[v].routes[r]."
	const manager = "static_resources.listeners[a].filter_chains[0].filters[h].typed_config."
	for _, c := range []struct{ path, istio, gateway string }{
		{route + "request_body_buffer_limit", "request_body_buffer_limit: …", "requestBuffer.limit"},
		{route + "typed_per_filter_config[envoy.filters.http.buffer]", "request_body_buffer_limit: …", "requestBuffer.limit"},
		{route + "request_headers_to_remove", "headers.request.remove", "RequestHeaderModifier remove"},
		{route + "response_headers_to_remove", "headers.response.remove", "ResponseHeaderModifier remove"},
		{route + "request_headers_to_add", "headers.request.set", "RequestHeaderModifier set"},
		{manager + "preserve_external_request_id", "on the inner port", "PreserveOrGenerate"},
		{manager + "common_http_protocol_options.headers_with_underscores_action", "NETWORK_FILTER MERGE", "withUnderscoresAction"},
		{manager + "stream_idle_timeout", "EDGE", "streamIdleTimeout"},
		{route + "route.timeout", "leave timeout out", "timeouts.request"},
		{route + "route.retry_policy.rate_limited_retry_back_off", "HTTP_ROUTE MERGE", "wait: heald"},
		{route + "route.retry_policy.retriable_headers", "x-envoy-retriable-header-names", "x-envoy-retriable-header-names"},
		{route + "route.retry_policy.retry_on", "in Istio: VirtualService retries", "BackendTrafficPolicy retry"},
		{route + "route.retry_policy.num_retries", "in Istio: VirtualService retries", "BackendTrafficPolicy retry"},
		{route + "route.retry_policy.retriable_status_codes", "in Istio: VirtualService retries", "BackendTrafficPolicy retry"},
		{route + "route.retry_policy.per_try_timeout", "attempts: 0 for the inner routes", "of the outer route only"},
		{route + "include_request_attempt_count", "envoy.filters.http.router", "memory: store"},
		{manager + "http_filters[r].typed_config.upstream_http_filters", "envoy.filters.http.router", "memory: store"},
		{manager + "local_reply_config.mappers[0]", "on the inner port", "EnvoyPatchPolicy on the inner listener"},
		{manager + "http_filters[custom_response]", "", "responseOverride"},
		{manager + "http_filters[heald].typed_config.message_timeout", "that inserts the filter", "extProc.messageTimeout"},
		{manager + "http_filters[heald].typed_config.status_on_error", "that inserts the filter", "extProc.statusOnError"},
		{manager + "http_filters[heald].typed_config.processing_mode.request_body_mode", "that inserts the filter", "extProc.processingMode"},
		{manager + "http_filters[heald].typed_config.response_attributes", "that inserts the filter", "extProc.processingMode"},
		{manager + "http_filters[heald].typed_config.mutation_rules.allow_all_routing", "that inserts the filter", "authority: route"},
		{manager + "http_filters[heald].disabled", "that inserts the filter; if an EnvoyFilter", "EnvoyExtensionPolicy"},
		{"static_resources.clusters[c].circuit_breakers", "DestinationRule connectionPool", "circuitBreaker"},
		{"static_resources.clusters[c].outlier_detection", "outlierDetection", "healthCheck.passive"},
		{"static_resources.clusters[c].transport_socket", "DestinationRule tls", "BackendTLSPolicy"},
		{"static_resources.clusters[c].common_http_protocol_options.idle_timeout", "connectionPool.http.idleTimeout", "connectionIdleTimeout"},
		{"static_resources.clusters[c].connection_keepalive", "CLUSTER MERGE", "EnvoyPatchPolicy"},
		{manager + "access_log[file]", "accessLogFormat", "accessLog.settings"},
		{route + "route.host_rewrite_literal", "rewrite.authority", "URLRewrite hostname"},
		{manager + "route_config.virtual_hosts[v].domains", "rewrite.authority", "URLRewrite hostname"},
		{route + "route.cluster", "VirtualService's destination", "backendRefs"},
		{"static_resources.listeners", "EnvoyFilter's match", "targetRefs"},
		{manager + "http_filters", "INSERT_AFTER", "EnvoyPatchPolicy"},
		{manager + "delayed_close_timeout", "NETWORK_FILTER MERGE", "ClientTrafficPolicy"},
		{"static_resources.clusters[c].name", "", ""},
	} {
		for m, want := range map[mesh]string{istio: c.istio, envoyGateway: c.gateway, byHand: ""} {
			got := m.fix(c.path)
			if (got == "") != (want == "") || !strings.Contains(got, want) {
				t.Errorf("%d: %s: %q, want %q", m, c.path, got, want)
			}
			if m == istio && strings.Contains(got, "in Envoy Gateway") || m == envoyGateway && strings.Contains(got, "in Istio") {
				t.Errorf("%s: %q is of the other mesh", c.path, got)
			}
		}
	}
}

// Names in a path may have brackets and dots.
func TestBracket(t *testing.T) {
	for in, want := range map[string][2]string{
		"[a].b":       {"a", ".b"},
		"[a]":         {"a", ""},
		"[a][b]":      {"a", "[b]"},
		"[a[0]b].c":   {"a[0]b", ".c"},
		"[a.b/c:80].": {"a.b/c:80", "."},
		"[]":          {"", ""},
	} {
		if name, rest, ok := bracket(in); !ok || name != want[0] || rest != want[1] {
			t.Errorf("%s: %q %q %v", in, name, rest, ok)
		}
	}
	for _, in := range []string{"", "a[b]", "[a", "[a]b"} {
		if name, rest, ok := bracket(in); ok || name != "" || rest != in {
			t.Errorf("%s: %q %q %v", in, name, rest, ok)
		}
	}
}
