package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// Limit reads a limit of output tokens. A limit of 0 is refused with the
// original service's text; only the Messages API fills caches that way.
func Limit(w *jsonwalk.Walker, limit **int, name string, v jsontext.Value) error {
	if err := setting.Limit(w, limit, name, v); err != nil {
		return err
	}
	if *limit != nil && **limit == 0 {
		return w.Invalid(name, "integer below minimum value. Expected a value >= 1, but got 0 instead.")
	}
	return nil
}
