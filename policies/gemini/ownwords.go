package gemini

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WithoutClientText removes from message what may be a client's text. The rest
// decides about the request; see package heal.
//
// Google's errors quote the request: names of fields, values, keys of schemas.
// A client writes those, so it can make an error say anything at all:
//
//	Invalid value at 'generation_config.seed' (TYPE_INT32), "API key not valid"
//
// The client's text may have quotes in it, which Google does not escape. So
// everything goes from the first opening quote to the last closing one, of
// whatever kind: the first is Google's, since it stands before the client's
// text, and so is the last.
func WithoutClientText(message string) string { return withoutClientText(message, cutMark) }

// withoutClientText puts mark in place of what it removes.
func withoutClientText(message, mark string) string {
	long := len(message) > mostWords
	if long {
		message = message[:mostWords]
	}
	if rest, ok := strings.CutPrefix(message, rawEcho); ok {
		// On the next line Google quotes the client's place.
		first, _, _ := strings.Cut(rest, "\n")
		message = rawEcho + first
	}
	if from := openingQuote(message); from >= 0 {
		to := max(closingQuote(message), from)
		_, size := utf8.DecodeRuneInString(message[to:])
		after := message[to+size:]
		if to == from || long {
			after = "" // the last quote is not the last
		}
		message = message[:from] + mark + after
	}
	message = fieldPath.ReplaceAllString(message, mark)
	message = address.ReplaceAllString(message, mark)
	if at := announced.FindStringIndex(message); at != nil {
		message = message[:at[1]] + mark
	}
	return message
}

// mayQuote reports whether a client's text may follow beginning.
func mayQuote(beginning string) bool {
	return strings.HasPrefix(beginning, rawEcho) || WithoutClientText(beginning) != beginning
}

const (
	// mostWords bounds how much of a message is read; Google's own are shorter.
	mostWords = 8 << 10
	// rawEcho begins Google's error for a body that is not JSON.
	rawEcho = "Invalid JSON payload received."
	// cutMark replaces the removed text, so that the words around it are not
	// joined.
	cutMark = `""`

	quotes      = "\"'`“”„‟‘’‚‛«»‹›"
	apostrophes = "'’"
)

var (
	// fieldPath is the path of a place in a tool or schema: clients name those.
	fieldPath = regexp.MustCompile(`(?i)\S*(?:\btools?|_tools?|toolConfig|declarations?|parameters?|schema|properties|\$?defs)[\].[]\S*`)
	address   = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]*://\S+|\bdata:\S+`)
	// announced matches what precedes an unquoted value.
	announced = regexp.MustCompile(`(?i)\b(?:values?|types?|uris?|urls?|names?|got|received|found|inputs?|strings?|arguments?|fields?|keys?|enums?|tokens?|models?|json)\s*:\s`)
	// mapKey ends before the key of a map, which a client chose; what stands in
	// other brackets is mostly an index.
	mapKey = regexp.MustCompile(`(?i)(?:properties|defs|definitions|labels|metadata|args|response)\[|\[[^\]\d]|\[\d+[^\]\d]`)
)

// openingQuote is where the first quote or key of a map begins; -1 if there is
// none.
func openingQuote(s string) int {
	at := -1
	for i, r := range s {
		apostrophe := strings.ContainsRune(apostrophes, r) && letterBefore(s, i)
		if strings.ContainsRune(quotes, r) && !apostrophe {
			at = i
			break
		}
	}
	if key := mapKey.FindStringIndex(s); key != nil && (at < 0 || key[0] < at) {
		return key[0] + strings.IndexByte(s[key[0]:], '[')
	}
	return at
}

// closingQuote is where the last quote or bracket stands; -1 if there is none.
func closingQuote(s string) int {
	for i := len(s); i > 0; {
		r, size := utf8.DecodeLastRuneInString(s[:i])
		i -= size
		switch {
		case r == ']':
			return i
		case !strings.ContainsRune(quotes, r):
		case strings.ContainsRune(apostrophes, r) && letterBefore(s, i) && letterAfter(s, i+size):
		default:
			return i
		}
	}
	return -1
}

func letterBefore(s string, at int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:at])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func letterAfter(s string, at int) bool {
	r, _ := utf8.DecodeRuneInString(s[at:])
	return unicode.IsLetter(r)
}
