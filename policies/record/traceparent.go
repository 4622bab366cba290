package record

import "strings"

// ParseTraceparent reads a W3C trace context header,
// version-traceid-parentid-flags in hexadecimal
// (https://www.w3.org/TR/trace-context/, section 3.2). What is none gives "".
func ParseTraceparent(header string) (traceID, parentSpan string, sampled bool) {
	parts := strings.Split(header, "-")
	if len(header) > 200 || len(parts) < 4 || len(parts[0]) != 2 || parts[0] == "ff" || parts[0] == "00" && len(parts) != 4 {
		return "", "", false
	}
	trace, parent, flags := parts[1], parts[2], parts[3]
	for _, part := range []struct {
		text string
		size int
	}{{parts[0], 2}, {trace, 32}, {parent, 16}, {flags, 2}} {
		if len(part.text) != part.size || strings.Trim(part.text, "0123456789abcdef") != "" {
			return "", "", false
		}
	}
	if strings.Trim(trace, "0") == "" || strings.Trim(parent, "0") == "" {
		return "", "", false
	}
	return trace, parent, strings.ContainsRune("13579bdf", rune(flags[1]))
}
