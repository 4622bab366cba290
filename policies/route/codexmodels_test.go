package route

import (
	"slices"
	"testing"

	"github.com/heald-proxy/heald/policies/gemini"
)

func TestCodexLevels(t *testing.T) {
	for model, want := range map[string][]string{
		"gemini-3.5-flash": {"minimal", "low", "medium", "high"}, "gemini-3.8-flash": {"low", "medium", "high"},
		"gemini-2.5-pro": {"low", "medium", "high"}, "gemini-2.0-flash": {}, "gemma-3-27b-it": {},
	} {
		can := gemini.DefaultTable.Capabilities(model)
		got := []string{}
		for _, l := range codexLevels(&can) {
			if got = append(got, l.Effort); l.Description == "" {
				t.Errorf("%s: %s is not described", model, l.Effort)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", model, got, want)
		}
	}
}
