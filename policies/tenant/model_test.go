package tenant

import (
	"path"
	"strings"
	"testing"
)

func TestMayUse(t *testing.T) {
	for _, c := range []struct {
		models  []string
		names   []string
		refused string
	}{
		{nil, []string{"anything"}, ""},
		{[]string{"gemini-3.8-flash"}, []string{"gemini-3.8-flash"}, ""},
		{[]string{"gemini-3.8-flash"}, []string{"Gemini-3.8-Flash"}, ""},
		{[]string{"gemini-3.8-flash"}, []string{"gemini-3.8-flash-lite"}, "gemini-3.8-flash-lite"},
		// The alias alone does not allow what it stands for, nor the other way round.
		{[]string{"claude-*"}, []string{"claude-opus", "gemini-3.8-pro"}, "gemini-3.8-pro"},
		{[]string{"gemini-*"}, []string{"claude-opus", "gemini-3.8-pro"}, "claude-opus"},
		{[]string{"claude-*", "gemini-*-flash"}, []string{"claude-opus", "gemini-3.8-flash", "gemini-3.8-pro"}, "gemini-3.8-pro"},
		{[]string{"claude-*", "gemini-*-flash"}, []string{"claude-opus", "gemini-3.8-flash"}, ""},
		{[]string{"*"}, []string{"", "a/b"}, ""},
		{[]string{"a[b]"}, []string{"ab"}, "ab"},
	} {
		tn := Tenant{Models: c.models}
		if refused, ok := tn.MayUse(c.names...); refused != c.refused || ok != (c.refused == "") {
			t.Errorf("%v may use %v: %q, %t", c.models, c.names, refused, ok)
		}
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a*", "a", true}, {"*a", "a", true}, {"a*a", "a", false}, {"a*a", "aa", true}, {"*a*", "bab", true}, {"**", "", true},
		{"a*b*c", "a-b-b-c", true}, {"a*b*c", "a-c-b", false}, {"a*bb", "abbb", true}, {"", "", true}, {"", "a", false}, {"*", "a/b", true},
		{"a*b*b", "ab", false}, {"*ab*ab", "ab", false}, {"*ab*ab", "abab", true},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%q and %q: %t", c.pattern, c.name, got)
		}
	}
}

// Where there is nothing but stars, matches is what path.Match does.
func FuzzMatches(f *testing.F) {
	f.Add("a*b*c", "abbc")
	f.Add("*", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 20 || len(name) > 100 || strings.ContainsAny(pattern, `?[\/`) || strings.Contains(name, "/") {
			t.Skip()
		}
		want, err := path.Match(pattern, name)
		if err != nil {
			t.Skip()
		}
		if got := matches(pattern, name); got != want {
			t.Errorf("%q and %q: %t, want %t", pattern, name, got, want)
		}
	})
}
