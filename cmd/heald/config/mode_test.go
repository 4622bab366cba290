package config

import (
	"strings"
	"testing"
)

// What a policy asks for and one hop cannot do is refused with the line's path, and
// alternatives that nobody tries in the same request are noted.
func TestOneHop(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	const two = "backends: [{name: a, kind: ai_studio}, {name: b, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}, {backend: b, secret: {env: KEY}}]\n"
	for _, c := range []struct {
		name, file string
		errs       []string
		notes      []string // paths of those about the mode
	}{
		{"without", recordBase, nil, nil},
		{"two hops", recordBase + "mode: two_hops\npolicies: {default: {attempts: 4, memory: store}}\nmodels: {aliases: {fast: [m1, m2]}}\n", nil, nil},
		{"one", recordBase + "mode: one_hop\n", nil, nil},
		{"unknown", recordBase + "mode: three_hops\n", []string{`mode: "three_hops" is neither "two_hops" nor "one_hop"; write one of the two`}, nil},
		{"one attempt", recordBase + "mode: one_hop\npolicies: {default: {attempts: 1, hedge: off, memory: header}}\n", nil, nil},
		{"attempts", recordBase + "mode: one_hop\npolicies: {gold: {attempts: 2}}\n", []string{"policies.gold.attempts: 2 attempts, in mode: one_hop: no listener repeats a request"}, nil},
		{"hedge", recordBase + "mode: one_hop\npolicies: {default: {hedge: auto}}\n", []string{`policies.default.hedge: "auto", in mode: one_hop`}, nil},
		{"resume", recordBase + "mode: one_hop\nresume_via: unix:///run/x.sock\npolicies: {default: {resume: text}}\n", []string{`policies.default.resume: "text", in mode: one_hop`}, nil},
		{"memory", recordBase + "mode: one_hop\npolicies: {default: {memory: store}}\n", []string{`policies.default.memory: "store", in mode: one_hop`}, nil},
		{"all of it", recordBase + "mode: one_hop\npolicies: {a: {attempts: 3}, b: {memory: store, attempts: 3}}\n",
			[]string{"policies.a.attempts: 3", "policies.b.attempts: 3", "policies.b.memory"}, nil},
		{"two backends", two + "mode: one_hop\n", nil, []string{"backends: 2 backends are alternatives"}},
		{"a chain", recordBase + "mode: one_hop\nmodels: {aliases: {best: [m1, m2, m3], one: [m1], also: [m1, m2]}}\n", nil, []string{"models.aliases.also: 2 models are alternatives"}},
		{"both", two + "mode: one_hop\nmodels: {aliases: {best: [m1, m2]}}\n", nil, []string{"backends: 2 backends", "models.aliases.best: 2 models"}},
		{"two backends, two hops", two, nil, nil},
	} {
		cfg, err := Parse([]byte(c.file))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		cfg.setDefaults()
		err = cfg.checkMode()
		if lines := strings.Split(errorText(err), "\n"); len(c.errs) > 0 && len(lines) != len(c.errs) || (err == nil) != (len(c.errs) == 0) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.errs {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", c.name, err, want)
			}
		}
		if all := cfg.Validate(); len(c.errs) > 0 && (all == nil || !strings.Contains(all.Error(), c.errs[0])) {
			t.Errorf("%s: Validate says %v", c.name, all)
		}
		var notes []string
		for _, n := range cfg.Notes() {
			if strings.Contains(n.Found, "alternatives") {
				notes = append(notes, n.Path+": "+n.Found)
			}
		}
		if len(notes) != len(c.notes) {
			t.Errorf("%s: notes %q", c.name, notes)
			continue
		}
		for i, want := range c.notes {
			if !strings.HasPrefix(notes[i], want) {
				t.Errorf("%s: %s, want %s", c.name, notes[i], want)
			}
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
