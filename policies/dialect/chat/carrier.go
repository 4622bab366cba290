package chat

import (
	"encoding/base64"
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// A carrier behind the id of a tool call, in the form that other gateways use
// too: call_x__thought__<base64url of the carrier>. Ids that they made hold the
// bare signature of the upstream: it is passed on as a carrier, and does not
// verify.
const (
	carrierPrefix = "gs1."
	carrierMark   = "__thought__"
)

// splitCallID takes the carrier off a call's id. Whether the carrier is genuine
// is checked elsewhere.
func splitCallID(id string) (bare, carrier string) {
	bare, suffix, ok := strings.Cut(id, carrierMark)
	if !ok {
		return id, ""
	}
	data, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(suffix, "="))
	if err == nil && strings.HasPrefix(string(data), carrierPrefix) {
		return bare, string(data)
	}
	return bare, suffix
}

// joinCallID puts the carrier behind the id, if it fits.
func joinCallID(id, carrier string) string {
	if carrier == "" {
		return id
	}
	return callid.Carry(id, carrierMark, carrier)
}

// appendCarrier writes the extra_content member, the place that Google's own
// compatibility layer has for signatures.
func appendCarrier(dst []byte, carrier string) []byte {
	dst = append(dst, `"extra_content":{"google":{"thought_signature":`...)
	return append(jsonwalk.AppendString(dst, carrier), `}}`...)
}
