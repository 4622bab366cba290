package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/route"
)

// heald.yaml can tell of a model that heald does not know.
func TestKnownModels(t *testing.T) {
	may := true
	change := func(c *Config) {
		c.Models.Known = map[string]route.KnownModel{"gemini-4-flash": {Like: "gemini-3.8-flash", Levels: []string{"low", "high"}, MaxOutput: 50, TrailingModel: &may}}
	}
	r := newRig(t, change)
	a := r.begin(1, "")
	f := send(t, a, `{"model":"gemini-4-flash","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":4000},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"I say"}]}`)
	body := string(f.Body)
	if !strings.Contains(body, `"maxOutputTokens":50`) || strings.Contains(body, "Continue your previous") || strings.Contains(strings.ToLower(body), `"medium"`) {
		t.Errorf("the row is not obeyed: %s", body)
	}
}
