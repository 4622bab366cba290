package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// A prompt goes the way of every request: translated, held back, tried again.
func TestCompletions(t *testing.T) {
	for _, c := range []struct{ stream, want string }{
		{"true", `"text":"Hello"`}, {"false", `"text":"Hello","index":0,"logprobs":null,"finish_reason":"stop"`},
	} {
		begin := func(r rig, n int, memory string) (*attempt, *policies.Forward) {
			a := r.begin(n, memory)
			a.in.Path = "/v1/completions"
			return a, send(t, a, `{"model":"openai/gemini-3.5-flash","prompt":"Say hello","stop":"END","stream":`+c.stream+`}`)
		}
		r := newRig(t, nil)
		a, f := begin(r, 1, "")
		body := string(f.Body)
		for _, part := range []string{`[{"role":"user","parts":[{"text":"Say hello"}]}]`, `"maxOutputTokens":16`, `"thinkingLevel":"minimal"`, `"stopSequences":["END"]`} {
			if !strings.Contains(body, part) {
				t.Errorf("no %s in %s", part, body)
			}
		}
		refused := answerWith(a, 503, overload).Reply
		if refused.Verdict != policies.Retry || !strings.Contains(string(refused.Body), `"type":"server_error"`) {
			t.Fatalf("%+v %s", refused, refused.Body)
		}
		a, _ = begin(r, 2, refused.Memory)
		act := answerWith(a, 200, hello+stop)
		if !strings.Contains(string(act.Body), c.want) || strings.Contains(string(act.Body), "[DONE]") != (c.stream == "true") {
			t.Errorf("stream %s: %s", c.stream, act.Body)
		}
	}
}
