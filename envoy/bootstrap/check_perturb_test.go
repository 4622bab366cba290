package bootstrap

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/envoy"
	"github.com/heald-proxy/heald/test/fixture"
)

// TestCheckPerturbed writes down what Check says of envoy.yaml when any one of
// its settings is left out or has another value:
//
//	go test ./envoy/bootstrap -run TestCheckPerturbed -update
//
// TestCheck says what matters of it.
func TestCheckPerturbed(t *testing.T) {
	t.Parallel() // it takes seconds
	const path = "testdata/perturbed.txt"
	want, _ := os.ReadFile(path) // Diff reports that it is missing
	asks := Want{
		Attempts: 5, MaxBody: 32 << 20, MaxMessage: 33 << 20, Wait: 10 * time.Minute, Silence: 5 * time.Minute, RetryAfter: 10 * time.Second,
		GRPC: []string{"127.0.0.1:9000"}, Backends: []string{"ai-studio"}, Hedge: true,
	}
	var tree any
	if err := yaml.Unmarshal(envoy.Config, &tree); err != nil {
		t.Fatal(err)
	}
	said, seen := perturbed(t, tree, tree, "", asks)
	if seen < 300 {
		t.Errorf("only %d settings were changed", seen)
	}
	fixture.Diff(t, path, want, []byte(said))
}

// TestCheckPerturbedProxy is the same for what a provider behind a proxy adds.
func TestCheckPerturbedProxy(t *testing.T) {
	const path = "testdata/perturbed-proxy.txt"
	want, _ := os.ReadFile(path) // Diff reports that it is missing
	var tree map[string]any
	if err := yaml.Unmarshal([]byte(proxied(t, nil)), &tree); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, part := range []struct{ list, name string }{{"listeners", "tunnel-ai-studio"}, {"clusters", "proxy-ai-studio"}, {"clusters", "ai-studio"}} {
		for _, one := range tree["static_resources"].(map[string]any)[part.list].([]any) {
			if one.(map[string]any)["name"] == part.name {
				said, _ := perturbed(t, tree, one, part.list+"["+part.name+"]", ways())
				all.WriteString(said)
			}
		}
	}
	fixture.Diff(t, path, want, []byte(all.String()))
}

// perturbed says what Check finds in tree for each change of part, and how many
// changes there were.
func perturbed(t *testing.T, tree, part any, path string, asks Want) (said string, seen int) {
	t.Helper()
	var b strings.Builder
	perturb(part, path, func(any) {}, func(what string) {
		seen++
		text, err := json.Marshal(tree)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(text)
		if err != nil {
			fmt.Fprintf(&b, "%s\n\tcannot be read\n", what) // the error names the line
			return
		}
		if found := Check(parsed, asks); len(found) > 0 {
			fmt.Fprintln(&b, what)
			for _, p := range found {
				kind := "problem"
				if p.Note {
					kind = "note"
				}
				fmt.Fprintf(&b, "\t%s: %s: %s\n", kind, long.Replace(p.Path), p.Problem)
			}
		}
	})
	return b.String(), seen
}

// long abbreviates the beginnings of paths, as short spells them out.
var long = strings.NewReplacer(
	short.Replace("FILTER"), "FILTER", short.Replace("OUTER"), "OUTER", short.Replace("INNER"), "INNER",
	short.Replace("BREAKERS"), "BREAKERS", short.Replace("OPTIONS"), "OPTIONS", short.Replace("LLM"), "LLM",
)

// perturb changes one thing after the other within v, and takes the change back
// after check. set gives v itself another value.
func perturb(v any, path string, set func(any), check func(what string)) {
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			old, at := v[k], path+"."+k
			delete(v, k)
			check(at + " left out")
			v[k] = old
			perturb(old, at, func(x any) { v[k] = x }, check)
		}
	case []any:
		for i, old := range v {
			at := fmt.Sprintf("%s[%d]", path, i)
			set(slices.Concat(v[:i], v[i+1:]))
			check(at + " left out")
			set(v)
			perturb(old, at, func(x any) { v[i] = x }, check)
		}
	default:
		for _, other := range others(v) {
			set(other)
			check(fmt.Sprintf("%s: %v", path, other))
		}
		set(v)
	}
}

// others are values beside v.
func others(v any) []any {
	switch v := v.(type) {
	case bool:
		return []any{!v}
	case int:
		return []any{v - 1, v + 1}
	case string:
		if d, err := time.ParseDuration(v); err == nil && strings.HasSuffix(v, "s") {
			return []any{"0s", fmt.Sprintf("%gs", (d - time.Second).Seconds()), fmt.Sprintf("%gs", (2*d + time.Second).Seconds())}
		}
		if strings.Contains(v, "\n") || strings.HasPrefix(v, "type.googleapis.com/") {
			return nil // code and types have tests of their own
		}
		return []any{v + "x"}
	}
	return nil
}
