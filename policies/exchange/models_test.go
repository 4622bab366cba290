package exchange

import (
	"testing"
)

func TestModels(t *testing.T) {
	m := Models{Aliases: map[string]string{"claude-opus-5-5": "gemini-3.1-pro-preview", "claude-*": "gemini-3.7-flash", "claude-haiku-*": "gemini-3.5-flash-lite"}}
	for name, want := range map[string]string{
		"claude-opus-5-5":         "gemini-3.1-pro-preview",
		"claude-sonnet-5":         "gemini-3.7-flash",
		"claude-haiku-4-5":        "gemini-3.5-flash-lite",
		"gpt-5.5":                 "gemini-3.8-flash",
		"gemini-3.5-flash":        "gemini-3.5-flash",
		"models/gemini-3.5-flash": "gemini-3.5-flash",
	} {
		if got := m.Resolve(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
