package gemini

import (
	"bytes"
	"unicode/utf8"
)

const (
	// maxTextSoFar bounds the text kept for citations, in bytes. Answers end at
	// 65,536 tokens, a twentieth of it.
	maxTextSoFar = 8 << 20
	// maxParts bounds the parts whose places are known.
	maxParts = 4096
	// maxSearched bounds the search for texts whose offsets are wrong, in bytes
	// for all of them together: a thousand in the longest answer would take
	// seconds.
	maxSearched = 256 << 20
)

// textSoFar is the text of an answer so far, kept because its citations come after
// it and name their places by part.
type textSoFar struct {
	keep  bool
	text  []byte
	parts []int // where each part begins in text

	last    string // the kind of the last part
	opening bool   // the next part is the first of its frame

	searched int // bytes looked through for repeated texts
}

// frame records that another frame begins.
func (s *textSoFar) frame() { s.opening = true }

// part adds a part. A stream cuts parts anywhere: the first of a frame continues
// the last of the frame before if they are of one kind.
func (s *textSoFar) part(p *part) {
	if !s.keep {
		return
	}
	kind := p.kind
	switch {
	case p.call != nil:
		kind = "functionCall"
	case kind == "" && p.thought:
		kind = "thought"
	case kind == "":
		kind = "text"
	}
	goesOn := s.opening && s.last == kind && (kind == "text" || kind == "thought")
	if s.opening, s.last = false, kind; !goesOn && len(s.parts) < maxParts {
		s.parts = append(s.parts, len(s.text))
	}
	if kind != "text" {
		return
	}
	if s.text = append(s.text, p.text.String()...); len(s.text) > maxTextSoFar {
		s.keep, s.text = false, nil
	}
}

// span returns the start and end of a support in the text. The text that it
// repeats wins over its offsets: with tools' parts before the answer, recorded
// streams count from the first text, whatever the part index says.
func (s *textSoFar) span(u *support) (start, end int, ok bool) {
	bases := []int{0}
	if u.part >= 0 && u.part < len(s.parts) {
		bases = []int{s.parts[u.part], 0}
	}
	for _, base := range bases {
		start, end = base+u.start, base+u.end
		if start < 0 || start >= end || end > len(s.text) || !s.between(start) || !s.between(end) {
			continue
		}
		if u.text == "" || string(s.text[start:end]) == u.text {
			return start, end, true
		}
	}
	if u.text == "" {
		return 0, 0, false
	}
	if s.searched += len(s.text); s.searched > maxSearched {
		return 0, 0, false
	}
	start = bytes.Index(s.text, []byte(u.text))
	return start, start + len(u.text), start >= 0
}

// between reports whether an offset is between two characters.
func (s *textSoFar) between(offset int) bool {
	return offset == len(s.text) || utf8.RuneStart(s.text[offset])
}
