package bootstrap

import (
	"regexp"
	"strings"
)

// mesh is what makes an Envoy's configuration.
type mesh int

const (
	byHand mesh = iota
	istio
	envoyGateway
)

// mesh finds out what made the configuration that the dump shows.
func (d *Dump) mesh() mesh {
	if d.all.GetNode().GetMetadata().GetFields()["ISTIO_VERSION"] != nil {
		return istio
	}
	for _, cl := range d.all.GetStaticResources().GetClusters() {
		switch name := cl.GetName(); {
		case strings.HasPrefix(name, "outbound|"):
			return istio
		case strings.HasPrefix(name, "httproute/"), strings.HasPrefix(name, "envoyextensionpolicy/"):
			return envoyGateway
		}
	}
	return byHand
}

// unmatchedPatch is what a missing part of Istio's configuration often means.
const unmatchedPatch = "if an EnvoyFilter does that, its match fits nothing, which Istio does not report: portNumber is the pod's port (8080 for 80), " +
	"virtual hosts are matched by vhost.name (host:port) without routeConfiguration.gateway, and a MERGE cannot set false or 0"

// unmatchedPolicy is the same for Envoy Gateway.
const unmatchedPolicy = "if an EnvoyPatchPolicy does that, read its status: a patch that fits nothing is reported only there"

// meshFixes say where a mesh's own resources set what a path names. The first
// that fits counts.
var meshFixes = []struct {
	path           *regexp.Regexp
	istio, gateway string
}{
	{regexp.MustCompile(`request_body_buffer_limit|http\.buffer\]|max_request_bytes`),
		"in Istio: EnvoyFilter VIRTUAL_HOST MERGE {request_body_buffer_limit: …}, on the virtual hosts of both listeners; " + unmatchedPatch,
		"in Envoy Gateway: BackendTrafficPolicy requestBuffer.limit, on both routes"},
	{regexp.MustCompile(`request_headers_to_remove$`),
		"in Istio: VirtualService headers.request.remove", "in Envoy Gateway: HTTPRoute filter RequestHeaderModifier remove"},
	{regexp.MustCompile(`response_headers_to_remove$`),
		"in Istio: VirtualService headers.response.remove", "in Envoy Gateway: HTTPRoute filter ResponseHeaderModifier remove"},
	{regexp.MustCompile(`request_headers_to_add$`),
		"in Istio: VirtualService headers.request.set", "in Envoy Gateway: HTTPRoute filter RequestHeaderModifier set"},
	{regexp.MustCompile(`preserve_external_request_id$`),
		"in Istio: EnvoyFilter NETWORK_FILTER MERGE on the inner port; " + unmatchedPatch,
		"in Envoy Gateway: ClientTrafficPolicy headers.requestID: PreserveOrGenerate on the inner listener, and only there"},
	{regexp.MustCompile(`headers_with_underscores_action$`),
		"in Istio: EnvoyFilter NETWORK_FILTER MERGE", "in Envoy Gateway: ClientTrafficPolicy headers.withUnderscoresAction: Allow"},
	{regexp.MustCompile(`stream_idle_timeout$`),
		"in Istio: EnvoyFilter NETWORK_FILTER MERGE {stream_idle_timeout: …}; connectionSettings EDGE sets 5 minutes; " + unmatchedPatch,
		"in Envoy Gateway: ClientTrafficPolicy timeout.http.streamIdleTimeout"},
	{regexp.MustCompile(`route\.timeout$`), "in Istio: leave timeout out of the VirtualService (0s is refused, and no timeout the default)", "in Envoy Gateway: HTTPRoute timeouts.request: 0s on every rule"},
	{regexp.MustCompile(`rate_limited_retry_back_off`),
		"in Istio: EnvoyFilter HTTP_ROUTE MERGE; " + unmatchedPatch, "in Envoy Gateway: `wait: heald` in heald.yaml, or an EnvoyPatchPolicy"},
	{regexp.MustCompile(`retriable_headers$`),
		"in Istio: VirtualService headers.request.set of x-envoy-retriable-header-names, or EnvoyFilter HTTP_ROUTE MERGE; " + unmatchedPatch,
		"in Envoy Gateway: RequestHeaderModifier set of x-envoy-retriable-header-names, and BackendTrafficPolicy retry.retryOn.httpStatusCodes for what heald did not make; " + unmatchedPolicy},
	{regexp.MustCompile(`retry_policy\.(retry_on|num_retries|retriable_status_codes)$`),
		"in Istio: VirtualService retries", "in Envoy Gateway: BackendTrafficPolicy retry"},
	{regexp.MustCompile(`retry_policy`), "in Istio: VirtualService retries; attempts: 0 for the inner routes", "in Envoy Gateway: BackendTrafficPolicy retry, of the outer route only"},
	{regexp.MustCompile(`include_request_attempt_count$|upstream_http_filters`),
		"in Istio: EnvoyFilter HTTP_FILTER MERGE on envoy.filters.http.router; " + unmatchedPatch,
		"in Envoy Gateway: `memory: store` in heald.yaml, or an EnvoyPatchPolicy; " + unmatchedPolicy},
	{regexp.MustCompile(`local_reply_config`),
		"in Istio: EnvoyFilter NETWORK_FILTER MERGE on the inner port; " + unmatchedPatch,
		"in Envoy Gateway: an EnvoyPatchPolicy on the inner listener; " + unmatchedPolicy},
	{regexp.MustCompile(`custom_response`), "", "in Envoy Gateway: BackendTrafficPolicy responseOverride"},
	{regexp.MustCompile(`message_timeout$`), "in Istio: the EnvoyFilter that inserts the filter", "in Envoy Gateway: EnvoyExtensionPolicy extProc.messageTimeout"},
	{regexp.MustCompile(`status_on_error`), "in Istio: the EnvoyFilter that inserts the filter", "in Envoy Gateway: EnvoyExtensionPolicy extProc.statusOnError"},
	{regexp.MustCompile(`processing_mode|response_attributes$`), "in Istio: the EnvoyFilter that inserts the filter", "in Envoy Gateway: EnvoyExtensionPolicy extProc.processingMode"},
	{regexp.MustCompile(`mutation_rules`), "in Istio: the EnvoyFilter that inserts the filter", "in Envoy Gateway: `authority: route` in heald.yaml and HTTPRoute filter URLRewrite hostname; its filter cannot have mutation_rules"},
	{regexp.MustCompile(`ext_proc|http_filters\[heald`), "in Istio: the EnvoyFilter that inserts the filter; " + unmatchedPatch, "in Envoy Gateway: EnvoyExtensionPolicy"},
	{regexp.MustCompile(`circuit_breakers`), "in Istio: DestinationRule connectionPool", "in Envoy Gateway: BackendTrafficPolicy circuitBreaker, and extProc.backendSettings.circuitBreaker for heald's cluster"},
	{regexp.MustCompile(`outlier_detection`), "in Istio: DestinationRule outlierDetection", "in Envoy Gateway: extProc.backendSettings.healthCheck.passive"},
	{regexp.MustCompile(`transport_socket`), "in Istio: DestinationRule tls, with caCertificates", "in Envoy Gateway: BackendTLSPolicy with wellKnownCACertificates and hostname"},
	{regexp.MustCompile(`common_http_protocol_options\.idle_timeout$`), "in Istio: DestinationRule connectionPool.http.idleTimeout", "in Envoy Gateway: BackendTrafficPolicy timeout.http.connectionIdleTimeout"},
	{regexp.MustCompile(`connection_keepalive`), "in Istio: EnvoyFilter CLUSTER MERGE", "in Envoy Gateway: an EnvoyPatchPolicy; HTTP/1.1 to the provider needs none"},
	{regexp.MustCompile(`access_log`), "in Istio: meshConfig.accessLogFormat", "in Envoy Gateway: EnvoyProxy telemetry.accessLog.settings[].format"},
	{regexp.MustCompile(`host_rewrite|domains$`), "in Istio: VirtualService rewrite.authority", "in Envoy Gateway: HTTPRoute filter URLRewrite hostname, and hostnames"},
	{regexp.MustCompile(`\.cluster$`), "in Istio: the VirtualService's destination, and a ServiceEntry with endpoint 127.0.0.1", "in Envoy Gateway: the HTTPRoute's backendRefs; a Backend inner.localhost leads to this Envoy's own port"},
	{regexp.MustCompile(`static_resources\.listeners$`), "in Istio: the EnvoyFilter's match; " + unmatchedPatch, "in Envoy Gateway: EnvoyExtensionPolicy targetRefs; " + unmatchedPolicy},
	{regexp.MustCompile(`set_filter_state|http_filters$`), "in Istio: EnvoyFilter HTTP_FILTER INSERT_AFTER the filter of heald; " + unmatchedPatch, "in Envoy Gateway: an EnvoyPatchPolicy; " + unmatchedPolicy},
	{regexp.MustCompile(`typed_config\.[a-z_0-9.]+$`), "in Istio: EnvoyFilter NETWORK_FILTER MERGE; " + unmatchedPatch, "in Envoy Gateway: ClientTrafficPolicy, or an EnvoyPatchPolicy; " + unmatchedPolicy},
}

// fix says how a mesh's resources repair what is wrong at a path; "" if that is
// not known.
func (m mesh) fix(path string) string {
	if m == byHand {
		return ""
	}
	for _, f := range meshFixes {
		if f.path.MatchString(path) {
			if m == istio {
				return f.istio
			}
			return f.gateway
		}
	}
	return ""
}
