package gemini

import (
	"fmt"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// All settings that the model ignores are told in one warning, in the client's
// words, and none that clients send unasked.
func TestIgnoredSampling(t *testing.T) {
	words := &conversation.Words{Fields: map[string]string{"top_k": "topK"}}
	for _, c := range []struct {
		limits conversation.Limits
		want   string
	}{
		{conversation.Limits{Temperature: new(0.0), TopP: new(0.5), TopK: new(1)}, "[{temperature left out, like top_p and topK: model " + fixedM + " ignores sampling settings}]"},
		{conversation.Limits{Temperature: new(1.0), TopP: new(1.0), TopK: new(2)}, "[{topK left out: model " + fixedM + " ignores sampling settings}]"},
		{conversation.Limits{Temperature: new(1.0), TopP: new(0.95), TopK: new(64)}, "[]"},
	} {
		req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Limits: c.limits, Words: words}
		if _, err := Render(req, Target{Model: fixedM}, Options{}); err != nil || fmt.Sprint(req.Warnings) != c.want {
			t.Errorf("%v, %v, want %s", req.Warnings, err, c.want)
		}
	}
}
