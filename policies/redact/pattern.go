package redact

import (
	"regexp"
	"strings"
)

// pattern is an expression with its signs: one of them stands in every text that
// it matches. Most texts, such as the id of an answer, have none, and are not
// searched: an expression takes a microsecond or more for the shortest of them.
type pattern struct {
	expr  *regexp.Regexp
	signs []string // in lower case, and found in any case, if folded
	// folded: the expression ignores case.
	folded bool
}

func newPattern(expr string, signs ...string) pattern {
	return pattern{expr: regexp.MustCompile(expr), signs: signs}
}

// in reports whether the pattern is in a text.
func (p *pattern) in(text string) bool { return p.hasSign(text) && p.expr.MatchString(text) }

func (p *pattern) hasSign(text string) bool {
	for _, sign := range p.signs {
		if strings.Contains(text, sign) || p.folded && containsFold(text, sign) {
			return true
		}
	}
	return false
}

// containsFold is strings.Contains without regard to the case of ASCII letters.
func containsFold(text, part string) bool {
	for i := range len(text) - len(part) + 1 {
		if strings.EqualFold(text[i:i+len(part)], part) {
			return true
		}
	}
	return false
}

// replace is ReplaceAllString, which allocates even where nothing matches.
func (p *pattern) replace(text, with string) string {
	if !p.in(text) {
		return text
	}
	return p.expr.ReplaceAllString(text, with)
}

// replaceFunc is ReplaceAllStringFunc, likewise.
func (p *pattern) replaceFunc(text string, with func(string) string) string {
	if !p.in(text) {
		return text
	}
	return p.expr.ReplaceAllStringFunc(text, with)
}
