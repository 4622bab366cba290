package tenant

import "strings"

// MayUse reports whether the tenant may use a model under all of its names: the
// one that the client asked for, and those of every model that it may lead to.
// Otherwise refused is the first that is not allowed.
func (t *Tenant) MayUse(names ...string) (refused string, ok bool) {
	if len(t.Models) == 0 {
		return "", true
	}
	for _, name := range names {
		if !t.allows(name) {
			return name, false
		}
	}
	return "", true
}

func (t *Tenant) allows(name string) bool {
	for _, pattern := range t.Models {
		if matches(strings.ToLower(pattern), strings.ToLower(name)) {
			return true
		}
	}
	return false
}

// matches reports whether a name is the pattern, in which '*' stands for any
// text, '/' included. Each part is looked for once, so the work is bounded by
// the product of the lengths, however many stars there are.
func matches(pattern, name string) bool {
	first, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	parts := strings.Split(rest, "*")
	last := len(parts) - 1
	for _, part := range parts[:last] {
		_, after, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = after
	}
	return strings.HasSuffix(name, parts[last])
}
