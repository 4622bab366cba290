package bootstrap

import (
	"slices"
	"testing"

	"github.com/heald-proxy/heald/envoy"
)

// What hedge needs of Envoy is only asked for where it is used.
func TestCheckHedge(t *testing.T) {
	const (
		upstream = "INNER.http_filters[envoy.filters.http.router].typed_config.upstream_http_filters"
		breakers = "static_resources.clusters[ai-studio].circuit_breakers.thresholds[0].retry_budget"
		budget   = "        retry_budget: {budget_percent: {value: 10}, min_retry_concurrency: 5}\n"
		told     = "                append_action: OVERWRITE_IF_EXISTS\n              # A provider"
		setByHim = "- header: {key: x-heald-policy, value: default}"
		removed  = "              - x-heald-memory\n              routes:\n"
	)
	tests := []struct {
		name  string
		edits []edit
		paths []string
	}{
		{"headers that heald may not set", []edit{{", allow_envoy: true", ""}}, []string{"FILTER.mutation_rules.allow_envoy"}},
		{"headers that the script removes", []edit{{`"x-envoy-hedge-on-per-try-timeout", `, ""}}, []string{"INNER.http_filters[heald.allow]"}},
		{"another header that the script removes", []edit{{`"x-envoy-max-retries",`, ""}}, []string{"INNER.http_filters[heald.allow]"}},
		{"no mark", []edit{{`add("x-heald-lost"`, `add("x-other"`}}, []string{upstream}},
		{"no time", []edit{{"%REQUEST_TX_DURATION%", "%START_TIME%"}}, []string{"INNER.LLM.response_headers_to_add"}},
		{"the time always", []edit{{told, "                append_action: OVERWRITE_IF_EXISTS_OR_ADD\n              # A provider"}}, []string{"INNER.LLM.response_headers_to_add"}},
		{"removed", []edit{{removed, "              - x-heald-memory\n              - X-Heald-Hedged\n              routes:\n"}}, []string{"INNER.LLM.response_headers_to_remove"}},
		{"no budget", []edit{{budget, ""}}, []string{breakers}},
		{"the default budget", []edit{{budget, "        retry_budget: {}\n"}}, []string{breakers + ".budget_percent"}},
		{"a large budget", []edit{{budget, "        retry_budget: {budget_percent: {value: 10.5}, min_retry_concurrency: 51}\n"}},
			[]string{breakers + ".budget_percent", breakers + ".min_retry_concurrency"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := apply(t, string(envoy.Config), tt.edits)
			got := pathsOf(checkText(t, text, Want{Backends: []string{"ai-studio"}, Hedge: true}))
			want := make([]string, len(tt.paths))
			for i, p := range tt.paths {
				want[i] = short.Replace(p)
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if got := checkText(t, text, Want{Backends: []string{"ai-studio"}}); len(got) > 0 {
				t.Errorf("without hedge: %v", got)
			}
			for set, want := range map[string]int{"hedge=p90": len(tt.paths), "attempts=2, hedge=2s": len(tt.paths), "hedge=off": 0} {
				byRoute := apply(t, text, []edit{{setByHim, setByHim + "\n                - header: {key: x-heald-set, value: \"" + set + "\"}"}})
				if got := checkText(t, byRoute, Want{Backends: []string{"ai-studio"}}); len(got) != want {
					t.Errorf("with x-heald-set: %s on the route: %v, want %d", set, got, want)
				}
			}
		})
	}
}

func pathsOf(problems []Problem) []string {
	paths := make([]string, len(problems))
	for i, p := range problems {
		paths[i] = p.Path
	}
	return paths
}
