package resume

import (
	"bytes"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// anchorLength is the least length of an anchor, in bytes, if there is so much
	// text: some ten words.
	anchorLength = 60
	// anchorLimit bounds an anchor that must be long to be unique.
	anchorLimit = 1000
	// wordLimit bounds the search back to the beginning of a word.
	wordLimit = 40
	// repeatLimit bounds how much of the end of the text so far a continuation
	// may repeat, in bytes.
	repeatLimit = 32 << 10
)

// errNoSeam reports that a continuation does not continue where the text ended.
var errNoSeam = errors.New("the continuation begins neither with the last words of the text nor with all of it")

// anchorOf returns the last words of a text: they begin with a word, and occur
// nowhere else in it. ok is false for a text without words, and for one that
// repeats itself for longer than an anchor may be.
func anchorOf(textSoFar string) (anchor string, ok bool) {
	for n := anchorLength; ; n *= 2 {
		n = min(n, anchorLimit, len(textSoFar))
		anchor = strings.TrimLeftFunc(textSoFar[wordStart(textSoFar, len(textSoFar)-n):], unicode.IsSpace)
		switch {
		case anchor == "":
		case strings.Index(textSoFar, anchor) == len(textSoFar)-len(anchor):
			return anchor, true
		}
		if n == len(textSoFar) || n == anchorLimit {
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

// joint finds the seam in the text of a continuation. Two proofs count: the
// continuation begins with the anchor, the unique end of the text so far; or it
// is a reply from the start that repeats the whole text so far.
type joint struct {
	state seam
	whole wholeSeam
	last  anchorSeam
}

// joined reports whether the seam was found.
func (j *joint) joined() bool { return j.state == atAnchor || j.state == again }

// newJoint starts the search; anchor is the end of textSoFar, or "" if only a
// repetition of the whole text counts.
func newJoint(textSoFar, anchor string) joint {
	return joint{whole: wholeSeam{left: textSoFar, lost: textSoFar == ""}, last: newAnchorSeam(textSoFar, anchor)}
}

// feed takes the next piece of the continuation and returns the part that the
// client does not have yet.
func (j *joint) feed(piece string) (rest string, err error) {
	switch j.state {
	case atAnchor, again:
		return piece, nil
	case refused:
		return "", errNoSeam
	}
	if rest, found := j.whole.feed(piece); found {
		j.move(again)
		return rest, nil
	}
	if rest, found := j.last.feed(piece); found {
		j.move(atAnchor)
		return rest, nil
	}
	if j.whole.lost && j.last.lost {
		j.move(refused)
		return "", errNoSeam
	}
	return "", nil
}

// wholeSeam finds the end of the text so far in a reply that repeats it from its
// first byte on.
type wholeSeam struct {
	left string // what is still to come of the text so far
	lost bool   // something else came
}

func (w *wholeSeam) feed(piece string) (rest string, found bool) {
	if w.lost {
		return "", false
	}
	n := min(len(piece), len(w.left))
	if piece[:n] != w.left[:n] {
		w.lost = true
		return "", false
	}
	w.left = w.left[n:]
	return piece[n:], w.left == ""
}

// anchorSeam finds the anchor in a continuation that repeats the end of the text
// so far.
type anchorSeam struct {
	tail   string // the end of the text so far
	anchor string
	lost   bool // something else came

	got  []byte // of the continuation: all of it occurs in tail
	from int    // where, at the earliest
}

func newAnchorSeam(textSoFar, anchor string) anchorSeam {
	if cut := len(textSoFar) - repeatLimit; cut > 0 {
		textSoFar = textSoFar[cut:]
	}
	return anchorSeam{tail: textSoFar, anchor: anchor, lost: anchor == ""}
}

// feed takes the next piece. A continuation may repeat more than the anchor, as
// long as it repeats it exactly. That the anchor is unique leaves only one place
// for the seam.
func (a *anchorSeam) feed(piece string) (rest string, found bool) {
	if a.lost {
		return "", false
	}
	known := len(a.got)
	if known == 0 {
		piece = strings.TrimLeftFunc(piece, unicode.IsSpace)
	}
	a.got = append(a.got, piece...)
	look := max(0, known-len(a.anchor))
	if at := bytes.Index(a.got[look:], []byte(a.anchor)); at >= 0 {
		seam := look + at + len(a.anchor)
		if strings.HasSuffix(a.tail, string(a.got[:seam])) {
			return string(a.got[seam:]), true
		}
		a.lost = true
		return "", false
	}
	// Until the anchor is complete, all of it must be a repetition.
	if strings.HasPrefix(a.tail[a.from+known:], piece) {
		return "", false
	}
	next := strings.Index(a.tail[a.from:], string(a.got))
	if a.lost = next < 0; !a.lost {
		a.from += next
	}
	return "", false
}
