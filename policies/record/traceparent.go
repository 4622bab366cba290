package record

import "strings"

// ParseTraceparent reads a W3C trace context header,
// version-traceid-parentid-flags in hexadecimal
// (https://www.w3.org/TR/trace-context/, section 3.2). What is none gives "".
func ParseTraceparent(header string) (traceID, parentSpan string, sampled bool) {
	const length = len("00-") + 32 + len("-") + 16 + len("-00")
	if len(header) < length || len(header) > 200 || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return "", "", false
	}
	version, trace, parent, flags := header[:2], header[3:35], header[36:52], header[53:length]
	switch {
	case version == "ff", !hexadecimal(version), !hexadecimal(trace), !hexadecimal(parent), !hexadecimal(flags), zero(trace), zero(parent):
		return "", "", false
	case len(header) > length && (version == "00" || header[length] != '-'):
		return "", "", false // what follows is of a later version
	}
	return trace, parent, strings.IndexByte("13579bdf", flags[1]) >= 0
}

func hexadecimal(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func zero(s string) bool { return strings.Count(s, "0") == len(s) }
