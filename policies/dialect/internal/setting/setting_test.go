package setting

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

func TestModel(t *testing.T) {
	tests := []struct {
		name, value, want string
		ok                bool
	}{
		{"a name", `"gemini"`, "gemini", true},
		{"escapes", `"a\/b"`, "a/b", true},
		{"a number", `1`, "", false},
		{"too long", `"` + strings.Repeat("m", 300) + `"`, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := jsonwalk.Walker{Req: &conversation.Request{}}
			if err := Model(&w, jsontext.Value(tt.value)); w.Req.Model != tt.want || (err == nil) != tt.ok {
				t.Errorf("model %q, error %v; want %q", w.Req.Model, err, tt.want)
			}
		})
	}
}

func TestLevel(t *testing.T) {
	tests := []struct {
		effort, want string
		warned       bool
	}{
		{"minimal", "minimal", false}, {"max", "max", false}, {"ultra", "high", true}, {"HIGH", "high", true},
	}
	for _, tt := range tests {
		w := jsonwalk.Walker{Req: &conversation.Request{}}
		if got := Level(&w, "effort", tt.effort); got != tt.want || len(w.Req.Warnings) > 0 != tt.warned {
			t.Errorf("%s: level %s, warnings %v; want %s", tt.effort, got, w.Req.Warnings, tt.want)
		}
	}
}

func TestSession(t *testing.T) {
	if got := Session("a"); got != "a" {
		t.Errorf("session = %q", got)
	}
	if got := Session(strings.Repeat("a", maxSession+1)); got != "" {
		t.Errorf("a key of %d characters is a session", len(got))
	}
}

func TestSet(t *testing.T) {
	w := jsonwalk.Walker{Req: &conversation.Request{}}
	var n *int
	if err := Set(&n, "n", jsontext.Value(`4e3`), w.Count); err != nil || *n != 4000 {
		t.Errorf("n = %v, error %v", n, err)
	}
	if err := Set(&n, "n", jsontext.Value(`-1`), w.Count); err == nil {
		t.Error("a negative count was read")
	}
}
