package openai

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Clients send medium unasked: it is not worth a warning.
func TestVerbosity(t *testing.T) {
	for value, want := range map[string]int{`"low"`: 1, `"high"`: 1, `"medium"`: 0, `""`: 0} {
		w := jsonwalk.Walker{Req: &conversation.Request{}}
		if err := Verbosity(&w, jsontext.Value(value)); err != nil || len(w.Req.Warnings) != want {
			t.Errorf("%s: %v, %v", value, w.Req.Warnings, err)
		}
	}
	w := jsonwalk.Walker{Req: &conversation.Request{}}
	if err := Verbosity(&w, jsontext.Value(`1`)); err == nil {
		t.Error("a number was read")
	}
}
