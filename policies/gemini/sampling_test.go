package gemini

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// There is one warning for all settings that the model ignores, with the
// client's names, and none for clients' defaults.
func TestIgnoredSampling(t *testing.T) {
	words := &conversation.FieldNames{Fields: map[string]string{"top_k": "topK"}}
	for _, c := range []struct {
		limits conversation.Limits
		want   string
	}{
		{conversation.Limits{Temperature: new(0.0), TopP: new(0.5), TopK: new(1)}, "[{temperature left out, like top_p and topK: model " + fixedM + " ignores sampling settings}]"},
		{conversation.Limits{Temperature: new(1.0), TopP: new(1.0), TopK: new(2)}, "[{topK left out: model " + fixedM + " ignores sampling settings}]"},
		{conversation.Limits{Temperature: new(1.0), TopP: new(0.95), TopK: new(64)}, "[]"},
	} {
		req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Limits: c.limits, FieldNames: words}
		if _, err := Render(req, Target{Model: fixedM}, Options{}); err != nil || fmt.Sprint(req.Warnings) != c.want {
			t.Errorf("%v, %v, want %s", req.Warnings, err, c.want)
		}
	}
}

// A value outside of the upstream's range is moved into it, or left out if it
// limits nothing, with a warning.
func TestSamplingOutOfRange(t *testing.T) {
	limits := conversation.Limits{Temperature: new(3.0), TopP: new(-1.0), TopK: new(0), PresencePenalty: new(2.5), FrequencyPenalty: new(-2.0)}
	req := &conversation.Request{Messages: []conversation.Message{user(text("hi"))}, Limits: limits}
	out, err := Render(req, Target{Model: "gemini-2.0-flash"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `"generationConfig":{"temperature":2,"topP":0,"presencePenalty":2,"frequencyPenalty":-2}`
	const told = "[{temperature changed: the model takes 0 to 2} {top_p changed: the model takes 0 to 1} {top_k left out: below 1 it limits nothing} {presence_penalty changed: the model takes -2 to 2}]"
	if body := string(out.Body); !strings.Contains(body, want) || fmt.Sprint(req.Warnings) != told {
		t.Errorf("%s\n%v", body, req.Warnings)
	}
}
