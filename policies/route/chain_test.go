package route

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestChainInYAML(t *testing.T) {
	var m Models
	dec := yaml.NewDecoder(strings.NewReader(`
aliases:
  one: pro
  list: [pro, {model: flash, backend: eu}, lite]
  map: {model: pro, backend: eu}
  tiers: [{model: pro, tier: flex}, {model: pro}]
`))
	dec.KnownFields(true)
	if err := dec.Decode(&m); err != nil {
		t.Fatal(err)
	}
	want := map[string]Chain{
		"one":  {{Model: "pro"}},
		"list": {{Model: "pro"}, {Model: "flash", Backend: "eu"}, {Model: "lite"}},
		"map":  {{Model: "pro", Backend: "eu"}},
		// Two entries of one model are two things to ask for.
		"tiers": {{Model: "pro", Tier: "flex"}, {Model: "pro"}},
	}
	if !reflect.DeepEqual(m.Aliases, want) {
		t.Errorf("got %v, want %v", m.Aliases, want)
	}
	for _, c := range []struct{ bad, want string }{
		{"aliases: {x: {modell: pro}}", "line 1: field modell not found"},
		{"aliases: {x: [{backend: eu, models: pro}]}", "line 1: field models not found"},
		{"aliases:\n  x:\n  - pro\n  - {model: pro, bakend: eu}", "line 4: field bakend not found"},
		{"aliases: {x: [{model: pro, model: lite}]}", `line 1: mapping key "model" already defined`},
		{"aliases: {x: [[pro]]}", "line 1: cannot unmarshal !!seq"},
	} {
		dec := yaml.NewDecoder(strings.NewReader(c.bad))
		dec.KnownFields(true)
		if err := dec.Decode(&Models{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.bad, err, c.want)
		}
	}
}

func TestChainMistakes(t *testing.T) {
	backends := []Backend{{Name: "a", Kind: AIStudio, Models: []string{"pro"}}, {Name: "b", Kind: AIStudio}}
	for _, c := range []struct {
		alias string
		chain Chain
		want  string
	}{
		{"x", Chain{}, "models.aliases.x: is empty"},
		{"x", Chain{{}}, `models.aliases.x[0]: "": model name must`},
		{"x", Chain{{Model: "pro"}, {Model: "lite", Backend: "c"}}, `models.aliases.x[1]: no backend is called "c"`},
		{"x", Chain{{Model: "lite", Backend: "a"}}, `models.aliases.x[0]: "lite" is not among the models`},
		{"x", Chain{{Model: "pro"}, {Model: "lite"}, {Model: "pro"}}, "models.aliases.x[2]: repeats entry 0"},
		{"x", Chain{{Model: "pro", Tier: "cheap"}}, `models.aliases.x[0]: tier "cheap" is none of standard, flex, priority, dedicated, shared`},
		{"x", Chain{{Model: "pro", Tier: "flex"}, {Model: "pro", Tier: "flex"}}, "models.aliases.x[1]: repeats entry 0"},
		{"x", Chain{{Model: "pro"}, {Model: "pro", Tier: "dedicated"}}, `models.aliases.x[1]: no backend of "pro" has the tier dedicated, which is one of Vertex AI (AI Studio has standard, flex, priority)`},
		{"claude-[", Chain{{Model: "pro"}}, "models.aliases.claude-[: the pattern has a bracket"},
	} {
		err := Models{Aliases: map[string]Chain{c.alias: c.chain}}.Check(backends)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: got %v, want %q", c.chain, err, c.want)
		}
	}
	if err := (Models{Aliases: map[string]Chain{"x": {{Model: "pro", Tier: "dedicated"}, {Model: "pro", Tier: "flex"}, {Model: "pro"}}}}).Check(append(backends, Backend{Name: "v", Kind: Vertex})); err != nil {
		t.Errorf("one backend has the tier: %v", err)
	}
	if err := (Models{Aliases: map[string]Chain{"x": {{Model: "pro", Tier: "cheap"}}}}).Check(nil); err == nil {
		t.Error("a tier that nobody has was taken since routes name the backends")
	}
	if err := (Models{Aliases: map[string]Chain{"x": {{Model: "lite", Backend: "route's"}}}}).Check(nil); err != nil {
		t.Errorf("routes may name the backends: %v", err)
	}
}
