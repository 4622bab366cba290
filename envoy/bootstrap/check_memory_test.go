package bootstrap

import (
	"slices"
	"testing"

	"github.com/heald-proxy/heald/envoy"
)

// Where every policy of heald.yaml keeps memory in the store, Envoy need not carry
// it, unless the route says otherwise: no lean configuration will do then.
func TestCheckMemoryOfRoute(t *testing.T) {
	const (
		policy   = "- header: {key: x-heald-policy, value: default}"
		metadata = "- {key: x-heald-role, value: attempt}"
	)
	full := apply(t, string(envoy.Config), []edit{
		{`get("x-heald-memory")`, `get("x-other")`}, {`remove("x-heald-memory")`, `remove("x-other")`}, {`replace("x-heald-memory"`, `replace("x-other"`},
	})
	missing := short.Replace("OUTER.http_filters[envoy.filters.http.router].typed_config.upstream_http_filters")
	for set, want := range map[string][]string{"attempts=2": nil, "memory=header": {missing}} {
		lean, err := Render(Params{Lean: true, StoreMemory: true, InitialMetadata: map[string]string{"x-heald-set": set}})
		if err != nil {
			t.Fatal(err)
		}
		if got := pathsOf(Check(lean, Want{StoreMemory: true})); !slices.Equal(got, want) {
			t.Errorf("lean, with %s: got %q, want %q", set, got, want)
		}
	}
	for _, c := range []struct {
		name, header, metadata string
		carried                bool
	}{
		{"nothing", "", "", false},
		{"another setting", "attempts=2", "", false},
		{"in headers", "memory=header", "", true},
		{"among others", "attempts=2, memory=header,hedge=off", "", true},
		{"the last counts", "memory=header,memory=store", "", false},
		{"in the filter's metadata", "", "memory=header", true},
		{"the metadata counts", "memory=header", "attempts=2", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var edits []edit
			if c.header != "" {
				edits = append(edits, edit{policy, policy + "\n                - header: {key: x-heald-set, value: \"" + c.header + "\"}"})
			}
			if c.metadata != "" {
				edits = append(edits, edit{metadata, metadata + "\n                - {key: x-heald-set, value: \"" + c.metadata + "\"}"})
			}
			var want []string
			if c.carried {
				want = []string{missing}
			}
			if got := pathsOf(checkText(t, apply(t, full, edits), Want{StoreMemory: true})); !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
