package route

import (
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/gemini"
)

// Leads reports whether a name, or a pattern in which '*' stands for any text,
// may match something that clients can ask for: an alias, or a model that is
// known here or named by a backend. matches compares a name with it. For two
// patterns the answer may be true although no name matches both.
func (m Models) Leads(pattern string, matches func(name string) bool, backends []Backend) bool {
	table, err := m.Table(gemini.DefaultTable)
	if err != nil {
		return true // which is reported elsewhere
	}
	for _, row := range table {
		if matches(row.Model) {
			return true
		}
	}
	for _, b := range backends {
		if slices.ContainsFunc(b.Models, matches) {
			return true
		}
	}
	begin, _, star := strings.Cut(pattern, "*")
	if !star {
		return m.Aliased(pattern) || table.Knows(m.UpstreamName(pattern))
	}
	for _, aliases := range []map[string]Chain{m.Aliases, defaultAliases} {
		for alias, to := range aliases {
			other := alias
			if i := strings.IndexAny(alias, `*?[\`); i >= 0 {
				other = alias[:i]
			}
			if other == alias && matches(alias) || other != alias && (strings.HasPrefix(begin, other) || strings.HasPrefix(other, begin)) ||
				slices.ContainsFunc(to, func(h Hop) bool { return matches(h.Model) }) {
				return true
			}
		}
	}
	return false
}
