package route

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/gemini"
)

// The error names every row that cannot be.
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
