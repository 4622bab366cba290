package translate

import "testing"

func TestGuess(t *testing.T) {
	for body, want := range map[string]string{
		`{"contents":[]}`:                                                                "gemini",
		`{"input":"hi"}`:                                                                 "responses",
		`{"prompt":"hi","stop":"x"}`:                                                     "completions",
		`{"prompt":"hi","size":"auto"}`:                                                  "images",
		`{"messages":[],"system":"s","stop":["x"]}`:                                      "claude",
		`{"messages":[{"role":"user","content":"hi"}],"max_tokens":5}`:                   "claude",
		`{"messages":[{"role":"user","content":"hi"}],"max_completion_tokens":5}`:        "chat",
		`{"messages":[{"role":"user","content":"hi"}]}`:                                  "chat",
		`{"messages":[{"role":"system","content":"s"}],"max_tokens":5}`:                  "chat",
		`{"messages":[{"role":"user","content":"hi"}],"tools":[{"input_schema":{}}]}`:    "claude",
		`{"messages":[{"role":"user","content":"hi"}],"tools":[{"function":{}}]}`:        "chat",
		`{"model":"claude-x","messages":[{"role":"user","content":"hi"}],"system":null}`: "claude",
	} {
		if got, _, err := guess([]byte(body)); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", body, got, err, want)
		}
	}
	for _, body := range []string{``, `[]`, `{"text":"hi"}`, `{"messages":`} {
		if got, _, err := guess([]byte(body)); err == nil {
			t.Errorf("%s: guessed %q", body, got)
		}
	}
}

func TestStatusOf(t *testing.T) {
	for reply, want := range map[string]int{
		`{"error":{"code":429}}`:   429,
		`[{"error":{"code":503}}]`: 503,
		`{"error":{"code":7}}`:     200,
		`{"candidates":[]}`:        200,
		`data: {"error":{}}`:       200,
		``:                         200,
	} {
		if got := statusOf([]byte(reply)); got != want {
			t.Errorf("%s: got %d, want %d", reply, got, want)
		}
	}
}
