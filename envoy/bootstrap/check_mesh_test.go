package bootstrap

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy"
)

// Parts that come by xDS are not reported as missing: notes, no problems.
func TestCheckUnseen(t *testing.T) {
	text := string(envoy.Config)
	for name, edits := range map[string][]edit{
		"routes":    {{"          route_config:\n            name: outer\n            virtual_hosts:", "          rds: {route_config_name: r, config_source: {ads: {}}}\n      metadata:\n       filter_metadata:\n        x:\n            virtual_hosts:"}},
		"clusters":  {{"static_resources:\n", "dynamic_resources: {cds_config: {ads: {}}}\nstatic_resources:\n"}, {"cluster: inner\n", "cluster: elsewhere\n"}, {"cluster_name: heald}\n", "cluster_name: elsewhere}\n"}},
		"listeners": {{"static_resources:\n", "dynamic_resources: {lds_config: {ads: {}}}\nstatic_resources:\n"}, {"filters.http.ext_proc.v3.ExternalProcessor", "filters.http.other.v3.Other"}},
	} {
		got := checkText(t, apply(t, text, edits), Want{Backends: []string{"ai-studio", "vertex"}})
		if len(got) == 0 {
			t.Errorf("%s: no note", name)
		}
		for _, p := range got {
			if !p.Note && (name != "routes" || !strings.Contains(p.Problem, `backend "vertex"`)) {
				t.Errorf("%s: %s", name, p)
			}
		}
	}
}

// Configurations of meshes reach the same by other means (Istio's
// VirtualService, Envoy Gateway's policies).
func TestCheckMesh(t *testing.T) {
	noStamp := edit{"                    - {name: x-heald-verdict, present_match: true, invert_match: true}\n", ""}
	tests := []struct {
		name  string
		edits []edit
		want  Want
	}{
		{"retries by request headers", []edit{
			noStamp,
			{`                    - {name: x-heald-retry, string_match: {exact: "1"}}`, ""},
			{"retriable-headers,reset", "reset"},
			{"                    retriable_headers:\n", ""},
			{"                - header: {key: x-heald-policy,", "                - header: {key: x-envoy-retry-on, value: retriable-headers}\n" +
				"                - header: {key: x-envoy-retriable-header-names, value: x-heald-retry}\n" +
				"                - header: {key: x-envoy-max-retries, value: \"7\"}\n                - header: {key: x-heald-policy,"},
		}, Want{Attempts: 8}},
		{"death by status", []edit{
			noStamp,
			{"retriable-headers,reset", "retriable-headers,retriable-status-codes,reset"},
			{numRetries, "                    retriable_status_codes: [502, 503, 504, 507]\n" + numRetries},
			{"message_timeout: 600s", "message_timeout: 600s\n              status_on_error: {code: 507}"},
			{"startsWith('ext_proc_error')\"\n              status_code: 503\n              headers_to_add:\n              - header: {key: x-heald-retry,", "startsWith('ext_proc_error')\"\n              status_code: 503\n              headers_to_add:\n              - header: {key: x-other,"},
		}, Want{Reserved: []int{502, 503, 504, 507}}},
		{"routes matched by backend", []edit{
			{innerRoute, "              - name: provider\n                match: {prefix: /, headers: [{name: x-heald-cluster, string_match: {exact: studio}}]}\n"},
			{innerCluster, "cluster: ai-studio\n"},
			{"mutation_rules: {allow_all_routing: true, allow_envoy: true}", ""},
		}, Want{Backends: []string{"studio"}, RouteAuthority: true}},
		{"memory in the store", []edit{
			{"include_request_attempt_count: true", ""},
			{`get("x-heald-memory")`, `get("x-other")`}, {`remove("x-heald-memory")`, `remove("x-other")`}, {`replace("x-heald-memory"`, `replace("x-other"`},
		}, Want{StoreMemory: true}},
		{"inner on a port, secret sent", []edit{
			{"    internal_listener: {}", "    address: {socket_address: {address: 0.0.0.0, port_value: 18081}}"},
			{"envoy_internal_address: {server_listener_name: inner}", "socket_address: {address: inner.localhost, port_value: 18081}"},
			{"                - header: {key: x-heald-policy,", "                - header: {key: x-heald-hop, value: long secret}\n                - header: {key: x-heald-policy,"},
		}, Want{Hop: "long secret"}},
		{"filter of another name, Lua in the cluster", []edit{
			{"          - name: heald\n", "          - name: envoy.filters.http.ext_proc/1\n"},
			{"stat_prefix: heald", "stat_prefix: x"},
			{"heald.memory\n                typed_config:\n", "heald.memory\n                typed_config:\n                  stat_prefix: x\n"},
			{`get("x-heald-memory")`, `get("x-other")`}, {`remove("x-heald-memory")`, `remove("x-other")`}, {`replace("x-heald-memory"`, `replace("x-other"`},
			{"  - name: inner\n    type: STATIC\n", "  - name: inner\n    type: STATIC\n    typed_extension_protocol_options:\n      envoy.extensions.upstreams.http.v3.HttpProtocolOptions:\n" +
				"        \"@type\": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions\n        explicit_http_config: {http2_protocol_options: {}}\n        http_filters:\n" +
				"        - name: lua\n          typed_config: {\"@type\": type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua, inline_code: \"function envoy_on_request(h) x-heald-memory end function envoy_on_response(h) end\"}\n"},
		}, Want{}},
		{"retry policy of the virtual host", []edit{
			{"              include_request_attempt_count: true", "              include_request_attempt_count: true\n              retry_policy: {retry_on: 'retriable-headers,reset', num_retries: 4, retriable_headers: [{name: x-heald-retry}, {name: x-heald-verdict, invert_match: true, treat_missing_header_as_empty: true, string_match: {safe_regex: {regex: .+}}}], " +
				"rate_limited_retry_back_off: {reset_headers: [{name: x-heald-retry-after}]}}"},
			{"                  retry_policy:\n", "                  metadata_match: {filter_metadata: {x: {}}}\n                metadata:\n                 filter_metadata:\n                  x:\n"},
		}, Want{}},
		{"policies of the virtual host, weighted clusters", []edit{
			{"                  cluster: inner\n", "                  weighted_clusters: {clusters: [{name: inner, weight: 1}]}\n"},
		}, Want{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, p := range checkText(t, apply(t, string(envoy.Config), tt.edits), tt.want) {
				t.Error(p)
			}
		})
	}
}
