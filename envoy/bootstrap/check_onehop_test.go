package bootstrap

import (
	"os"
	"strings"
	"testing"
)

// The shipped file fits, and is not asked for a second listener. Each mistake is
// found, at its place, with what to write instead.
func TestCheckOneHop(t *testing.T) {
	file, err := os.ReadFile("../onehop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	shipped := string(file)
	want := Want{OneHop: true, ClientKeys: true, Backends: []string{"ai-studio"}}
	for _, p := range checkText(t, shipped, want) {
		t.Errorf("shipped: %s", p)
	}
	secret := want
	secret.Hop = "a secret of sixteen bytes"
	const removals = "              - remove: x-heald-connection\n"
	sets := func(value string) edit {
		return edit{removals, removals + "              - append: {header: {key: x-heald-hop, value: \"" + value + "\"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}\n"}
	}
	for _, p := range checkText(t, apply(t, shipped, []edit{sets(secret.Hop)}), secret) {
		t.Errorf("with a hop secret: %s", p)
	}
	for _, c := range []struct {
		name  string
		edits []edit
		want  Want
		path  string
		found string
	}{
		{"no secret is set", nil, secret, "early_header_mutation_extensions", "no x-heald-hop is set"},
		{"another secret", []edit{sets("guessed")}, secret, "early_header_mutation_extensions", "is not the secret"},
		{"policies of clients", []edit{sets(secret.Hop), {"              - remove: x-heald-policy\n", ""}}, secret, "early_header_mutation_extensions", "x-heald-policy of a client passes"},
		{"backends of clients", []edit{sets(secret.Hop), {"              - remove: x-heald-backends\n", ""}}, secret, "early_header_mutation_extensions", "x-heald-backends of a client passes"},
		{"it retries by itself", []edit{{"connect-failure,refused-stream,reset-before-request", "5xx"}}, want, "retry_policy.retry_on", "retries by itself"},
		{"request ids of clients", []edit{{"          use_remote_address: true\n", "          use_remote_address: true\n          preserve_external_request_id: true\n"}}, want, "preserve_external_request_id", "true"},
		{"a mark for nobody", []edit{{"status_code: 503\n              headers_to_add:\n", "status_code: 503\n              headers_to_add:\n              - header: {key: x-heald-retry, value: \"1\"}\n"}}, want, "headers_to_add", "x-heald-retry is added"},
		{"heald's replies overwritten", []edit{{"!response.code_details.startsWith('heald_')", "response.code >= 400"}}, want, "mappers[5].filter", "does not look at response.code_details"},
		{"a short route", []edit{{"                  timeout: 0s\n", ""}}, want, "route.timeout", "ends after"},
		{"a short silence", []edit{{"stream_idle_timeout: 900s", "stream_idle_timeout: 30s"}}, want, "stream_idle_timeout", "not longer than"},
		{"clients without end", []edit{{"stream_idle_timeout: 900s", "stream_idle_timeout: 0s"}}, want, "stream_idle_timeout", "none"},
		{"a wrong mode", []edit{{"response_body_mode: FULL_DUPLEX_STREAMED", "response_body_mode: BUFFERED"}}, want, "response_body_mode", "BUFFERED"},
		{"heald waits longer", []edit{{"message_timeout: 600s", "message_timeout: 1s"}}, want, "message_timeout", "shorter"},
		{"no such cluster", nil, Want{OneHop: true, ClientKeys: true, Backends: []string{"other", "ai-studio"}}, "clusters[other]", "no cluster for the backend"},
		{"the provider sees the client", []edit{{"              - x-heald-session\n", ""}, {"              - x-heald-policy\n              - x-heald-set\n", ""}}, want, "request_headers_to_remove", "x-heald-policy passes"},
		{"dead connections", []edit{{"{idle_timeout: 50s, max_headers_count: 200}", "{max_headers_count: 200}"}}, want, "idle_timeout", "idle connections"},
		{"requests upgraded", []edit{{"          merge_slashes: true\n", "          merge_slashes: true\n          upgrade_configs: [{upgrade_type: websocket}]\n"}}, want, "upgrade_configs", "upgraded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := checkText(t, apply(t, shipped, c.edits), c.want)
			for _, p := range got {
				if strings.Contains(p.Path, c.path) && strings.Contains(p.Problem+p.Path, c.found) && p.Consequence != "" && p.Fix != "" {
					return
				}
			}
			t.Errorf("not found: %v", got)
		})
	}
}

// Two listeners, and a heald that expects one.
func TestCheckOneHopOfTwo(t *testing.T) {
	file, err := os.ReadFile("../envoy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := checkText(t, string(file), Want{OneHop: true, ClientKeys: true})
	if len(got) == 0 || got[0].Note || !strings.Contains(got[0].Problem, "mode: one_hop") || !strings.Contains(got[0].Path, "listeners[outer]") {
		t.Errorf("%v", got)
	}
}
