package setting

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Unavailable is the tool at the current place, which cannot be run here, and
// why. Its name is its own, or its type if it has none. Whether it is left out
// or refused is settled once it is known what the model must call.
func Unavailable(w *jsonwalk.Walker, kind []byte, name jsontext.Value, why string) conversation.Tool {
	t := conversation.Tool{Kind: conversation.Unavailable, At: w.Place(""), Why: why}
	if t.Name = string(jsonwalk.Shorten(jsonwalk.Chars(name))); t.Name == "" {
		t.Name = string(jsonwalk.Shorten(kind))
	}
	return t
}
