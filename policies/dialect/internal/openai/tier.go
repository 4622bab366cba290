package openai

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// TierName is this API's name of a service tier; "" if unknown.
func TierName(tier string) string {
	if tier == "standard" {
		return "default"
	}
	return tier
}

// AppendTier writes the member that names the service tier, if it is known.
func AppendTier(dst []byte, u conversation.Usage) []byte {
	if u.Tier == "" {
		return dst
	}
	return append(append(append(dst, `"service_tier":"`...), TierName(u.Tier)...), `",`...)
}

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
