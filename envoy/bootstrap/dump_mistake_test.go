package bootstrap

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// change edits a dump at a path. Each step goes to the nearest object of that
// name, or field, below the last; the last one is a field that gets the value,
// or is removed.
type change struct {
	path  string // steps with " > " between
	value any    // nil removes
}

// mistake is an edited dump, and what Check says of it.
type mistake struct {
	name    string
	changes []change
	want    func(*Want) // nil: as for the good dump
	problem string      // where: what, of one of the problems
	others  int         // further problems that follow from it
}

func set(path string, value any) change { return change{path, value} }

func remove(path string) change { return change{path, nil} }

// snake writes a field as Envoy does.
func snake(key string) string {
	var b strings.Builder
	for _, r := range key {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// nearest finds the object or list below v that a step names, in order of depth.
func nearest(v any, step string) any {
	level := []any{v}
	for len(level) > 0 {
		var next []any
		for _, x := range level {
			switch x := x.(type) {
			case map[string]any:
				for _, k := range slices.Sorted(maps.Keys(x)) {
					if child := x[k]; snake(k) == step {
						return child
					}
				}
				for _, k := range slices.Sorted(maps.Keys(x)) {
					next = append(next, x[k])
				}
			case []any:
				next = append(next, x...)
			}
		}
		for _, x := range next {
			m, ok := x.(map[string]any)
			if !ok {
				continue
			}
			url, _ := m["@type"].(string)
			if m["name"] == step || m["key"] == step || m["cluster_name"] == step || m["clusterName"] == step || strings.HasSuffix(url, "."+step) {
				return x
			}
		}
		level = next
	}
	return nil
}

func (c change) apply(t *testing.T, tree any) {
	t.Helper()
	steps := strings.Split(c.path, " > ")
	at := tree
	for _, step := range steps[:len(steps)-1] {
		if at = nearest(at, step); at == nil {
			t.Fatalf("%s: there is no %s", c.path, step)
		}
	}
	m, ok := at.(map[string]any)
	if !ok {
		t.Fatalf("%s: not an object", c.path)
	}
	last := steps[len(steps)-1]
	for k := range m {
		if snake(k) == last {
			last = k
		}
	}
	_, there := m[last]
	if c.value != nil {
		m[last] = c.value
	} else if there {
		delete(m, last)
	} else {
		t.Fatalf("%s: is not there", c.path)
	}
}

// unfold copies what YAML's aliases make parts of a tree share.
func unfold(t testing.TB, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func runMistakes(t *testing.T, good goodDump, mistakes []mistake) {
	t.Helper()
	file, err := os.ReadFile(good.file())
	if err != nil {
		t.Fatal(err)
	}
	if len(mistakes) < 30 {
		t.Errorf("only %d mistakes", len(mistakes))
	}
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			var tree any
			if err := yaml.Unmarshal(file, &tree); err != nil {
				t.Fatal(err)
			}
			tree = unfold(t, tree)
			for _, c := range m.changes {
				c.apply(t, tree)
			}
			text, err := json.Marshal(tree)
			if err != nil {
				t.Fatal(err)
			}
			dumps, err := ParseDump(text)
			if err != nil || len(dumps) != 1 {
				t.Fatalf("%d dumps: %v", len(dumps), err)
			}
			want := good.want
			if m.want != nil {
				m.want(&want)
			}
			var said []string
			for _, p := range dumps[0].Check(want) {
				if want.Hop != "" && strings.Contains(p.String(), want.Hop) {
					t.Errorf("shows the secret: %s", p)
				}
				if p.Note {
					continue
				}
				if p.Problem == "" || p.Consequence == "" || p.Fix == "" {
					t.Errorf("incomplete: %s", p)
				}
				said = append(said, p.Path+": "+p.Problem)
			}
			if !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, m.problem) }) || m.problem == "" || len(said) != 1+m.others {
				t.Errorf("got\n\t%s\nwant %d, one of them with\n\t%s", strings.Join(said, "\n\t"), 1+m.others, m.problem)
			}
		})
	}
}

func TestMistakesIstio(t *testing.T) {
	const (
		outer = "http.8080 > llm.example.com:80"
		route = outer + " > heald-outer"
		inner = "http.18081 > inner.heald:18081"
		lis   = "0.0.0.0_8080 > HttpConnectionManager"
		in    = "127.0.0.1_18081 > HttpConnectionManager"
		ext   = in + " > ExternalProcessor"
		heald = "outbound|9000||heald.heald.svc.cluster.local"
		hop   = "ClustersConfigDump > outbound|18081||inner.heald"
		ai    = "ClustersConfigDump > outbound|443||generativelanguage.googleapis.com"
	)
	runMistakes(t, goodDumps[0], []mistake{
		{name: "outer buffer not patched", changes: []change{remove(outer + " > request_body_buffer_limit")}, problem: `route configuration http.8080, virtual host llm.example.com:80: request_body_buffer_limit: requests are kept up to 1048576 bytes, but heald allows 33554432`},
		{name: "inner buffer not patched", changes: []change{remove(inner + " > request_body_buffer_limit")}, problem: `route configuration http.18081, virtual host inner.heald:18081: request_body_buffer_limit: requests are kept up to 1048576 bytes, but heald allows 33554432`},
		{name: "profile EDGE", changes: []change{remove(outer + " > request_body_buffer_limit"), set("0.0.0.0_8080 > listener > per_connection_buffer_limit_bytes", 32768), set(lis+" > stream_idle_timeout", "300s")}, problem: `listener 0.0.0.0_8080: stream_idle_timeout: 5m0s is not longer than the longest wait or silence (5m0s)`, others: 1},
		{name: "100 Continue", changes: []change{set(route+" > request_headers_to_remove", []any{"x-heald-memory", "x-heald-unreached", "x-heald-cluster", "x-heald-connection", "x-heald-set", "x-heald-backends", "x-heald-hop"})}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: request_headers_to_remove: expect passes, and proxy_100_continue forwards the 100 Continue`},
		{name: "request ids of inner", changes: []change{remove(in + " > preserve_external_request_id")}, problem: `listener 127.0.0.1_18081: preserve_external_request_id: not set, with use_remote_address: true`},
		{name: "request ids of clients", changes: []change{set(lis+" > preserve_external_request_id", true)}, problem: `listener 0.0.0.0_8080: preserve_external_request_id: true`},
		{name: "underscores", changes: []change{set(lis+" > common_http_protocol_options", map[string]any{"headers_with_underscores_action": "REJECT_REQUEST"})}, problem: `listener 0.0.0.0_8080: common_http_protocol_options.headers_with_underscores_action: REJECT_REQUEST`},
		{name: "filter not inserted", changes: []change{set(ext+" > @type", "type.googleapis.com/example.Other")}, problem: `listener 127.0.0.1_18081: http_filters: no ext_proc filter of heald, but a route leads here that asks for heald's retries`},
		{name: "Lua not merged", changes: []change{set("0.0.0.0_8080 > Router > upstream_http_filters", []any{})}, problem: `listener 0.0.0.0_8080: http_filters[envoy.filters.http.router].typed_config.upstream_http_filters: no Lua filter carries x-heald-memory from one attempt to the next`},
		{name: "attempts not counted", changes: []change{remove(outer + " > include_request_attempt_count")}, problem: `route configuration http.8080, virtual host llm.example.com:80: include_request_attempt_count: not set`},
		{name: "no mapper", changes: []change{remove(in + " > local_reply_config")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.retriable_headers: a reply without heald's stamp is not matched`, others: 1},
		{name: "mapper of all replies", changes: []change{set(in+" > local_reply_config > mappers", []any{map[string]any{"status_code": 503, "filter": map[string]any{"status_code_filter": map[string]any{"comparison": map[string]any{"op": "GE", "value": map[string]any{"default_value": 500, "runtime_key": "x"}}}}}})}, problem: `listener 127.0.0.1_18081: local_reply_config.mappers[0].filter: does not look at response.code_details`, others: 2},
		{name: "body format of all", changes: []change{set(in+" > local_reply_config > body_format", map[string]any{"text_format": "oops"})}, problem: `listener 127.0.0.1_18081: local_reply_config.body_format: applies to every local reply, and heald's replies are local replies`},
		{name: "no retry header", changes: []change{set(route+" > x-envoy-retriable-header-names > value", "x-other")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.retriable_headers: the mark x-heald-retry is not matched`, others: 2},
		{name: "no retry-on header", changes: []change{set(route+" > x-envoy-retry-on > value", "5xx")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.retry_on: retriable-headers is missing`, others: 1},
		{name: "Istio's own retry statuses", changes: []change{set(route+" > retry_policy > retry_on", "connect-failure,refused-stream,reset,unavailable,retriable-status-codes"), set(route+" > retry_policy > retriable_status_codes", []any{503})}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.retriable_status_codes: replies with status 503 are retried, which heald uses itself`},
		{name: "too few retries", changes: []change{set(route+" > retry_policy > num_retries", 2)}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.num_retries: 2 retries, but heald makes up to 5 attempts`},
		{name: "hint not read", changes: []change{remove(route + " > retry_policy > rate_limited_retry_back_off")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.rate_limited_retry_back_off: x-heald-retry-after is not read`},
		{name: "route timeout", changes: []change{set(route+" > route > timeout", "30s")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.timeout: the route ends after 30s`},
		{name: "per-try timeout", changes: []change{set(route+" > retry_policy > per_try_timeout", "10s")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.retry_policy.per_try_timeout: set on the outer route`},
		{name: "inner route timeout", changes: []change{set(inner+" > ai-studio > route > timeout", "15s")}, problem: `route configuration http.18081, virtual host inner.heald:18081, route ai-studio: route.timeout: an attempt ends after 15s`},
		{name: "inner retries", changes: []change{set(inner+" > ai-studio > route > retry_policy", map[string]any{"retry_on": "connect-failure,refused-stream,unavailable,503", "num_retries": 2})}, problem: `route configuration http.18081, virtual host inner.heald:18081, route ai-studio: route.retry_policy.retry_on: the inner route retries by itself`},
		{name: "inner retries by the mark", changes: []change{set(inner+" > ai-studio > route > retry_policy", map[string]any{"retry_on": "retriable-headers", "num_retries": 2, "retriable_headers": []any{map[string]any{"name": "x-heald-retry", "string_match": map[string]any{"exact": "1"}}}})}, problem: `route configuration http.18081, virtual host inner.heald:18081, route ai-studio: route.retry_policy.retry_on: the inner route retries by itself`},
		{name: "host not rewritten", changes: []change{remove(route + " > route > host_rewrite_literal")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.host_rewrite_literal: requests go to the inner listener as "llm.example.com", which none of its virtual hosts takes`},
		{name: "heald changes the host", want: func(w *Want) { w.RouteAuthority = false }, problem: `route configuration http.18081, virtual host inner.heald:18081: domains: requests are taken by their host, but heald changes :authority to the provider's, after which Envoy looks for the route again`, others: 2},
		{name: "client's cluster", changes: []change{set(route+" > request_headers_to_remove", []any{"x-heald-memory", "x-heald-unreached", "x-heald-connection", "x-heald-set", "x-heald-backends", "x-heald-hop", "expect"})}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: request_headers_to_remove: x-heald-cluster of a client passes`},
		{name: "mark to clients", changes: []change{set(route+" > response_headers_to_remove", []any{"x-heald-retry-after", "x-heald-verdict", "x-heald-memory"})}, problem: `route configuration http.8080, virtual host llm.example.com:80: response_headers_to_remove: x-heald-retry passes`},
		{name: "policy to the provider", changes: []change{set(inner+" > ai-studio > request_headers_to_remove", []any{"x-heald-cluster", "x-heald-connection", "x-heald-memory", "x-heald-unreached", "x-heald-set", "x-heald-backends", "x-heald-hop"})}, problem: `route configuration http.18081, virtual host inner.heald:18081: request_headers_to_remove: x-heald-policy passes`},
		{name: "no CA", changes: []change{set(ai+" > UpstreamTlsContext > common_tls_context", map[string]any{"validation_context": map[string]any{}})}, problem: `cluster outbound|443||generativelanguage.googleapis.com: transport_socket.typed_config.common_tls_context.validation_context.trusted_ca: none: Envoy accepts any certificate`, others: 1},
		{name: "provider in plain text", changes: []change{remove(ai + " > transport_socket")}, problem: `cluster outbound|443||generativelanguage.googleapis.com: transport_socket: generativelanguage.googleapis.com is reached in plain text`},
		{name: "key in the log", changes: []change{set("0.0.0.0_8080 > FileAccessLog > text_format_source > inline_string", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%\n")}, problem: `listener 0.0.0.0_8080: access_log[envoy.access_loggers.file].typed_config.log_format: prints the path with its query`},
		{name: "heald outside the mesh", changes: []change{set("EndpointsConfigDump > "+heald+" > endpoints", []any{map[string]any{"lb_endpoints": []any{map[string]any{"endpoint": map[string]any{"address": map[string]any{"socket_address": map[string]any{"address": "10.1.0.7", "port_value": 9000}}}}}}})}, problem: `cluster outbound|9000||heald.heald.svc.cluster.local: transport_socket: heald at 10.1.0.7 is reached in plain text`},
		{name: "retries at a time", changes: []change{set(hop+" > circuit_breakers", map[string]any{"thresholds": []any{map[string]any{"max_connections": 100000, "max_pending_requests": 100000, "max_requests": 100000}}})}, problem: `cluster outbound|18081||inner.heald: circuit_breakers.thresholds[0].retry_budget: not set, and max_retries is 3 (Envoy's default is 3)`},
		{name: "requests at a time", changes: []change{remove("ClustersConfigDump > " + heald + " > circuit_breakers")}, problem: `cluster outbound|9000||heald.heald.svc.cluster.local: circuit_breakers.thresholds[0].max_pending_requests: 1024, Envoy's default is 1024`, others: 1},
		{name: "dead replicas", changes: []change{remove("ClustersConfigDump > " + heald + " > outlier_detection")}, problem: `cluster outbound|9000||heald.heald.svc.cluster.local: outlier_detection: neither outlier_detection nor health_checks`},
		{name: "idle connections", changes: []change{remove(ai + " > HttpProtocolOptions > common_http_protocol_options")}, problem: `cluster outbound|443||generativelanguage.googleapis.com: typed_extension_protocol_options[envoy.extensions.upstreams.http.v3.HttpProtocolOptions].common_http_protocol_options.idle_timeout: idle connections are kept for the default of 1h0m0s`},
		{name: "no pool by connection", changes: []change{set(in+" > heald.connection > typed_config", map[string]any{"@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors"})}, problem: `listener 127.0.0.1_18081: http_filters: no set_filter_state filter after heald's shares x-heald-connection with the connection pool`},
		{name: "no HTTP/2 to heald", changes: []change{remove("ClustersConfigDump > " + heald + " > typed_extension_protocol_options")}, problem: `cluster outbound|9000||heald.heald.svc.cluster.local: typed_extension_protocol_options[envoy.extensions.upstreams.http.v3.HttpProtocolOptions]: no HTTP/2`},
		{name: "short message timeout", changes: []change{set(ext+" > message_timeout", "10s")}, problem: `listener 127.0.0.1_18081: http_filters[heald].typed_config.message_timeout: 10s is shorter than heald may wait (5m0s)`},
		{name: "body mode", changes: []change{set(ext+" > processing_mode > response_body_mode", "STREAMED")}, problem: `listener 127.0.0.1_18081: http_filters[heald].typed_config.processing_mode.response_body_mode: the response body mode is STREAMED`},
		{name: "route leads elsewhere", changes: []change{set(route+" > route > cluster", "outbound|80||shop.default.svc.cluster.local")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.cluster: asks for heald's retries, but "outbound|80||shop.default.svc.cluster.local" does not lead to heald's listener "127.0.0.1_18081"`},
		{name: "no such cluster", changes: []change{set(route+" > route > cluster", "outbound|18081||inner.other")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: route.cluster: asks for heald's retries, but there is no cluster "outbound|18081||inner.other"`},
		{name: "reachable inner listener", changes: []change{set("127.0.0.1_18081 > listener > socket_address > address", "0.0.0.0")}, problem: `route configuration http.8080, virtual host llm.example.com:80, route heald-outer: request_headers_to_add: no x-heald-hop is sent, and the inner listener can be reached from outside of this proxy`},
		{name: "update refused", changes: []change{set("127.0.0.1_18081 > error_state", map[string]any{"details": "Proto constraint validation failed: " + strings.Repeat("x-api-key: ", 100)})}, problem: `listener 127.0.0.1_18081: Envoy has refused its last update: Proto constraint validation failed`},
		{name: "no backend", want: func(w *Want) { w.Backends = []string{"vertex", "ai-studio", "third"} }, changes: []change{set(inner+" > ai-studio > match", map[string]any{"prefix": "/", "headers": []any{map[string]any{"name": "x-heald-cluster", "string_match": map[string]any{"exact": "ai-studio"}}}})}, problem: `route configuration http.18081: no route matches x-heald-cluster: third`},
	})
}

func TestMistakesGateway(t *testing.T) {
	const (
		route     = "heald/llm/outer/llm_example_com > httproute/heald/outer/rule/0/match/-1/llm_example_com"
		inner     = "heald/llm/inner/* > httproute/heald/inner/rule/1/match/0/*"
		lis       = "dynamic_listeners > heald/llm/outer > HttpConnectionManager"
		in        = "dynamic_listeners > heald/llm/inner > HttpConnectionManager"
		ext       = in + " > ExternalProcessor"
		hop       = "dynamic_active_clusters > httproute/heald/outer/rule/0"
		ai        = "dynamic_active_clusters > httproute/heald/inner/rule/1"
		heald     = "dynamic_active_clusters > envoyextensionpolicy/heald/heald/0"
		extFilter = "envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0"
		override  = "envoy.filters.http.custom_response/backendtrafficpolicy/heald/outer"
	)
	runMistakes(t, goodDumps[1], []mistake{
		{name: "outer buffer", changes: []change{remove(route + " > typed_per_filter_config > envoy.filters.http.buffer"), set(lis+" > http_filters > envoy.filters.http.buffer > disabled", true)}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com: request_body_buffer_limit: requests are kept up to 32768 bytes, but heald allows 33554432`},
		{name: "inner buffer", changes: []change{remove(inner + " > typed_per_filter_config > envoy.filters.http.buffer"), set(in+" > http_filters > envoy.filters.http.buffer > disabled", true)}, problem: `route configuration heald/llm/inner, virtual host heald/llm/inner/*: request_body_buffer_limit: requests are kept up to 32768 bytes, but heald allows 33554432`},
		{name: "small buffer of one route", changes: []change{set(route+" > typed_per_filter_config > envoy.filters.http.buffer > buffer", map[string]any{"maxRequestBytes": 1048576})}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: typed_per_filter_config[envoy.filters.http.buffer]: requests are kept up to 1048576 bytes, but heald allows 33554432`},
		{name: "underscores", changes: []change{set(lis+" > common_http_protocol_options > headers_with_underscores_action", "REJECT_REQUEST")}, problem: `listener heald/llm/outer: common_http_protocol_options.headers_with_underscores_action: REJECT_REQUEST`},
		{name: "underscores within", changes: []change{set(in+" > common_http_protocol_options > headers_with_underscores_action", "REJECT_REQUEST")}, problem: `listener heald/llm/inner: common_http_protocol_options.headers_with_underscores_action: REJECT_REQUEST`},
		{name: "request ids", changes: []change{remove(in + " > preserve_external_request_id")}, problem: `listener heald/llm/inner: preserve_external_request_id: not set, with use_remote_address: true`},
		{name: "request ids of clients", changes: []change{set(lis+" > preserve_external_request_id", true)}, problem: `listener heald/llm/outer: preserve_external_request_id: true`},
		{name: "idle timeout", changes: []change{remove(lis + " > stream_idle_timeout")}, problem: `listener heald/llm/outer: stream_idle_timeout: the default of 5m0s is not longer than the longest wait or silence (5m0s)`},
		{name: "idle timeout within", changes: []change{remove(in + " > stream_idle_timeout")}, problem: `listener heald/llm/inner: stream_idle_timeout: the default of 5m0s is not longer than the longest wait or silence (5m0s)`},
		{name: "statuses not reserved", want: func(w *Want) { w.Reserved = nil }, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retriable_status_codes: replies with the statuses 502-504, 507 are retried, which heald uses itself`, others: 1},
		{name: "one status not reserved", want: func(w *Want) { w.Reserved = []int{502, 503, 504} }, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retriable_status_codes: replies with status 507 are retried, which heald uses itself`, others: 1},
		{name: "override of 429", changes: []change{set(lis+" > "+override+" > or_matcher > predicate", []any{map[string]any{"singlePredicate": map[string]any{
			"input":      map[string]any{"name": "x", "typedConfig": map[string]any{"@type": "type.googleapis.com/envoy.type.matcher.v3.HttpResponseStatusCodeMatchInput"}},
			"valueMatch": map[string]any{"exact": "429"}}}})}, problem: `listener heald/llm/outer: http_filters[envoy.filters.http.custom_response/backendtrafficpolicy/heald/outer]: replies with status 429 are replaced, which heald uses itself`},
		{name: "status of a dead heald", changes: []change{remove(ext + " > status_on_error")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retriable_headers: a reply without heald's stamp is not matched`},
		{name: "dead heald not retried", changes: []change{set(route+" > retry_policy > retriable_status_codes", []any{502, 503, 504})}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retriable_headers: a reply without heald's stamp is not matched`},
		{name: "provider resets not retried", changes: []change{set(route+" > retry_policy > retriable_status_codes", []any{507})}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retriable_headers: replies of the inner listener for broken provider connections are not matched`},
		{name: "retries on all errors", changes: []change{set(route+" > retry_policy > retry_on", "5xx,reset")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retry_on: replies with the statuses 500-501, 505-506, 508-599 are retried, which heald uses itself`},
		{name: "no mark", changes: []change{set(route+" > x-envoy-retriable-header-names > value", "x-other")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retriable_headers: the mark x-heald-retry is not matched`},
		{name: "no retry-on", changes: []change{set(route+" > x-envoy-retry-on > value", "reset")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retry_on: retriable-headers is missing`},
		{name: "no resets", changes: []change{set(route+" > retry_policy > retry_on", "retriable-status-codes")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.retry_on: reset is missing`},
		{name: "too few retries", changes: []change{set(route+" > retry_policy > num_retries", 1)}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.num_retries: 1 retries, but heald makes up to 5 attempts`},
		{name: "waits", want: func(w *Want) { w.OwnWait = false }, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.retry_policy.rate_limited_retry_back_off: x-heald-retry-after is not read`},
		{name: "memory", want: func(w *Want) { w.StoreMemory = false }, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com: include_request_attempt_count: not set`, others: 1},
		{name: "authority", want: func(w *Want) { w.RouteAuthority = false }, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].typed_config.mutation_rules.allow_all_routing: not set`, others: 2},
		{name: "no hop secret", changes: []change{set(route+" > x-heald-hop > key", "x-other")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: request_headers_to_remove: x-heald-hop of a client passes`, others: 1},
		{name: "other hop secret", changes: []change{set(route+" > x-heald-hop > value", "another")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: request_headers_to_add: x-heald-hop is another secret than the inner route asks for`},
		{name: "hop asked by nobody", want: func(w *Want) { w.Hop = "" }, changes: []change{set(inner+" > match", map[string]any{"prefix": "/"})}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: request_headers_to_add: no x-heald-hop is sent, and the inner listener can be reached from outside of this proxy`},
		{name: "route timeout", changes: []change{remove(route + " > route > timeout")}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.timeout: the route ends after the default of 15s`},
		{name: "inner route timeout", changes: []change{remove(inner + " > route > timeout")}, problem: `route configuration heald/llm/inner, virtual host heald/llm/inner/*, route httproute/heald/inner/rule/1/match/0/*: route.timeout: an attempt ends after the default of 15s`},
		{name: "filter off on one route", changes: []change{remove(inner + " > typed_per_filter_config > " + extFilter)}, problem: `route configuration heald/llm/inner, virtual host heald/llm/inner/*, route httproute/heald/inner/rule/1/match/0/*: typed_per_filter_config[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0]: heald's filter is not switched on on this route`},
		{name: "filter on no route", changes: []change{remove(inner + " > typed_per_filter_config > " + extFilter), remove("httproute/heald/inner/rule/0/match/0/* > typed_per_filter_config > " + extFilter)}, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].disabled: the filter is disabled`},
		{name: "fail open", changes: []change{set(ext+" > failure_mode_allow", true)}, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].typed_config.failure_mode_allow: true`},
		{name: "short message timeout", changes: []change{remove(ext + " > message_timeout")}, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].typed_config.message_timeout: the default of 0.2s is shorter than heald may wait (5m0s)`},
		{name: "no attributes", changes: []change{remove(ext + " > response_attributes")}, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].typed_config.response_attributes: response.code_details is not sent`},
		{name: "body in parts that are lost", changes: []change{set(ext+" > processing_mode > request_body_mode", "STREAMED")}, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].typed_config.processing_mode.request_body_mode: the request body mode is STREAMED`},
		{name: "gRPC retries", changes: []change{set(ext+" > grpc_service > retry_policy", map[string]any{"num_retries": 2})}, problem: `listener heald/llm/inner: http_filters[envoy.filters.http.ext_proc/envoyextensionpolicy/heald/heald/extproc/0].typed_config.grpc_service.retry_policy: set`},
		{name: "client's memory", changes: []change{set(route+" > request_headers_to_remove", []any{"x-heald-unreached", "x-heald-cluster", "x-heald-connection", "x-heald-set", "x-heald-backends"})}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: request_headers_to_remove: x-heald-memory of a client passes`},
		{name: "verdict to clients", changes: []change{set(route+" > response_headers_to_remove", []any{"x-heald-retry", "x-heald-retry-after", "x-heald-memory"})}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com: response_headers_to_remove: x-heald-verdict passes`},
		{name: "hop to the provider", changes: []change{set(inner+" > request_headers_to_remove", []any{"x-heald-cluster", "x-heald-connection", "x-heald-memory", "x-heald-unreached", "x-heald-policy", "x-heald-set", "x-heald-backends"})}, problem: `route configuration heald/llm/inner, virtual host heald/llm/inner/*: request_headers_to_remove: x-heald-hop passes`},
		{name: "no CA", changes: []change{set(ai+" > UpstreamTlsContext > common_tls_context", map[string]any{})}, problem: `cluster httproute/heald/inner/rule/1: transport_socket_matches[httproute/heald/inner/rule/1/tls/0].transport_socket.typed_config.common_tls_context.validation_context.trusted_ca: none: Envoy accepts any certificate`, others: 1},
		{name: "provider in plain text", changes: []change{set(ai+" > transport_socket_matches", []any{})}, problem: `cluster httproute/heald/inner/rule/1: transport_socket: generativelanguage.googleapis.com is reached in plain text`},
		{name: "heald in plain text", changes: []change{set(heald+" > transport_socket_matches", []any{})}, problem: `cluster envoyextensionpolicy/heald/heald/0: transport_socket: heald at 10.1.0.7 is reached in plain text`},
		{name: "log of Envoy Gateway", changes: []change{set(lis+" > json_format > path", "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%")}, problem: `listener heald/llm/outer: access_log[envoy.access_loggers.file].typed_config.log_format: prints the path with its query`},
		{name: "retries at a time", changes: []change{remove(hop + " > circuit_breakers")}, problem: `cluster httproute/heald/outer/rule/0: circuit_breakers.thresholds[0].max_connections: 1024, Envoy's default is 1024`, others: 3},
		{name: "inner elsewhere", changes: []change{set(hop+" > socket_address > port_value", 18082)}, problem: `route configuration heald/llm/outer, virtual host heald/llm/outer/llm_example_com, route httproute/heald/outer/rule/0/match/-1/llm_example_com: route.cluster: asks for heald's retries, but "httproute/heald/outer/rule/0" does not lead to heald's listener "heald/llm/inner"`},
	})
}
