package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/heald-proxy/heald/policies/hedge"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// The values of Config.Mode.
const (
	twoHops = "two_hops"
	oneHop  = "one_hop"
)

// OneHop reports whether Envoy has no listener that repeats attempts.
func (c *Config) OneHop() bool { return c.Mode == oneHop }

// checkMode refuses what a policy asks for and nobody would do.
func (c *Config) checkMode() error {
	if c.Mode != "" && c.Mode != twoHops && c.Mode != oneHop {
		return &setting.Problem{Path: "mode", Found: fmt.Sprintf("%s is neither %q nor %q", redact.Quote(c.Mode), twoHops, oneHop), Fix: "write one of the two, or leave the line out for two_hops"}
	}
	if !c.OneHop() {
		return nil
	}
	if c.startsEnvoy {
		return &setting.Problem{Path: "mode", Found: oneHop + ", with heald up", Consequence: "the Envoy that heald up starts has two listeners, which repeat attempts",
			Fix: "leave the line out, or start heald serve, for an Envoy of your own with one listener"}
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Policies)) {
		s := c.Policies[name]
		bad := func(key, found, why string) {
			errs = append(errs, &setting.Problem{Path: "policies." + setting.Key(name) + "." + key, Found: found + ", in mode: one_hop", Consequence: why,
				Fix: "leave the line out, or give Envoy two listeners (envoy/envoy.yaml) and leave mode out"})
		}
		if s.Attempts > 1 {
			bad("attempts", fmt.Sprintf("%d attempts", s.Attempts), "no listener repeats a request: its first attempt is its only one")
		}
		if s.Hedge != "" && s.Hedge != hedge.Off {
			bad("hedge", redact.Quote(s.Hedge), "heald could not tell which of two calls was answered")
		}
		if s.Resumes() {
			bad("resume", redact.Quote(s.Resume), "the rest of an answer is fetched through a listener of its own")
		}
		if s.StoresMemory() {
			bad("memory", redact.Quote(s.Memory), "there is no next attempt that a memory could reach")
		}
	}
	return errors.Join(errs...)
}

// noteMode says what several backends and models are good for in mode: one_hop.
func (c *Config) noteMode() []*setting.Problem {
	if !c.OneHop() {
		return nil
	}
	const found, consequence = " are alternatives, in mode: one_hop",
		"a request that fails at one is not tried at the next; clients get the error, and later requests begin elsewhere while the first cools down"
	const fix = "nothing, if that is enough; else two listeners (envoy/envoy.yaml), without mode"
	var out []*setting.Problem
	if n := len(c.Backends); n > 1 {
		out = append(out, &setting.Problem{Note: true, Path: "backends", Found: fmt.Sprint(n, " backends", found), Consequence: consequence, Fix: fix})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Models.Aliases)) {
		if n := len(c.Models.Aliases[name]); n > 1 {
			return append(out, &setting.Problem{Note: true, Path: "models.aliases." + setting.Key(name), Found: fmt.Sprint(n, " models", found), Consequence: consequence, Fix: fix})
		}
	}
	return out
}
