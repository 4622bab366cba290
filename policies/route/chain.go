package route

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Chain is what a client's model name means: the model to ask for, and those to
// try after it, in this order, when it has no capacity, is unknown, or every
// account's quota for it is used up. In heald.yaml it is a model, or a list of
// hops.
type Chain []Hop

// Hop is one link of a chain. In heald.yaml it is a model's name, or a mapping.
type Hop struct {
	// Model is the upstream name of the model.
	Model string `yaml:"model"`
	// Backend names the one backend to ask. Default: every backend that serves the
	// model, in order of preference.
	Backend string `yaml:"backend"`
	// Tier is asked for whatever the client asks for: standard, flex or priority,
	// and at Vertex AI dedicated (provisioned throughput alone) or shared (none of
	// it). Default: the client's. Backends without the tier are not asked.
	Tier string `yaml:"tier"`
}

// leadsTo reports whether a backend can be asked for the hop.
func (h Hop) leadsTo(b *Backend) bool {
	return (h.Backend == "" || h.Backend == b.Name) && b.Serves(h.Model) && b.Target("").Kind.HasTier(h.Tier)
}

// Only is the chain of one model.
func Only(model string) Chain { return Chain{{Model: model}} }

// UnmarshalYAML takes one hop or a list of them.
func (c *Chain) UnmarshalYAML(unmarshal func(any) error) error {
	// The kind is checked first, so that an error in an entry of a list is not
	// hidden by the error that a list is no single hop.
	var list []unread
	if unmarshal(&list) == nil {
		return unmarshal((*[]Hop)(c))
	}
	*c = make(Chain, 1)
	return unmarshal(&(*c)[0])
}

// unread accepts any YAML.
type unread struct{}

// UnmarshalYAML ignores its input.
func (unread) UnmarshalYAML(func(any) error) error { return nil }

// UnmarshalYAML takes a model's name or a mapping.
func (h *Hop) UnmarshalYAML(unmarshal func(any) error) error {
	if err := unmarshal(&h.Model); err == nil {
		return nil
	}
	type mapping Hop // without this method
	return unmarshal((*mapping)(h))
}

// check lists every invalid hop, and hops that return to an earlier one.
// backends may be empty: then routes name them.
func (c Chain) check(path string, backends []Backend) error {
	if len(c) == 0 {
		return &setting.Problem{Path: path, Found: "is empty", Fix: "name a model, or a list of models in order of preference"}
	}
	var errs []error
	bad := func(i int, format string, args ...any) {
		errs = append(errs, &setting.Problem{Path: fmt.Sprintf("%s[%d]", path, i), Found: fmt.Sprintf(format, args...),
			Fix: "write a model, or {model: …, backend: …, tier: …}, that a backend serves"})
	}
	for i, h := range c {
		if err := gemini.ValidModel(h.Model); err != nil {
			bad(i, "%s: %v", redact.Quote(h.Model), err)
		}
		if j := slices.Index(c, h); j < i {
			bad(i, "repeats entry %d; a chain does not return to where it was", j)
		}
		if !gemini.Vertex.HasTier(h.Tier) {
			bad(i, "tier %s is none of %s", redact.Quote(h.Tier), strings.Join(gemini.Vertex.Tiers(), ", "))
			continue
		}
		if len(backends) == 0 {
			continue
		}
		anyTier := h
		anyTier.Tier = ""
		serves := func(b Backend) bool { return h.leadsTo(&b) }
		switch {
		case h.Backend != "" && !slices.ContainsFunc(backends, func(b Backend) bool { return b.Name == h.Backend }):
			bad(i, "no backend is called %s%s", redact.Quote(h.Backend), setting.DidYouMean(h.Backend, namesOf(backends)))
		case h.Tier != "" && slices.ContainsFunc(backends, func(b Backend) bool { return anyTier.leadsTo(&b) }) && !slices.ContainsFunc(backends, serves):
			bad(i, "no backend of %s has the tier %s, which is one of Vertex AI (AI Studio has %s)", redact.Quote(h.Model), h.Tier, strings.Join(gemini.AIStudio.Tiers(), ", "))
		case !slices.ContainsFunc(backends, serves):
			bad(i, "%s is not among the models of the backend; it would never be asked%s", redact.Quote(h.Model), setting.DidYouMean(h.Model, servedBy(backends, h.Backend)))
		}
	}
	return errors.Join(errs...)
}

func namesOf(backends []Backend) (names []string) {
	for _, b := range backends {
		names = append(names, b.Name)
	}
	return names
}

// servedBy are the models of a backend; "" is any.
func servedBy(backends []Backend, name string) (models []string) {
	for _, b := range backends {
		if name == "" || name == b.Name {
			models = append(models, b.Models...)
		}
	}
	return models
}
