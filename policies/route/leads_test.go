package route

import (
	"strings"
	"testing"
)

func TestLeads(t *testing.T) {
	m := Models{Aliases: map[string]Chain{"fast": Only("own-upstream"), "team-*": Only("gemini-3.8-flash")}, Known: map[string]KnownModel{"my-model": {}}}
	backends := []Backend{{Name: "a", Models: []string{"served-model"}}}
	for pattern, want := range map[string]bool{
		"*": true, "gemini-*": true, "gemini-3.8-flash": true, "my-model": true, "served-model": true, "served-*": true,
		"fast": true, "fa*": true, "own-*": true, "team-a": true, "team-a*": true, "te*": true, "claude-opus*": true, "gpt-nothing": true,
		"llama": false, "llama-*": false, "teams": false, "slow*": false, "*-llama": true, // it could be team-llama
	} {
		begin, end, star := strings.Cut(pattern, "*")
		matches := func(name string) bool {
			return name == pattern || star && len(name) >= len(begin)+len(end) && strings.HasPrefix(name, begin) && strings.HasSuffix(name, end)
		}
		if got := m.Leads(pattern, matches, backends); got != want {
			t.Errorf("%s: %v", pattern, got)
		}
	}
}
