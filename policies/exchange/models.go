package exchange

import (
	"path"
	"slices"
	"strings"
)

// Models says which upstream model a client's model name means.
type Models struct {
	// Aliases map client names, or patterns with '*', to upstream models.
	// Exact names win over patterns, longer patterns over shorter ones.
	Aliases map[string]string `yaml:"aliases"`
}

// defaultAliases let clients with built-in model names work unchanged: small
// models for side tasks go to a small model, everything else to a strong one.
// heald.yaml's aliases win.
var defaultAliases = map[string]string{
	"claude-*haiku*": "gemini-3.5-flash-lite",
	"claude-*":       "gemini-3.8-flash",
	"haiku":          "gemini-3.5-flash-lite",
	"sonnet":         "gemini-3.8-flash",
	"opus":           "gemini-3.8-flash",
	"gpt-*-mini*":    "gemini-3.5-flash-lite",
	"gpt-*-nano*":    "gemini-3.5-flash-lite",
	"gpt-*":          "gemini-3.8-flash",
	"codex-*":        "gemini-3.8-flash",
}

// Resolve returns the upstream model for a client's name; a name without alias
// is taken as it is.
func (m Models) Resolve(name string) string {
	name = strings.TrimPrefix(name, "models/")
	for _, aliases := range []map[string]string{m.Aliases, defaultAliases} {
		if to, ok := match(aliases, name); ok {
			return to
		}
	}
	return name
}

func match(aliases map[string]string, name string) (string, bool) {
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
		return "", false
	}
	slices.SortFunc(patterns, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return aliases[patterns[0]], true
}
