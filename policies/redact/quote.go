package redact

import "strconv"

// quoteLimit bounds what is quoted of a value, in bytes.
const quoteLimit = 200

// Quote quotes a value in an error, unless it looks like a credential: then it
// says so instead.
func Quote(value string) string {
	if Secret(value) {
		return "a value that looks like a credential (not shown)"
	}
	return strconv.Quote(Bound(value, quoteLimit))
}
