package claude

import (
	"encoding/base64"
	"strings"

	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
)

// A signature without a thinking block is appended to the id of its tool call:
// toolu_x__<base64url of the carrier>. Carriers start with carrierPrefix, so a
// suffix of ours always starts with carrierMark, and ids that merely contain
// "__" are left alone.
const (
	carrierPrefix    = "gs1."
	carrierSeparator = "__"
	carrierMark      = carrierSeparator + "Z3MxL" // base64url of "gs1" and most of "."
)

// splitCallID takes the carrier off a call's id. An id without one is returned
// whole. Whether the carrier is genuine is checked elsewhere.
func splitCallID(id string) (bare, carrier string) {
	at := strings.Index(id, carrierMark)
	if at < 0 {
		return id, ""
	}
	data, err := base64.RawURLEncoding.DecodeString(id[at+len(carrierSeparator):])
	if err != nil || !strings.HasPrefix(string(data), carrierPrefix) {
		return id, ""
	}
	return id[:at], string(data)
}

// joinCallID puts the carrier behind the id, if it fits.
func joinCallID(id, carrier string) string {
	if !strings.HasPrefix(carrier, carrierPrefix) {
		return id
	}
	return callid.Carry(id, carrierSeparator, carrier)
}
