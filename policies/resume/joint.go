package resume

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// anchorLength is what an anchor has at least, in bytes, where there is
	// so much text: some ten words.
	anchorLength = 60
	// anchorLimit bounds an anchor that must be long to be unique.
	anchorLimit = 1000
	// wordLimit bounds the way back to the beginning of a word.
	wordLimit = 40
	// repeatLimit bounds how much of the text so far a continuation may
	// repeat, in bytes.
	repeatLimit = 32 << 10
)

// errNoSeam says that a continuation does not go on where the text ended.
var errNoSeam = errors.New("the continuation does not begin with the last words of the text")

// anchorOf returns the last words of a text: they begin with a word, and stand
// nowhere else in it. Not ok is a text without words, and one that repeats
// itself for longer than an anchor may be.
func anchorOf(said string) (anchor string, ok bool) {
	for n := anchorLength; ; n *= 2 {
		n = min(n, anchorLimit, len(said))
		anchor = strings.TrimLeftFunc(said[wordStart(said, len(said)-n):], unicode.IsSpace)
		switch {
		case anchor == "":
		case strings.Index(said, anchor) == len(said)-len(anchor):
			return anchor, true
		}
		if n == len(said) || n == anchorLimit {
			return "", false
		}
	}
}

// wordStart moves an offset back to the beginning of a word, or at least of a
// character: a model repeats whole words more faithfully.
func wordStart(s string, at int) int {
	for i := at; i > 0 && i > at-wordLimit; i-- {
		if c := s[i-1]; c == ' ' || c == '\n' || c == '\t' {
			return i
		}
	}
	if at <= wordLimit {
		return 0
	}
	for at > 0 && !utf8.RuneStart(s[at]) { // a text that is no UTF-8 may have no start
		at--
	}
	return at
}

// joint finds the seam in the text of a continuation.
//
//	seeking ─anchor→ joined
//	   └─anything else→ refused
type joint struct {
	said   string // the text so far, or the end of it
	anchor string
	joined bool

	got  []byte // of the continuation, while seeking: all of it stands in said
	from int    // where, at the earliest
}

// newJoint starts the search; anchor is the end of said.
func newJoint(said, anchor string) joint {
	if cut := len(said) - repeatLimit; cut > 0 {
		said = said[cut:]
	}
	return joint{said: said, anchor: anchor}
}

// feed takes the next piece of the continuation and returns what of it the
// client does not have yet. A continuation may repeat more than the anchor, up
// to the whole text, as long as it repeats it exactly. That the anchor is
// unique leaves only one place for the seam.
func (j *joint) feed(piece string) (rest string, err error) {
	if j.joined {
		return piece, nil
	}
	known := len(j.got)
	if known == 0 {
		piece = strings.TrimLeftFunc(piece, unicode.IsSpace)
	}
	j.got = append(j.got, piece...)
	look := max(0, known-len(j.anchor))
	if at := bytes.Index(j.got[look:], []byte(j.anchor)); at >= 0 {
		seam := look + at + len(j.anchor)
		if !strings.HasSuffix(j.said, string(j.got[:seam])) {
			return "", errNoSeam
		}
		rest = string(j.got[seam:])
		*j = joint{joined: true}
		return rest, nil
	}
	// Until the anchor is complete, all of it must be a repetition.
	if strings.HasPrefix(j.said[j.from+known:], piece) {
		return "", nil
	}
	next := strings.Index(j.said[j.from:], string(j.got))
	if next < 0 {
		return "", errNoSeam
	}
	j.from += next
	return "", nil
}
