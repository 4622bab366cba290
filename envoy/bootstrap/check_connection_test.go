package bootstrap

import (
	"strings"
	"testing"
)

// Dead connections to providers are found, and not met twice.
func TestCheckConnections(t *testing.T) {
	checkRows(t, []checkRow{
		{"no own connections", []edit{{"factory_key: envoy.hashable_string", "factory_key: envoy.string"}}, Want{}, []string{"INNER.http_filters"}},
		{"own connections before heald", []edit{{"          - name: heald.connection\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config", "          - name: heald.connection\n            disabled: true\n            typed_config:\n              \"@type\": type.googleapis.com/envoy.extensions.filters.http.set_filter_state.v3.Config"}}, Want{}, []string{"INNER.http_filters"}},
		{"connection to the provider", []edit{{"              - x-heald-cluster\n              - x-heald-connection\n              - x-heald-memory\n", "              - x-heald-cluster\n              - x-heald-memory\n"}}, Want{}, []string{"INNER.LLM.request_headers_to_remove"}},
		{"idle connections", []edit{{"{idle_timeout: 50s,", "{idle_timeout: 60s,"}}, Want{}, []string{"static_resources.clusters[ai-studio].OPTIONS.common_http_protocol_options.idle_timeout"}},
		{"idle connections, older field", []edit{{"    typed_extension_protocol_options:\n      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n        # An idle", "    common_http_protocol_options: {idle_timeout: 300s}\n    metadata:\n      filter_metadata:\n       x:\n        # An idle"}}, Want{}, []string{"static_resources.clusters[ai-studio].common_http_protocol_options.idle_timeout"}},
		{"no pings", []edit{{"            connection_keepalive: {interval: 10s, timeout: 5s, connection_idle_interval: 10s}\n", ""}}, Want{}, []string{"static_resources.clusters[ai-studio].OPTIONS.auto_config.http2_protocol_options.connection_keepalive"}},
		{"no pings, Envoy's defaults", []edit{{"        auto_config:\n          http2_protocol_options:\n", "        auto_config: {}\n    metadata:\n      filter_metadata:\n        x:\n"}}, Want{}, []string{"static_resources.clusters[ai-studio].OPTIONS.auto_config.http2_protocol_options.connection_keepalive"}},
		{"rare pings", []edit{{"{interval: 10s, timeout: 5s,", "{interval: 31s, timeout: 5s,"}}, Want{}, []string{"static_resources.clusters[ai-studio].OPTIONS.auto_config.http2_protocol_options.connection_keepalive"}},
		{"HTTP/1.1 alone needs no pings", []edit{{"        auto_config:\n          http2_protocol_options:\n", "        explicit_http_config: {http_protocol_options: {}}\n    metadata:\n      filter_metadata:\n        x:\n"}}, Want{}, nil},
	})
}

// What clients begin with is answered, and what was taken from them is not refused inside.
func TestCheckDoor(t *testing.T) {
	checkRows(t, []checkRow{
		{"few headers inside", []edit{{"          common_http_protocol_options: {max_headers_count: 200}\n", ""}}, Want{}, []string{"INNER.common_http_protocol_options.max_headers_count"}},
		{"more headers at the door", []edit{{"max_headers_count: 100}", "max_headers_count: 171}"}}, Want{}, []string{"INNER.common_http_protocol_options.max_headers_count"}},
		{"upgrades refused with 403", []edit{{"              status_code: 426\n", ""}}, Want{}, []string{"OUTER.local_reply_config.mappers"}},
		{"offers of TLS refused", []edit{{"ignore_http_11_upgrade: [{prefix: TLS/}]", "ignore_http_11_upgrade: [{prefix: h2c}]"}}, Want{}, []string{"OUTER.http_protocol_options.ignore_http_11_upgrade"}},
		{"nobody offers TLS within TLS", []edit{{"ignore_http_11_upgrade: [{prefix: TLS/}]", "ignore_http_11_upgrade: [{prefix: h2c}]"},
			{"limit is request_body_buffer_limit below.\n    per_connection_buffer_limit_bytes: 65536\n    filter_chains:\n    - filters:", "\n    per_connection_buffer_limit_bytes: 65536\n    filter_chains:\n    - transport_socket: {name: tls, typed_config: {\"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext}}\n      filters:"}}, Want{}, nil},
		{"no HTTP/1.0", []edit{{"accept_http_10: true, ", ""}}, Want{}, []string{"OUTER.http_protocol_options"}},
		{"HTTP/1.0 with a host alone", []edit{{", default_host_for_http_10: localhost", ""}}, Want{}, []string{"OUTER.http_protocol_options"}},
		{"doubled slashes", []edit{{"          merge_slashes: true\n", ""}}, Want{}, []string{"OUTER.merge_slashes"}},
		{"no filter heald.close", []edit{{"h:streamInfo():drainConnectionUponCompletion()", "h:logInfo(agent)"}}, Want{}, []string{"OUTER.http_filters"}},
		{"heald.close disabled", []edit{{"          - name: heald.close\n", "          - name: heald.close\n            disabled: true\n"}}, Want{}, []string{"OUTER.http_filters"}},
		{"heald.close in a file", []edit{{"          - name: heald.close\n            typed_config:\n", "          - name: heald.close\n            typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua, default_source_code: {filename: /etc/envoy/close.lua}}\n          - name: other\n            typed_config:\n"}, {"h:streamInfo():drainConnectionUponCompletion()", "h:logInfo(agent)"}}, Want{}, nil},
		{"nothing at /healthz", []edit{{"          - name: envoy.filters.http.health_check\n", "          - name: envoy.filters.http.health_check\n            disabled: true\n"}}, Want{}, []string{"OUTER.http_filters"}},
	})
}

// Another spelling of a path goes around the route that is meant.
func TestCheckSpellings(t *testing.T) {
	merged := edit{"          merge_slashes: true\n", "          merge_slashes: true\n"}
	unmerged := edit{merged.old, ""}
	two := func(match string, slashes edit) []edit { // a route before the one for all paths
		const name, end = "              - name: llm\n                match: {prefix: /}\n                # Settings", "reset_headers: [{name: x-heald-retry-after, format: SECONDS}]\n"
		return []edit{slashes,
			{name, strings.NewReplacer("name: llm", "name: strict", "{prefix: /}", match).Replace(name)},
			{"request_headers_to_remove: [x-heald-policy", "request_headers_to_remove: &removed [x-heald-policy"},
			{"request_headers_to_add:\n", "request_headers_to_add: &added\n"},
			{"route:\n                  cluster: inner", "route: &way\n                  cluster: inner"},
			{end, end + "              - {name: llm, match: {prefix: /}, request_headers_to_remove: *removed, request_headers_to_add: *added, route: *way}\n"}}
	}
	const strict = "OUTER.route_config.virtual_hosts[llm].routes[strict].match"
	checkRows(t, []checkRow{
		{"one route", []edit{unmerged}, Want{}, []string{"OUTER.merge_slashes"}},
		{"told apart by a header", two("{prefix: /, headers: [{name: a, present_match: true}]}", merged), Want{}, nil},
		{"a prefix", two("{prefix: /v1/}", merged), Want{}, []string{strict}},
		{"a prefix, slashes are not merged", two("{prefix: /v1/}", unmerged), Want{}, []string{strict, "OUTER.merge_slashes"}},
		{"a path", two("{path: /v1/messages}", merged), Want{}, []string{strict}},
		{"a path, whole segments", two("{path_separated_prefix: /v1/messages}", merged), Want{}, []string{strict}},
	})
}
