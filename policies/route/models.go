package route

import (
	"cmp"
	"errors"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
)

// Models says which upstream model a client's model name means.
type Models struct {
	// Aliases map client names, or patterns with '*', to an upstream model, or to a
	// chain of them. Exact names win over patterns, longer patterns over shorter
	// ones, and all over the built-in aliases.
	Aliases map[string]Chain `yaml:"aliases"`
	// Known describes models that heald's own table and the provider's list lack,
	// or have wrong, by upstream name.
	Known map[string]KnownModel `yaml:"known"`
}

// KnownModel is what is known of a model, as far as it differs from another.
type KnownModel struct {
	// Like names the model that it is like; default: the newest known.
	Like string `yaml:"like"`
	// Levels are the thinking levels it accepts, of minimal, low, medium and high,
	// lowest first; default: as like.
	Levels []string `yaml:"levels"`
	// MaxOutput is how long an answer can be; default: as like.
	MaxOutput int `yaml:"max_output" unit:"tokens"`
	// Context is how long a prompt can be; default: as like.
	Context int `yaml:"context" unit:"tokens"`
	// TrailingModel says whether contents may end with a model turn; default: as
	// like.
	TrailingModel *bool `yaml:"trailing_model_turn"`
}

// levelNames are the thinking levels that the API has words for.
var levelNames = []string{"minimal", "low", "medium", "high"}

// Table is what is known of models: known, and over it heald.yaml's rows.
// Fields that a row does not set are as in known. The error lists every invalid
// row.
func (m Models) Table(known gemini.Table) (gemini.Table, error) {
	table := known
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(m.Known)) {
		k := m.Known[name]
		at := "models.known." + setting.Key(name)
		if err := gemini.ValidModel(name); err != nil {
			errs = append(errs, &setting.Problem{Path: at, Found: "the name: " + err.Error(), Fix: "write the upstream name of the model"})
		}
		can := known.Capabilities(cmp.Or(k.Like, name))
		for _, l := range k.Levels {
			if !slices.Contains(levelNames, l) {
				errs = append(errs, &setting.Problem{Path: at + ".levels", Found: redact.Quote(l) + " is no thinking level",
					Fix: "write levels of " + strings.Join(levelNames, ", ") + ", lowest first"})
			}
		}
		if len(k.Levels) > 0 {
			can.Thinking, can.Levels = gemini.LevelControl, k.Levels
		}
		if k.MaxOutput < 0 || k.Context < 0 {
			errs = append(errs, &setting.Problem{Path: at, Found: "max_output or context is negative", Fix: "write a number of tokens"})
		}
		can.MaxOutput, can.Context = cmp.Or(k.MaxOutput, can.MaxOutput), cmp.Or(k.Context, can.Context)
		if k.TrailingModel != nil {
			can.NoTrailingModel = !*k.TrailingModel
		}
		table = table.With(gemini.Row{Model: name, Capability: can})
	}
	return table, errors.Join(errs...)
}

// defaultAliases let clients with built-in model names work unchanged: small
// models for side tasks go to a small model, everything else to a strong one.
// heald.yaml's aliases win.
var defaultAliases = map[string]Chain{
	"claude-*haiku*": Only("gemini-3.5-flash-lite"),
	"claude-*":       Only("gemini-3.8-flash"),
	"haiku":          Only("gemini-3.5-flash-lite"),
	"sonnet":         Only("gemini-3.8-flash"),
	"opus":           Only("gemini-3.8-flash"),
	"gpt-*-mini*":    Only("gemini-3.5-flash-lite"),
	"gpt-*-nano*":    Only("gemini-3.5-flash-lite"),
	"gpt-*":          Only("gemini-3.8-flash"),
	"codex-*":        Only("gemini-3.8-flash"),
	"chatgpt-*":      Only("gemini-3.8-flash"),
	"o[0-9]":         Only("gemini-3.8-flash"),
	"o[0-9]-*":       Only("gemini-3.8-flash"),
	"claude":         Only("gemini-3.8-flash"),
	"opusplan":       Only("gemini-3.8-flash"),

	"whisper":          Only("gemini-3.5-flash-lite"), // what Azure's deployments are called
	"whisper-*":        Only("gemini-3.5-flash-lite"),
	"gpt-*transcribe*": Only("gemini-3.5-flash-lite"),

	"gpt-image-*":     Only(gemini.ImageModel),
	"chatgpt-image-*": Only(gemini.ImageModel),
	"dall-e-*":        Only(gemini.ImageModel),

	// Not a pattern: Vertex AI has models with such names.
	"text-embedding-3-small": Only("gemini-embedding-001"),
	"text-embedding-3-large": Only("gemini-embedding-001"),
	"text-embedding-ada-002": Only("gemini-embedding-001"),
}

// Check lists every invalid alias.
func (m Models) Check(backends []Backend) error {
	var errs []error
	for _, alias := range slices.Sorted(maps.Keys(m.Aliases)) {
		at := "models.aliases." + setting.Key(alias)
		if _, err := path.Match(alias, ""); err != nil {
			errs = append(errs, &setting.Problem{Path: at, Found: "the pattern has a bracket or backslash that is not closed", Fix: "'*' stands for any characters but '/'"})
		}
		errs = append(errs, m.Aliases[alias].check(at, backends))
	}
	return errors.Join(errs...)
}

// Aliased reports whether a client's name stands for another.
func (m Models) Aliased(name string) bool {
	_, ok := m.chain(name)
	return ok
}

// Resolve returns the upstream models for a client's name; a name without alias
// is the upstream's, without prefixes and suffixes that have no meaning here.
func (m Models) Resolve(name string) Chain {
	if to, ok := m.chain(name); ok {
		return to
	}
	return Only(m.UpstreamName(name))
}

// Allowed reports whether a caller may use a client's name for a model: the
// name, in any spelling, if it is an alias, and every model that it may lead
// to. Otherwise refused is the first that may not be used.
func (m Models) Allowed(name string, mayUse func(names ...string) (refused string, ok bool)) (refused string, ok bool) {
	var models []string
	for _, h := range m.Resolve(name) {
		models = append(models, h.Model)
	}
	if m.Aliased(name) {
		ok := false
		for n := range withoutPrefixes(name) {
			_, one := mayUse(n)
			ok = ok || one
		}
		if !ok {
			return name, false
		}
	}
	return mayUse(models...)
}

// chain is the chain of the alias for a name, or for a shorter form of it:
// heald.yaml's aliases come first, then the longest form with an alias. Clients
// may write it in capitals.
func (m Models) chain(name string) (Chain, bool) {
	for _, aliases := range []map[string]Chain{m.Aliases, defaultAliases} {
		for n := range withoutPrefixes(name) {
			to, ok := match(aliases, n)
			if lower := strings.ToLower(n); !ok && lower != n {
				to, ok = match(aliases, lower)
			}
			if ok {
				return to, true
			}
		}
	}
	return nil, false
}

func match(aliases map[string]Chain, name string) (Chain, bool) {
	if to, ok := aliases[name]; ok {
		return to, true
	}
	var patterns []string
	for p := range aliases {
		if ok, err := path.Match(p, name); ok && err == nil {
			patterns = append(patterns, p)
		}
	}
	if len(patterns) == 0 {
		return nil, false
	}
	slices.SortFunc(patterns, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return aliases[patterns[0]], true
}
