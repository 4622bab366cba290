package callid

import "encoding/base64"

// MaxCarrying bounds ids with a carrier, in bytes. Ids of 3,006 characters
// were seen to come back intact; clients keep them in columns and file names
// anyway.
const MaxCarrying = 2048

// Carry puts carrier behind id after the separator, in base64url, if it fits:
// call_x__thought__<carrier>.
func Carry(id, separator, carrier string) string {
	if len(id)+len(separator)+base64.RawURLEncoding.EncodedLen(len(carrier)) > MaxCarrying {
		return id
	}
	return id + separator + base64.RawURLEncoding.EncodeToString([]byte(carrier))
}
