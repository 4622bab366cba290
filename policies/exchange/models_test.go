package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/gemini"
)

// heald.yaml can tell of a model that heald does not know.
func TestKnownModels(t *testing.T) {
	may := true
	change := func(c *Config) {
		c.Models.Known = map[string]KnownModel{"gemini-4-flash": {Like: "gemini-3.8-flash", Levels: []string{"low", "high"}, MaxOutput: 50, TrailingModel: &may}}
	}
	r := newRig(t, change)
	a := r.begin(1, "")
	f := send(t, a, `{"model":"gemini-4-flash","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":4000},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"I say"}]}`)
	body := string(f.Body)
	if !strings.Contains(body, `"maxOutputTokens":50`) || strings.Contains(body, "Continue your previous") || strings.Contains(strings.ToLower(body), `"medium"`) {
		t.Errorf("the row is not obeyed: %s", body)
	}
	_, err := Models{Known: map[string]KnownModel{"a b": {}, "m": {Levels: []string{"huge"}, Context: -1}}}.table(gemini.DefaultTable)
	for _, want := range []string{"models.known.a b", `models.known.m.levels: "huge"`, "models.known.m: max_output"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q: %v", want, err)
		}
	}
}

func TestModels(t *testing.T) {
	m := Models{Aliases: map[string]Chain{"claude-opus-5-5": only("gemini-3.1-pro-preview"), "claude-*": only("gemini-3.7-flash"), "claude-haiku-*": only("gemini-3.5-flash-lite")}}
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
