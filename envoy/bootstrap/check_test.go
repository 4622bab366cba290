package bootstrap

import (
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy"
)

// edit is one change of a configuration's text; old must be in it exactly once.
type edit struct{ old, new string }

func apply(t *testing.T, text string, edits []edit) string {
	t.Helper()
	for _, e := range edits {
		if n := strings.Count(text, e.old); n != 1 {
			t.Fatalf("%q is there %d times", e.old, n)
		}
		text = strings.Replace(text, e.old, e.new, 1)
	}
	return text
}

// short expands the long beginnings of paths.
var short = strings.NewReplacer(
	"OUTER", "static_resources.listeners[outer].filter_chains[0].filters[envoy.filters.network.http_connection_manager].typed_config",
	"INNER", "static_resources.listeners[inner].filter_chains[0].filters[envoy.filters.network.http_connection_manager].typed_config",
	"LLM", "route_config.virtual_hosts[llm]",
	"FILTER", "static_resources.listeners[inner].filter_chains[0].filters[envoy.filters.network.http_connection_manager].typed_config.http_filters[heald].typed_config",
	"BREAKERS", "static_resources.clusters[inner].circuit_breakers.thresholds[0]",
	"OPTIONS", "typed_extension_protocol_options[envoy.extensions.upstreams.http.v3.HttpProtocolOptions]",
)

func checkText(t *testing.T, text string, want Want) []Problem {
	t.Helper()
	b, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return Check(b, want)
}

// What a listener does for other sites is no mistake if heald's routes do it in
// their own way.
func TestCheckSharedListener(t *testing.T) {
	for name, edits := range map[string][]edit{
		"request ids of clients": {
			{"use_remote_address: true", "use_remote_address: true\n          preserve_external_request_id: true"},
			{"- header: {key: x-heald-policy, value: default}", "- {header: {key: x-request-id, value: \"%UNIQUE_ID%\"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}\n                - header: {key: x-heald-policy, value: default}"},
		},
		"no request ids": {
			{"use_remote_address: true", "use_remote_address: true\n          generate_request_id: false"},
			{"- header: {key: x-heald-policy, value: default}", "- {header: {key: x-request-id, value: \"%UNIQUE_ID%\"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}\n                - header: {key: x-heald-policy, value: default}"},
		},
		"stream duration": {
			{"{idle_timeout: 600s, ", "{max_stream_duration: 60s, "},
			{outerTimeout, "                  max_stream_duration: {max_stream_duration: 0s}\n" + outerTimeout},
		},
		"log with query": {
			{`path: "%PATH(NQ)%"`, `path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"`},
			{"- name: envoy.access_loggers.stdout", "- name: envoy.access_loggers.stdout\n            filter: {header_filter: {header: {name: \":authority\", string_match: {prefix: llm}, invert_match: true}}}"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, p := range checkText(t, apply(t, string(envoy.Config), edits), Want{}) {
				if !p.Note {
					t.Error(p)
				}
			}
		})
	}
}

// The log of a filter chain that leads neither to heald nor to a provider is not
// heald's business; if it leads to a provider, it is.
func TestCheckLogsOfOthers(t *testing.T) {
	const chain = `    - filter_chain_match: {server_names: [shop.example.com]}
      filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          access_log: [{name: shop, typed_config: {"@type": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog}}]
          route_config: {virtual_hosts: [{name: shop, domains: ["*"], routes: [{match: {prefix: /}, route: {cluster: CLUSTER}}]}]}
`
	for cluster, want := range map[string]bool{"shop": false, "unknown": true, "inner": true, "ai-studio": true} {
		text := apply(t, string(envoy.Config), []edit{
			{"\n  # ---- inner: one attempt", "\n" + strings.Replace(chain, "CLUSTER", cluster, 1) + "\n  # ---- inner: one attempt"},
			{"\n  clusters:\n", "\n  clusters:\n  - {name: shop, load_assignment: {cluster_name: shop, endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 10.0.0.1, port_value: 80}}}}]}]}}\n"},
		})
		found := false
		for _, p := range checkText(t, text, Want{}) {
			found = found || strings.Contains(p.Path, "access_log[shop]")
		}
		if found != want {
			t.Errorf("a chain to %s: its log is reported: %t, want %t", cluster, found, want)
		}
	}
}

func TestCheckConfig(t *testing.T) {
	wants := map[string]Want{
		"defaults": {},
		"all said": {
			Attempts: 5, MaxBody: 32 << 20, MaxMessage: 33 << 20, Wait: 10 * time.Minute, Backends: []string{"ai-studio"},
		},
		"hedge":      {Hedge: true, Backends: []string{"ai-studio"}},
		"less asked": {StoreMemory: true, RouteAuthority: true, OwnWait: true, Attempts: 1},
	}
	for name, want := range wants {
		t.Run(name, func(t *testing.T) {
			for _, p := range checkText(t, string(envoy.Config), want) {
				t.Error(p)
			}
		})
	}
}

// Texts of envoy.yaml that several rows change.
const (
	outerTimeout = "                  timeout: 0s\n                  retry_policy:\n"
	innerCluster = "cluster_header: x-heald-cluster\n"
	numRetries   = "                    num_retries: 4  # five"
	maxInterval  = "                      max_interval: 60s\n"
	innerTimeout = "because the client reads slowly.\n                  timeout: 0s\n"
	outerRoute   = "                match: {prefix: /}\n                # Settings that a route may make"
	innerRoute   = "              - name: provider\n                match: {prefix: /}\n"
	outerMarkup  = "              request_headers_to_remove:\n              - x-heald-memory\n              - x-heald-cluster\n              - x-heald-connection\n              - x-heald-retry\n"
	routerList   = "router.v3.Router\n              upstream_http_filters:\n"
	retryBudget  = "        retry_budget: {budget_percent: {value: 50}, min_retry_concurrency: 200}\n"
	openDoor     = "address: 127.0.0.1, port_value: 10000"
	publicDoor   = "address: 0.0.0.0, port_value: 10000"
	outerRouter  = "          - name: envoy.filters.http.router\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n              upstream"
	outerFilters = "request_body_buffer_limit below.\n    per_connection_buffer_limit_bytes: 65536\n    filter_chains:\n    - filters:\n"
	healdAt      = "address: {socket_address: {address: 127.0.0.1, port_value: 9000}}"
	healdSecure  = "  - name: heald\n    transport_socket: {name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: heald.example, common_tls_context: {alpn_protocols: [h2]}}}\n"
	meshSecure   = "  - name: heald\n    transport_socket: {name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: outbound_.9000_._.heald.heald.svc.cluster.local, common_tls_context: {alpn_protocols: [istio, h2]}}}\n"
	healdFilter  = "          - name: heald\n            typed_config:\n"
)

// What belongs to requests in parts.
const (
	requestMode     = "request_body_mode: FULL_DUPLEX_STREAMED"
	requestTrailers = "                request_trailer_mode: SEND\n"
	requestLength   = "              allow_content_length_header: true\n"
	requestCutOff   = " && !response.code_details.startsWith('ext_proc_error_gRPC_error_13')"
)

// checkRow is an edited envoy.yaml, and where Check finds something.
type checkRow struct {
	name  string
	edits []edit
	want  Want
	paths []string // of all problems, in order
}

func TestCheck(t *testing.T) {
	checkRows(t, []checkRow{
		// The filter.
		{"no filter", []edit{{"filters.http.ext_proc.v3.ExternalProcessor", "filters.http.other.v3.Other"}}, Want{},
			[]string{"FILTER", "static_resources.listeners"}},
		{"request headers", []edit{{"request_header_mode: SEND", "request_header_mode: SKIP"}}, Want{}, []string{"FILTER.processing_mode.request_header_mode"}},
		{"request body", []edit{{requestMode, "request_body_mode: STREAMED"}}, Want{}, []string{"FILTER.processing_mode.request_body_mode"}},
		{"request body whole", []edit{{requestMode, "request_body_mode: BUFFERED"}}, Want{}, nil},
		{"request body whole, alone", []edit{{requestMode, "request_body_mode: BUFFERED"}, {requestTrailers, ""}, {requestLength, ""}, {requestCutOff, ""}}, Want{}, nil},
		{"request trailers", []edit{{requestTrailers, ""}}, Want{}, []string{"FILTER.processing_mode.request_trailer_mode"}},
		{"request length", []edit{{requestLength, ""}}, Want{}, []string{"FILTER.allow_content_length_header"}},
		{"request cut off", []edit{{requestCutOff, ""}}, Want{}, []string{"INNER.local_reply_config.mappers[0].filter"}},
		{"response headers", []edit{{"response_header_mode: SEND", "response_header_mode: SKIP"}}, Want{}, []string{"FILTER.processing_mode.response_header_mode"}},
		{"response body", []edit{{"response_body_mode: FULL_DUPLEX_STREAMED", "response_body_mode: STREAMED"}}, Want{}, []string{"FILTER.processing_mode.response_body_mode"}},
		{"response trailers", []edit{{"response_trailer_mode: SEND", "response_trailer_mode: SKIP"}}, Want{}, []string{"FILTER.processing_mode.response_trailer_mode"}},
		{"message timeout", []edit{{"message_timeout: 600s", "message_timeout: 200s"}}, Want{}, []string{"FILTER.message_timeout"}},
		{"message timeout unset", []edit{{"message_timeout: 600s", ""}}, Want{}, []string{"FILTER.message_timeout"}},
		{"routing", []edit{{"allow_all_routing: true, ", ""}}, Want{}, []string{"FILTER.mutation_rules.allow_all_routing"}},
		{"mutations", []edit{{"allow_all_routing: true", "allow_all_routing: true, disallow_system: true"}}, Want{}, []string{"FILTER.mutation_rules"}},
		{"x-envoy headers", []edit{{", allow_envoy: true", ""}, {"headers:remove(name)", "print(name)"}}, Want{}, []string{"FILTER.mutation_rules.allow_envoy"}},
		{"x-envoy headers, removed by the script", []edit{{", allow_envoy: true", ""}}, Want{}, nil},
		{"attributes", []edit{{"response_attributes: [response.code_details]", "response_attributes: [response.code]"}}, Want{}, []string{"FILTER.response_attributes"}},
		{"failure mode", []edit{{"message_timeout: 600s", "message_timeout: 600s\n              failure_mode_allow: true"}}, Want{}, []string{"FILTER.failure_mode_allow"}},
		{"immediate responses", []edit{{"message_timeout: 600s", "message_timeout: 600s\n              disable_immediate_response: true"}}, Want{}, []string{"FILTER.disable_immediate_response"}},
		{"route cache", []edit{{"message_timeout: 600s", "message_timeout: 600s\n              route_cache_action: RETAIN"}}, Want{}, []string{"FILTER.route_cache_action"}},
		{"observability", []edit{{"message_timeout: 600s", "message_timeout: 600s\n              observability_mode: true"}}, Want{}, []string{"FILTER.observability_mode"}},
		{"gRPC retries", []edit{{"envoy_grpc: {cluster_name: heald}", "envoy_grpc: {cluster_name: heald}\n                retry_policy: {num_retries: 2}"}}, Want{}, []string{"FILTER.grpc_service.retry_policy"}},
		{"gRPC library", []edit{{"envoy_grpc: {cluster_name: heald}", "google_grpc: {target_uri: heald, stat_prefix: x}"}}, Want{}, []string{"FILTER.grpc_service"}},
		{"disabled", []edit{{healdFilter, "          - name: heald\n            disabled: true\n            typed_config:\n"}}, Want{}, []string{"INNER.http_filters[heald].disabled"}},
		{"second filter", []edit{{"          - name: envoy.filters.http.router\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n              upstream",
			"          - name: heald\n            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor, stat_prefix: heald}\n          - name: envoy.filters.http.router\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router\n              upstream"}},
			Want{}, []string{"OUTER.http_filters[heald].typed_config"}},
		{"upstream filter", []edit{{routerList, routerList + "              - name: evil\n                typed_config:\n                  \"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor\n                  processing_mode: {response_body_mode: STREAMED}\n"}},
			Want{}, []string{"OUTER.http_filters[envoy.filters.http.router].typed_config.upstream_http_filters[evil]"}},
		{"upstream Lua on bodies", []edit{{"local v = h:headers():get", "local b = h:body()\n                        local v = h:headers():get"}},
			Want{}, []string{"OUTER.http_filters[envoy.filters.http.router].typed_config.upstream_http_filters[heald.memory]"}},
		{"cluster filter", []edit{{"        auto_config:\n", "        http_filters:\n        - name: gzip\n          typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.decompressor.v3.Decompressor}\n        auto_config:\n"}},
			Want{}, []string{"static_resources.clusters[ai-studio].OPTIONS.http_filters[gzip]"}},
		{"unknown extension", []edit{{"envoy.access_loggers.stdout\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog", "theirs\n            typed_config:\n              \"@type\": type.googleapis.com/example.Theirs"}},
			Want{}, []string{"OUTER.access_log[theirs].typed_config"}},

		// Outer listener and route.
		{"no route to inner", []edit{{"server_listener_name: inner", "server_listener_name: other"}}, Want{}, []string{"static_resources.listeners"}},
		{"routes by RDS", []edit{{"          route_config:\n            name: outer\n            virtual_hosts:", "          rds: {route_config_name: r, config_source: {ads: {}}}\n      metadata:\n       filter_metadata:\n        x:\n            virtual_hosts:"}}, Want{},
			[]string{"OUTER", "static_resources.listeners"}}, // both notes, see TestCheckUnseen
		{"remote address", []edit{{"use_remote_address: true", ""}}, Want{}, []string{"OUTER.use_remote_address"}},
		{"request id", []edit{{"use_remote_address: true", "use_remote_address: true\n          generate_request_id: false"}}, Want{}, []string{"OUTER.generate_request_id"}},
		{"stream duration", []edit{{"{idle_timeout: 600s, ", "{max_stream_duration: 60s, "}}, Want{}, []string{"OUTER.common_http_protocol_options.max_stream_duration"}},
		{"route stream duration", []edit{{outerTimeout, "                  max_stream_duration: {max_stream_duration: 5s}\n" + outerTimeout}}, Want{}, []string{"OUTER.LLM.routes[llm].route.max_stream_duration"}},
		{"expect", []edit{{"use_remote_address: true", "use_remote_address: true\n          proxy_100_continue: true"}, {"              - expect\n", ""}}, Want{}, []string{"OUTER.LLM.routes[llm].request_headers_to_remove"}},
		{"route timeout", []edit{{outerTimeout, "                  timeout: 60s\n                  retry_policy:\n"}}, Want{}, []string{"OUTER.LLM.routes[llm].route.timeout"}},
		{"route timeout unset", []edit{{outerTimeout, "                  retry_policy:\n"}}, Want{}, []string{"OUTER.LLM.routes[llm].route.timeout"}},
		{"idle", []edit{{"stream_idle_timeout: 900s", "stream_idle_timeout: 60s"}}, Want{}, []string{"OUTER.stream_idle_timeout"}},
		{"idle unset", []edit{{"stream_idle_timeout: 900s", ""}}, Want{}, []string{"OUTER.stream_idle_timeout"}},
		{"idle against a longer wait", nil, Want{Wait: 20 * time.Minute}, []string{"OUTER.stream_idle_timeout", "FILTER.message_timeout"}},
		{"route idle", []edit{{outerTimeout, "                  idle_timeout: 10s\n" + outerTimeout}}, Want{}, []string{"OUTER.LLM.routes[llm].route.idle_timeout"}},
		{"per-try", []edit{{numRetries, "                    per_try_timeout: 60s\n" + numRetries}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.per_try_timeout"}},
		{"per-try idle", []edit{{numRetries, "                    per_try_idle_timeout: 60s\n" + numRetries}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.per_try_idle_timeout"}},
		{"hedging", []edit{{outerTimeout, "                  hedge_policy: {hedge_on_per_try_timeout: true}\n" + outerTimeout}}, Want{}, []string{"OUTER.LLM.routes[llm].route.hedge_policy"}},
		{"two requests at once", []edit{{outerTimeout, "                  hedge_policy: {initial_requests: 2}\n" + outerTimeout}}, Want{}, []string{"OUTER.LLM.routes[llm].route.hedge_policy"}},
		{"another request now and then", []edit{{outerTimeout, "                  hedge_policy: {additional_request_chance: {numerator: 1}}\n" + outerTimeout}}, Want{}, []string{"OUTER.LLM.routes[llm].route.hedge_policy"}},
		{"one request at once", []edit{{outerTimeout, "                  hedge_policy: {initial_requests: 1, additional_request_chance: {numerator: 0}}\n" + outerTimeout}}, Want{}, nil},
		{"mirror", []edit{{outerTimeout, "                  request_mirror_policies: [{cluster: inner}]\n" + outerTimeout}}, Want{}, []string{"OUTER.LLM.routes[llm].route.request_mirror_policies"}},

		// Retries.
		{"retriable-headers", []edit{{"retriable-headers,reset", "reset"}}, Want{},
			[]string{"OUTER.LLM.routes[llm].route.retry_policy.retry_on", "OUTER.LLM.routes[llm].route.retry_policy.retriable_headers", "OUTER.LLM.routes[llm].route.retry_policy.retriable_headers"}},
		{"reset", []edit{{"retriable-headers,reset", "retriable-headers"}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retry_on"}},
		{"mark", []edit{{`{name: x-heald-retry, string_match: {exact: "1"}}`, `{name: x-other}`}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retriable_headers"}},
		{"mark of another value", []edit{{`exact: "1"`, `exact: "yes"`}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retriable_headers"}},
		{"stamp, and a mapper that does not mark", []edit{
			{`{name: x-heald-verdict, present_match: true, invert_match: true}`, `{name: x-heald-verdict, present_match: true}`},
			{"startsWith('ext_proc_error')\"\n              status_code: 503\n              headers_to_add:\n              - header: {key: x-heald-retry,", "startsWith('ext_proc_error')\"\n              status_code: 503\n              headers_to_add:\n              - header: {key: x-other,"},
		}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retriable_headers"}},
		{"stamp, and a mapper of half the cases", []edit{
			{`                    - {name: x-heald-verdict, present_match: true, invert_match: true}`, ``},
			{"startsWith('upstream_')", "startsWith('downstream')"},
		}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retriable_headers", "INNER.local_reply_config.mappers"}},
		{"too few retries", nil, Want{Attempts: 6}, []string{"OUTER.LLM.routes[llm].route.retry_policy.num_retries"}},
		{"retries unset", []edit{{numRetries, "                    # "}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.num_retries"}},
		{"request headers matched", []edit{{numRetries, "                    retriable_request_headers: [{name: a}]\n" + numRetries}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retriable_request_headers"}},
		{"wait", []edit{{"{name: x-heald-retry-after, format: SECONDS}", "{name: retry-after, format: SECONDS}"}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.rate_limited_retry_back_off"}},
		{"as long a wait", nil, Want{RetryAfter: time.Minute}, nil},
		{"wait above the interval", nil, Want{RetryAfter: 61 * time.Second}, []string{"OUTER.LLM.routes[llm].route.retry_policy.rate_limited_retry_back_off.max_interval"}},
		{"interval below the default wait", []edit{{"max_interval: 60s", "max_interval: 9s"}}, Want{}, []string{"OUTER.LLM.routes[llm].route.retry_policy.rate_limited_retry_back_off.max_interval"}},
		{"interval below heald's own wait", []edit{{"max_interval: 60s", "max_interval: 9s"}}, Want{OwnWait: true}, nil},
		{"wait within the unset interval", []edit{{maxInterval, ""}}, Want{RetryAfter: 5 * time.Minute}, nil},
		{"wait above the unset interval", []edit{{maxInterval, ""}}, Want{RetryAfter: 301 * time.Second}, []string{"OUTER.LLM.routes[llm].route.retry_policy.rate_limited_retry_back_off.max_interval"}},
		{"statuses alone", []edit{{"retriable-headers,reset", "retriable-status-codes,reset"}, {numRetries, "                    retriable_status_codes: [500, 502, 503, 504]\n" + numRetries}},
			Want{Reserved: []int{500, 502, 503, 504}}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retry_on"}},
		{"statuses of heald's own", []edit{{"retriable-headers,reset", "retriable-headers,retriable-status-codes,reset"}, {numRetries, "                    retriable_status_codes: [502, 503, 504, 507]\n" + numRetries}},
			Want{Reserved: []int{502, 504}}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retriable_status_codes"}},
		{"statuses reserved", []edit{{"retriable-headers,reset", "retriable-headers,retriable-status-codes,reset"}, {numRetries, "                    retriable_status_codes: [502, 503, 504, 507]\n" + numRetries}},
			Want{Reserved: []int{502, 503, 504, 507}}, nil},
		{"all errors of servers", []edit{{"retriable-headers,reset", "retriable-headers,5xx"}}, Want{Reserved: []int{502, 503, 504, 507}}, []string{"OUTER.LLM.routes[llm].route.retry_policy.retry_on"}},
		{"headers with underscores", []edit{{"{idle_timeout: 600s, ", "{headers_with_underscores_action: REJECT_REQUEST, idle_timeout: 600s, "}}, Want{}, []string{"OUTER.common_http_protocol_options.headers_with_underscores_action"}},

		// Headers.
		{"client's memory", []edit{{outerMarkup, "              request_headers_to_remove:\n              - x-heald-cluster\n              - x-heald-connection\n              - x-heald-retry\n"}}, Want{}, []string{"OUTER.LLM.routes[llm].request_headers_to_remove"}},
		{"client's overrides", []edit{{"[x-heald-policy, x-heald-set, ", "[x-heald-policy, "}}, Want{}, []string{"OUTER.LLM.routes[llm].request_headers_to_remove"}},
		{"policy removed above", []edit{{outerMarkup, outerMarkup + "              - x-heald-policy\n"}}, Want{}, []string{"OUTER.LLM.request_headers_to_remove"}},
		{"policy appended", []edit{{"[x-heald-policy, x-heald-set, ", "[x-heald-set, "}, {"value: default}\n                  append_action: OVERWRITE_IF_EXISTS_OR_ADD", "value: default}"}}, Want{}, []string{"OUTER.LLM.routes[llm].request_headers_to_remove"}},
		{"stamp to the client", []edit{{"              - x-heald-verdict\n              - x-heald-memory\n              - x-heald-cluster\n              - x-envoy-up", "              - x-heald-memory\n              - x-envoy-up"}}, Want{}, []string{"OUTER.LLM.response_headers_to_remove"}},
		{"policy to the provider", []edit{{"              - x-heald-policy\n              - x-heald-set\n", "              - x-heald-set\n"}}, Want{}, []string{"INNER.LLM.request_headers_to_remove"}},
		{"provider's mark", []edit{{"              - x-heald-retry\n              - x-heald-retry-after\n              - x-heald-verdict\n              - x-heald-memory\n              routes", "              - x-heald-retry-after\n              - x-heald-verdict\n              - x-heald-memory\n              routes"}}, Want{}, []string{"INNER.LLM.response_headers_to_remove"}},
		{"no hop secret", nil, Want{Hop: "long secret"}, []string{"OUTER.LLM.routes[llm].request_headers_to_add"}},
		{"wrong hop secret", []edit{{"                - header: {key: x-heald-policy,", "                - header: {key: x-heald-hop, value: wrong}\n                - header: {key: x-heald-policy,"}}, Want{Hop: "long secret"}, []string{"OUTER.LLM.routes[llm].request_headers_to_add"}},
		{"computed hop secret", []edit{{"                - header: {key: x-heald-policy,", "                - header: {key: x-heald-hop, value: \"%ENVIRONMENT(HOP)%\"}\n                - header: {key: x-heald-policy,"}}, Want{Hop: "long secret"}, nil},
		{"hop secret with a percent sign", []edit{{"                - header: {key: x-heald-policy,", "                - header: {key: x-heald-hop, value: \"50%% secret\"}\n                - header: {key: x-heald-policy,"}}, Want{Hop: "50% secret"}, nil},
		{"wrong hop secret with a percent sign", []edit{{"                - header: {key: x-heald-policy,", "                - header: {key: x-heald-hop, value: \"50%% wrong\"}\n                - header: {key: x-heald-policy,"}}, Want{Hop: "50% secret"}, []string{"OUTER.LLM.routes[llm].request_headers_to_add"}},
		{"inner in the open", []edit{{"    internal_listener: {}", "    address: {socket_address: {address: 0.0.0.0, port_value: 18081}}"}, {"envoy_internal_address: {server_listener_name: inner}", "socket_address: {address: 127.0.0.1, port_value: 18081}"}}, Want{}, []string{"OUTER.LLM.routes[llm].request_headers_to_add"}},

		// Bodies and memory.
		{"outer body limit", []edit{{"request_body_buffer_limit: 33554432\n              # Only heald", "# Only heald"}}, Want{}, []string{"OUTER.LLM.request_body_buffer_limit"}},
		{"inner body limit", []edit{{"request_body_buffer_limit: 33554432\n              # Nothing", "request_body_buffer_limit: 1000\n              # Nothing"}}, Want{}, nil},
		{"inner body limit, whole", []edit{{requestMode, "request_body_mode: BUFFERED"}, {"request_body_buffer_limit: 33554432\n              # Nothing", "request_body_buffer_limit: 1000\n              # Nothing"}}, Want{}, []string{"INNER.LLM.request_body_buffer_limit"}},
		{"route body limit", []edit{{outerRoute, "                request_body_buffer_limit: 5\n" + outerRoute}}, Want{}, []string{"OUTER.LLM.routes[llm].request_body_buffer_limit"}},
		{"older body limit", []edit{{"request_body_buffer_limit: 33554432\n              # Only heald", "per_request_buffer_limit_bytes: 7\n              # Only heald"}}, Want{}, []string{"OUTER.LLM.per_request_buffer_limit_bytes"}},
		{"connection limit alone", []edit{{"request_body_buffer_limit: 33554432\n              # Only heald", "# Only heald"}, {"request_body_buffer_limit below.\n    per_connection_buffer_limit_bytes: 65536", "request_body_buffer_limit below.\n    per_connection_buffer_limit_bytes: 33554432"}}, Want{}, nil},
		{"above heald's limit", nil, Want{MaxMessage: 1 << 20, MaxBody: 1 << 20}, nil},
		{"above heald's limit, whole", []edit{{requestMode, "request_body_mode: BUFFERED"}}, Want{MaxMessage: 1 << 20, MaxBody: 1 << 20}, []string{"OUTER.LLM.request_body_buffer_limit", "INNER.LLM.request_body_buffer_limit"}},
		{"attempt count", []edit{{"include_request_attempt_count: true", ""}}, Want{}, []string{"OUTER.LLM.include_request_attempt_count"}},
		{"Lua", []edit{{`get("x-heald-memory")`, `get("x-other")`}, {`remove("x-heald-memory")`, `remove("x-other")`}, {`replace("x-heald-memory"`, `replace("x-other"`}}, Want{}, []string{"OUTER.http_filters[envoy.filters.http.router].typed_config.upstream_http_filters"}},

		// Inner listener and routes.
		{"unfiltered reply", []edit{{"expression: \"response.code_details.startsWith('upstream_')\"", "expression: \"response.code == 503\""}}, Want{}, []string{"INNER.local_reply_config.mappers[2].filter", "INNER.local_reply_config.mappers"}},
		{"reply body for all", []edit{{"          local_reply_config:\n            mappers:\n            - filter:\n                extension_filter:", "          local_reply_config:\n            body_format: {text_format_source: {inline_string: x}}\n            mappers:\n            - filter:\n                extension_filter:"}}, Want{}, []string{"INNER.local_reply_config.body_format"}},
		{"request id per attempt", []edit{{"stat_prefix: inner", "stat_prefix: inner\n          use_remote_address: true"}}, Want{}, []string{"INNER.preserve_external_request_id"}},
		{"inner routes by RDS", []edit{{"          route_config:\n            name: inner\n            virtual_hosts:", "          rds: {route_config_name: r, config_source: {ads: {}}}\n    metadata:\n       filter_metadata:\n        x:\n            virtual_hosts:"}}, Want{}, []string{"INNER"}},
		{"late close", []edit{{"delayed_close_timeout: 0.02s", ""}}, Want{}, []string{"INNER.delayed_close_timeout"}},
		{"upgrades", []edit{{"stat_prefix: inner", "stat_prefix: inner\n          upgrade_configs: [{upgrade_type: websocket}]"}}, Want{}, []string{"INNER.upgrade_configs"}},
		{"inner timeout", []edit{{innerTimeout, "because the client reads slowly.\n                  timeout: 30s\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.timeout"}},
		{"inner idle", []edit{{"stream_idle_timeout: 0s", "stream_idle_timeout: 5s"}}, Want{}, []string{"INNER.stream_idle_timeout"}},
		{"inner per-try", []edit{{innerTimeout, innerTimeout + "                  retry_policy: {per_try_timeout: 30s}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.retry_policy.per_try_timeout"}},
		{"inner per-try idle", []edit{{innerTimeout, innerTimeout + "                  retry_policy: {per_try_idle_timeout: 60s}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.retry_policy.per_try_idle_timeout"}},
		{"inner per-try idle far above", []edit{{innerTimeout, innerTimeout + "                  retry_policy: {per_try_idle_timeout: 600s}\n"}}, Want{}, nil},
		{"inner retries", []edit{{innerTimeout, innerTimeout + "                  retry_policy: {retry_on: 5xx}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.retry_policy.retry_on"}},
		{"inner retries of connections", []edit{{innerTimeout, innerTimeout + "                  retry_policy: {retry_on: connect-failure}\n"}}, Want{}, nil},
		{"inner hedging", []edit{{innerTimeout, innerTimeout + "                  hedge_policy: {hedge_on_per_try_timeout: true}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.hedge_policy"}},
		{"inner mirror", []edit{{innerTimeout, innerTimeout + "                  request_mirror_policies: [{cluster: x}]\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.request_mirror_policies"}},
		{"filter off on a route", []edit{{innerRoute, innerRoute + "                typed_per_filter_config: {heald: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, disabled: true}}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].typed_per_filter_config[heald].disabled"}},
		{"other modes on a route", []edit{{innerRoute, innerRoute + "                typed_per_filter_config: {heald: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, overrides: {processing_mode: {request_body_mode: BUFFERED, response_body_mode: NONE, response_trailer_mode: SEND}}}}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].typed_per_filter_config[heald].overrides.processing_mode.response_body_mode"}},

		// Clusters.
		{"inner retries at a time", []edit{{retryBudget, ""}}, Want{}, []string{"BREAKERS.retry_budget"}},
		{"max_retries as by default", []edit{{retryBudget, "        max_retries: 3\n"}}, Want{}, []string{"BREAKERS.retry_budget"}},
		{"max_retries without a limit", []edit{{retryBudget, "        max_retries: 100000\n"}}, Want{}, []string{"BREAKERS.max_retries"}},
		{"max_retries as a limit", []edit{{retryBudget, "        max_retries: 300\n"}}, Want{}, nil},
		{"max_retries beside a budget", []edit{{retryBudget, "        max_retries: 1\n" + retryBudget}}, Want{}, nil},
		{"empty budget", []edit{{retryBudget, "        retry_budget: {}\n        max_retries: 300\n"}}, Want{}, []string{"BREAKERS.retry_budget.min_retry_concurrency", "BREAKERS.retry_budget.budget_percent"}},
		{"budget without a floor", []edit{{", min_retry_concurrency: 200", ""}}, Want{}, []string{"BREAKERS.retry_budget.min_retry_concurrency"}},
		{"budget with a low floor, small share", []edit{{"{value: 50}, min_retry_concurrency: 200", "{value: 10}, min_retry_concurrency: 20"}}, Want{}, []string{"BREAKERS.retry_budget.budget_percent"}},
		{"budget with a low floor, large share", []edit{{"min_retry_concurrency: 200", "min_retry_concurrency: 20"}}, Want{}, nil},
		{"budget by its floor", []edit{{"budget_percent: {value: 50}, ", ""}}, Want{}, nil},
		{"budget of nothing", []edit{{"{value: 50}, min_retry_concurrency: 200", "{value: 0}, min_retry_concurrency: 0"}}, Want{}, []string{"BREAKERS.retry_budget.min_retry_concurrency", "BREAKERS.retry_budget.budget_percent"}},
		{"budget without a limit", []edit{{"min_retry_concurrency: 200", "min_retry_concurrency: 100000"}}, Want{}, []string{"BREAKERS.retry_budget.min_retry_concurrency"}},
		{"budget of another priority", []edit{{"      - max_connections: 100000  # the", "      - {priority: HIGH, retry_budget: {}}\n      - max_connections: 100000  # the"}}, Want{}, nil},
		{"inner breakers", []edit{{"      - max_connections: 100000  # the", "      - priority: HIGH\n        max_connections: 100000  # the"}}, Want{},
			[]string{"BREAKERS.max_connections", "BREAKERS.max_pending_requests", "BREAKERS.max_requests", "BREAKERS.retry_budget"}},
		{"heald breakers", []edit{{"max_requests: 100000}\n    # Quick", "max_requests: 1024}\n    # Quick"}}, Want{}, []string{"static_resources.clusters[heald].circuit_breakers.thresholds[0].max_requests"}},
		{"no cluster of heald", []edit{{"cluster_name: heald}\n                initial", "cluster_name: heald9}\n                initial"}}, Want{}, []string{"FILTER.grpc_service.envoy_grpc.cluster_name"}},
		{"neither health nor outliers", []edit{{"    health_checks:\n    - timeout: 1s\n      interval: 0.5s\n      no_traffic_interval: 0.5s\n      unhealthy_threshold: 1\n      healthy_threshold: 1\n      grpc_health_check: {}\n", ""}, {"    outlier_detection:\n      consecutive_gateway_failure: 1\n      enforcing_consecutive_gateway_failure: 100\n      consecutive_5xx: 1\n      interval: 0.5s\n      base_ejection_time: 1s\n      max_ejection_percent: 50\n", ""}}, Want{}, []string{"static_resources.clusters[heald].outlier_detection"}},
		{"no outlier detection", []edit{{"    outlier_detection:\n      consecutive_gateway_failure: 1\n      enforcing_consecutive_gateway_failure: 100\n      consecutive_5xx: 1\n      interval: 0.5s\n      base_ejection_time: 1s\n      max_ejection_percent: 50\n", ""}}, Want{}, []string{"static_resources.clusters[heald].outlier_detection"}},
		{"changes held back", []edit{{"update_merge_window: 0s", ""}}, Want{}, []string{"static_resources.clusters[heald].common_lb_config.update_merge_window"}},
		{"changes held back for long", []edit{{"update_merge_window: 0s", "update_merge_window: 5s"}}, Want{}, []string{"static_resources.clusters[heald].common_lb_config.update_merge_window"}},
		{"HTTP/1 to heald", []edit{{"        explicit_http_config:\n          http2_protocol_options:\n            initial_stream_window_size: 1048576\n            initial_connection_window_size: 8388608\n", "        explicit_http_config: {http_protocol_options: {}}\n"}, {"            connection_keepalive: {interval: 30s, timeout: 5s}\n", ""}}, Want{}, []string{"static_resources.clusters[heald].OPTIONS"}},
		{"no pings", []edit{{"            connection_keepalive: {interval: 30s, timeout: 5s}\n", ""}}, Want{}, []string{"static_resources.clusters[heald].OPTIONS.explicit_http_config.http2_protocol_options.connection_keepalive"}},
		{"too many pings", []edit{{"connection_keepalive: {interval: 30s", "connection_keepalive: {interval: 1s"}}, Want{}, []string{"static_resources.clusters[heald].OPTIONS.explicit_http_config.http2_protocol_options.connection_keepalive.interval"}},

		// Backends.
		{"backend without cluster", nil, Want{Backends: []string{"ai-studio", "vertex"}}, []string{"static_resources.clusters[vertex]"}},
		{"cluster without backend", nil, Want{Backends: []string{}}, []string{"static_resources.clusters[ai-studio]"}},
		{"backend without a route", []edit{{innerRoute, "              - name: provider\n                match: {prefix: /, headers: [{name: x-heald-cluster, exact_match: studio}]}\n"}, {innerCluster, "cluster: ai-studio\n"}}, Want{Backends: []string{"studio", "vertex"}}, []string{"INNER.route_config"}},
		{"fixed cluster", []edit{{innerCluster, "cluster: ai-studio\n"}}, Want{}, []string{"INNER.route_config"}},
		{"bypass", []edit{{"              - name: llm\n                match: {prefix: /}\n", "              - name: direct\n                match: {prefix: /direct}\n                route: {cluster: ai-studio}\n              - name: llm\n                match: {prefix: /}\n"}}, Want{}, []string{"OUTER.LLM.routes[direct].route.cluster"}},
		{"cluster by a client's header", []edit{{"              - name: llm\n                match: {prefix: /}\n", "              - name: direct\n                match: {prefix: /direct}\n                route: {cluster_header: x-heald-cluster}\n              - name: llm\n                match: {prefix: /}\n"}}, Want{}, []string{"OUTER.LLM.routes[direct].route.cluster_header"}},

		// Doors.
		{"admin for everybody", []edit{{"static_resources:\n", "admin: {address: {socket_address: {address: 0.0.0.0, port_value: 9901}}}\nstatic_resources:\n"}}, Want{}, []string{"admin.address"}},
		{"admin on a port", []edit{{"static_resources:\n", "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 9901}}}\nstatic_resources:\n"}}, Want{}, []string{"admin.address"}},
		{"admin on an abstract socket", []edit{{"static_resources:\n", "admin: {address: {pipe: {path: '@admin'}}}\nstatic_resources:\n"}}, Want{}, []string{"admin.address.pipe"}},
		{"admin on a socket", []edit{{"static_resources:\n", "admin: {address: {pipe: {path: /run/a.sock, mode: 384}}}\nstatic_resources:\n"}}, Want{}, nil},
		{"no internal listeners", []edit{{"bootstrap_extensions:\n- name: envoy.bootstrap.internal_listener\n  typed_config:\n    \"@type\": type.googleapis.com/envoy.extensions.bootstrap.internal_listener.v3.InternalListener\n", ""}}, Want{}, []string{"bootstrap_extensions"}},
		{"open to all", []edit{{openDoor, publicDoor}}, Want{}, []string{"static_resources.listeners[outer].address"}},
		{"open to all, with keys", []edit{{openDoor, publicDoor}}, Want{ClientKeys: true}, nil},
		{"open to all, with a filter", []edit{{openDoor, publicDoor}, {outerRouter, "          - {name: jwt, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication}}\n" + outerRouter}}, Want{}, nil},
		{"open to all, with certificates", []edit{{openDoor, publicDoor}, {outerFilters, strings.Replace(outerFilters, "    - filters:\n", "    - transport_socket: {name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext, require_client_certificate: true}}\n      filters:\n", 1)}}, Want{}, nil},
		{"request id of clients", []edit{{"use_remote_address: true", "use_remote_address: true\n          preserve_external_request_id: true"}}, Want{}, []string{"OUTER.preserve_external_request_id"}},
		{"log with query", []edit{{`path: "%PATH(NQ)%"`, `path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"`}}, Want{}, []string{"OUTER.access_log[envoy.access_loggers.stdout].typed_config.log_format"}},
		{"log with query, by PATH", []edit{{`path: "%PATH(NQ)%"`, `path: "%PATH(WQ:ORIG)%"`}}, Want{}, []string{"OUTER.access_log[envoy.access_loggers.stdout].typed_config.log_format"}},
		{"log with a key", []edit{{`path: "%PATH(NQ)%"`, `path: "%REQ(Authorization)%"`}}, Want{}, []string{"OUTER.access_log[envoy.access_loggers.stdout].typed_config"}},
		{"log of inner with heald's key", []edit{{"          stat_prefix: inner\n", "          stat_prefix: inner\n          access_log: [{name: file, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x, log_format: {text_format_source: {inline_string: '%REQ(x-goog-api-key):9%'}}}}]\n"}}, Want{}, []string{"INNER.access_log[file].typed_config"}},
		{"log of default format", []edit{{"          stat_prefix: inner\n", "          stat_prefix: inner\n          access_log: [{name: file, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog, path: /x}}]\n"}}, Want{}, []string{"INNER.access_log[file].typed_config.log_format"}},
		{"log by gRPC with a key", []edit{{"          stat_prefix: inner\n", "          stat_prefix: inner\n          access_log: [{name: als, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig, common_config: {log_name: x, grpc_service: {envoy_grpc: {cluster_name: x}}}, additional_request_headers_to_log: [x-api-key]}}]\n"}}, Want{}, []string{"INNER.access_log[als].typed_config"}},
		{"stalled for ever", []edit{{"stream_idle_timeout: 900s", "stream_idle_timeout: 0s"}}, Want{}, []string{"OUTER.stream_idle_timeout"}},
		{"idle against a longer silence", nil, Want{Silence: 20 * time.Minute}, []string{"OUTER.stream_idle_timeout"}},
		{"a filter of another form off on a route", []edit{{innerRoute, innerRoute + "                typed_per_filter_config: {heald: {\"@type\": type.googleapis.com/envoy.config.route.v3.FilterConfig, disabled: true}}\n"}}, Want{}, []string{"INNER.LLM.routes[provider].typed_per_filter_config[heald].disabled"}},
		{"filter off on all routes", []edit{{"            name: inner\n            virtual_hosts:", "            name: inner\n            typed_per_filter_config: {heald: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute, disabled: true}}\n            virtual_hosts:"}}, Want{}, []string{"INNER.route_config.typed_per_filter_config[heald].disabled"}},
		{"host rewritten", []edit{{innerTimeout, innerTimeout + "                  host_rewrite_literal: a.example\n"}}, Want{}, []string{"INNER.LLM.routes[provider].route.host_rewrite_literal"}},
		{"host rewritten by the route", []edit{{innerTimeout, innerTimeout + "                  auto_host_rewrite: true\n"}}, Want{RouteAuthority: true}, nil},

		// Transport.
		{"heald where it listens", nil, Want{GRPC: []string{"0.0.0.0:9000"}}, nil},
		{"heald elsewhere", nil, Want{GRPC: []string{"127.0.0.1:9009"}}, []string{"static_resources.clusters[heald].load_assignment"}},
		{"heald on a socket", nil, Want{GRPC: []string{"unix:///run/heald.sock"}}, []string{"static_resources.clusters[heald].load_assignment"}},
		{"heald in plain text", []edit{{healdAt, strings.Replace(healdAt, "127.0.0.1", "10.0.0.7", 1)}}, Want{GRPC: []string{"0.0.0.0:9000"}}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"plain text, heald with TLS", nil, Want{GRPC: []string{"127.0.0.1:9000"}, TLS: true}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"plain text elsewhere, heald with TLS", []edit{{healdAt, strings.Replace(healdAt, "127.0.0.1", "10.0.0.7", 1)}}, Want{GRPC: []string{"0.0.0.0:9000"}, TLS: true}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"TLS, heald without", []edit{{"  - name: heald\n    type", healdSecure + "    type"}}, Want{GRPC: []string{"127.0.0.1:9000"}}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"TLS elsewhere, heald without", []edit{{"  - name: heald\n    type", healdSecure + "    type"}, {healdAt, strings.Replace(healdAt, "127.0.0.1", "10.0.0.7", 1)}}, Want{GRPC: []string{"0.0.0.0:9000"}}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"TLS on both sides", []edit{{"  - name: heald\n    type", healdSecure + "    type"}}, Want{GRPC: []string{"127.0.0.1:9000"}, TLS: true}, nil},
		{"TLS without a heald.yaml", []edit{{"  - name: heald\n    type", healdSecure + "    type"}}, Want{}, nil},
		{"TLS of a mesh, heald without", []edit{{"  - name: heald\n    type", meshSecure + "    type"}}, Want{GRPC: []string{"127.0.0.1:9000"}}, nil},
		{"TLS of a mesh, heald with its own", []edit{{"  - name: heald\n    type", meshSecure + "    type"}}, Want{GRPC: []string{"127.0.0.1:9000"}, TLS: true}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"a socket, heald with TLS on another address", []edit{{healdAt, "address: {pipe: {path: /run/heald.sock}}"}}, Want{GRPC: []string{"unix:///run/heald.sock", "0.0.0.0:9000"}, TLS: true}, nil},
		{"TLS on a socket", []edit{{"  - name: heald\n    type", healdSecure + "    type"}, {healdAt, "address: {pipe: {path: /run/heald.sock}}"}}, Want{GRPC: []string{"unix:///run/heald.sock"}, TLS: true}, []string{"static_resources.clusters[heald].transport_socket"}},
		{"no CA", []edit{{"            trusted_ca: {filename: /etc/ssl/certs/ca-certificates.crt}\n", ""}}, Want{}, []string{"static_resources.clusters[ai-studio].transport_socket.typed_config.common_tls_context.validation_context.trusted_ca"}},
		{"any host", []edit{{"            match_typed_subject_alt_names:\n            - {san_type: DNS, matcher: {exact: generativelanguage.googleapis.com}}\n", ""}}, Want{}, []string{"static_resources.clusters[ai-studio].transport_socket.typed_config.common_tls_context.validation_context.match_typed_subject_alt_names"}},
		{"no SNI", []edit{{"        sni: generativelanguage.googleapis.com\n", ""}}, Want{}, []string{"static_resources.clusters[ai-studio].transport_socket.typed_config.sni"}},
		{"provider in plain text", []edit{{"extensions.transport_sockets.tls.v3.UpstreamTlsContext\n", "extensions.transport_sockets.raw_buffer.v3.RawBuffer\n      ignored:\n"}, {"        sni: generativelanguage.googleapis.com\n        common_tls_context:\n          validation_context:\n            # Debian", "            # Debian"}, {"            trusted_ca: {filename: /etc/ssl/certs/ca-certificates.crt}\n            match_typed_subject_alt_names:\n            - {san_type: DNS, matcher: {exact: generativelanguage.googleapis.com}}\n", ""}, {"      ignored:\n", ""}}, Want{}, []string{"static_resources.clusters[ai-studio].transport_socket"}},
		{"tunnel", []edit{{"  listeners:\n", "  listeners:\n  - name: tunnel\n    address: {socket_address: {address: 127.0.0.1, port_value: 9}}\n    filter_chains: [{filters: [{name: tcp, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy, stat_prefix: x, cluster: ai-studio}}]}]\n"}}, Want{}, []string{"static_resources.listeners[tunnel].filter_chains[0].filters[tcp].typed_config.cluster"}},

		// What comes by xDS is not missing, but cannot be seen.
		{"clusters by CDS", []edit{{"static_resources:\n", "dynamic_resources: {cds_config: {ads: {}}}\nstatic_resources:\n"}}, Want{Backends: []string{"ai-studio", "vertex"}}, []string{"static_resources.clusters[vertex]"}},
	})
}

func checkRows(t *testing.T, tests []checkRow) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := checkText(t, apply(t, string(envoy.Config), tt.edits), tt.want)
			var paths []string
			for _, p := range got {
				paths = append(paths, p.Path)
				if p.Problem == "" || p.Consequence == "" || p.Fix == "" {
					t.Errorf("incomplete: %s", p)
				}
				if tt.want.Hop != "" && strings.Contains(p.String(), tt.want.Hop) {
					t.Errorf("shows the secret: %s", p)
				}
			}
			if want := short.Replace(strings.Join(tt.paths, "\n")); strings.Join(paths, "\n") != want {
				t.Errorf("got %v\nwant paths\n%s", got, want)
			}
		})
	}
}
