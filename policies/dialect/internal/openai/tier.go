package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Tier reads service_tier.
func Tier(w *jsonwalk.Walker, v jsontext.Value) error {
	name, err := w.Text("service_tier", v)
	if err != nil {
		return err
	}
	tier := ""
	switch name.String() {
	case "auto":
	case "default":
		tier = "standard"
	case "flex":
		tier = "flex"
	case "priority", "fast":
		tier = "priority"
	default:
		w.Warn("service_tier", "the upstream has no such tier; its default is used")
	}
	w.Req.Upstream.ServiceTier = tier
	return nil
}
