package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Verbosity reads how long answers should be. The upstream has no such setting;
// medium, which clients send by default, counts as absent.
func Verbosity(w *jsonwalk.Walker, v jsontext.Value) error {
	level, err := w.Text("verbosity", v)
	if err == nil && !level.Empty() && level.String() != "medium" {
		w.Warn("verbosity", "left out: the upstream has no such setting; say it in the prompt")
	}
	return err
}
