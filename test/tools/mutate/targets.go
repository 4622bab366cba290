package main

import (
	"fmt"
	"slices"
	"strings"
)

// target is a package whose code is mutated. Paths are relative to the root.
type target struct {
	dir string
	// users are further packages whose tests are about this one's code; they run
	// for what its own tests let pass. Flags of go test may follow a package.
	users []string
	run   string // "" for all of its tests
}

// targets are the packages that decide something about a request, and what
// checks the configuration.
var targets = []target{
	{dir: "policies/heal", users: []string{"policies/exchange"}},
	{dir: "policies/exchange", users: []string{"cmd/heald/config"}},
	{dir: "policies/account", users: []string{"policies/exchange"}},
	{dir: "policies/gemini", users: []string{"policies/exchange"}},
	{dir: "policies/hedge", users: []string{"policies/exchange"}},
	{dir: "policies/sse", users: []string{"policies/gemini"}},
	{dir: "policies/resume", users: []string{"policies/exchange"}},
	{dir: "policies/allow", users: []string{"policies/exchange", "cmd/heald/config"}},
	{dir: "policies/redact", users: []string{"policies/exchange"}},
	{dir: "policies/setting", users: []string{"policies/exchange", "cmd/heald/config"}},
	{dir: "policies/conversation", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/conversation/stopscan", users: []string{"policies/exchange"}},
	{dir: "policies/dialect", users: []string{"policies/exchange -run Reserved"}},
	{dir: "policies/dialect/chat", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/dialect/claude", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/dialect/embeddings", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/dialect/native", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/dialect/responses", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/dialect/transcriptions", users: []string{"policies/dialect", "policies/exchange"}},
	{dir: "policies/dialect/internal/form", users: []string{"policies/dialect/transcriptions"}},
	{dir: "policies/dialect/internal/jsonwalk", users: []string{"policies/dialect/claude", "policies/dialect/chat", "policies/dialect/native"}},
	{dir: "policies/dialect/internal/openai", users: []string{"policies/dialect", "policies/dialect/chat", "policies/dialect/responses"}},
	{dir: "policies/dialect/internal/setting", users: []string{"policies/dialect"}},
	{dir: "policies/dialect/internal/tool", users: []string{"policies/dialect", "policies/dialect/chat", "policies/dialect/responses"}},
	{dir: "policies/record", users: []string{"policies/exchange -run Record"}},
	{dir: "policies/record/price"},
	{dir: "policies/record/story"},
	{dir: "extproc"},
	{dir: "cmd/heald/admin/monitor"},
	{dir: "cmd/heald/config", users: []string{"cmd/heald"}},
	{dir: "cmd/heald/why", users: []string{"cmd/heald -run ^TestWhy"}},
	{dir: "envoy/bootstrap", users: []string{"envoy"}},
	{dir: "envoy/mesh", users: []string{"cmd/heald -run ^Test(Render|ExamplesOfMeshes)"}},
	{dir: "test/e2e/mesh"},
}

// chosen are the targets with these paths; all for none.
func chosen(paths []string) ([]target, error) {
	if len(paths) == 0 {
		return targets, nil
	}
	var out []target
	for _, p := range paths {
		p = strings.Trim(strings.TrimPrefix(p, "./"), "/")
		t, ok := find(p)
		if !ok {
			return nil, fmt.Errorf("%s is no target; add it to test/tools/mutate/targets.go", p)
		}
		out = append(out, t)
	}
	return out, nil
}

// only is the target with those of its tests that match a pattern, if there is one.
func (t target) only(run string) target {
	if run == "" {
		return t
	}
	t.run = run
	t.users = slices.Clone(t.users)
	for i, u := range t.users {
		if !strings.Contains(u, " -run ") {
			t.users[i] = u + " -run " + run
		}
	}
	return t
}

// tests are the packages whose tests run, in order, with flags.
func (t target) tests() []string {
	own := t.dir
	if t.run != "" {
		own += " -run " + t.run
	}
	return append([]string{own}, t.users...)
}

func find(dir string) (target, bool) {
	for _, t := range targets {
		if t.dir == dir {
			return t, true
		}
	}
	return target{}, false
}
