package route

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/gemini"
)

// The error lists every invalid row.
func TestKnownModelFaults(t *testing.T) {
	_, err := Models{Known: map[string]KnownModel{"a b": {}, "m": {Levels: []string{"huge"}, Context: -1}}}.Table(gemini.DefaultTable)
	for _, want := range []string{"models.known.a b", `models.known.m.levels: "huge"`, "models.known.m: max_output"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestModels(t *testing.T) {
	m := Models{Aliases: map[string]Chain{"claude-opus-5-5": Only("gemini-3.1-pro-preview"), "claude-*": Only("gemini-3.7-flash"), "claude-haiku-*": Only("gemini-3.5-flash-lite")}}
	for name, want := range map[string]string{
		"claude-opus-5-5":         "gemini-3.1-pro-preview",
		"claude-sonnet-5":         "gemini-3.7-flash",
		"claude-haiku-4-5":        "gemini-3.5-flash-lite",
		"gpt-5.5":                 "gemini-3.8-flash",
		"gemini-3.5-flash":        "gemini-3.5-flash",
		"models/gemini-3.5-flash": "gemini-3.5-flash",
	} {
		if got := m.Resolve(name); len(got) != 1 || got[0].Model != want {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
}

// An alias and all that it may lead to must be allowed, however its name is
// written; a model's other spellings are the model.
func TestAllowed(t *testing.T) {
	m := Models{Aliases: map[string]Chain{"fast": {{Model: "p"}, {Model: "q"}}, "p": {{Model: "p"}, {Model: "r"}}}}
	for _, c := range []struct {
		name    string
		may     []string
		refused string
	}{
		{"fast", []string{"fast", "p", "q"}, ""},
		{"fast", []string{"fast", "p"}, "q"},
		{"fast", []string{"p", "q"}, "fast"},
		{"heald/fast", []string{"fast", "p", "q"}, ""},
		{"heald/fast", []string{"p", "q"}, "heald/fast"},
		{"p", []string{"p"}, "r"},
		{"z", []string{"z"}, ""},
		{"google/z", []string{"z"}, ""},
		{"google/z", []string{"google/z"}, "z"},
		{"claude-opus-4", []string{"claude-opus-4"}, "gemini-3.8-flash"},
	} {
		refused, ok := m.Allowed(c.name, func(names ...string) (string, bool) {
			for _, n := range names {
				if !slices.Contains(c.may, n) {
					return n, false
				}
			}
			return "", true
		})
		if refused != c.refused || ok != (c.refused == "") {
			t.Errorf("%s by one who may use %v: %q, %t, want %q", c.name, c.may, refused, ok, c.refused)
		}
	}
}
