package stopscan

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Scanner ends an answer at a stop sequence.
//
//	reading ─sequence→ stopped
type Scanner struct {
	sequences []string
	find      *automaton // nil if there are no sequences

	at    int32  // the automaton's state
	held  []byte // escaped text that may begin a sequence
	chars []char // of held
	depth int    // bytes of chars, unescaped
	size  int    // bytes of chars, escaped

	usage   conversation.Usage // the last that was known
	stop    string
	stopped bool
}

// char is a character of the text: how many bytes it has in its JSON form, and
// how many in UTF-8.
type char struct{ escaped, plain int }

// New makes a scanner for one answer.
func New(sequences []string) *Scanner {
	s := &Scanner{sequences: sequences}
	for _, q := range sequences {
		if q != "" {
			s.find = newAutomaton(sequences)
			break
		}
	}
	return s
}

// Stopped reports whether a sequence was found, and which.
func (s *Scanner) Stopped() (sequence string, stopped bool) { return s.stop, s.stopped }

// Scan appends to dst the events that can be passed on. What it appends refers
// to events, or to memory of its own that nothing changes later.
func (s *Scanner) Scan(dst, events []conversation.Event) []conversation.Event {
	if s.find == nil {
		return append(dst, events...)
	}
	for _, ev := range events {
		if s.stopped {
			return dst
		}
		if ev.Usage.Known {
			s.usage = ev.Usage
		}
		if ev.Kind == conversation.EventText {
			dst = s.text(dst, ev)
			continue
		}
		dst = append(s.release(dst), ev)
	}
	return dst
}

// release passes on what is held, since no sequence can be completed any more.
func (s *Scanner) release(dst []conversation.Event) []conversation.Event {
	if len(s.held) > 0 {
		dst = append(dst, conversation.Event{Kind: conversation.EventText, Text: literal(s.held)})
	}
	s.at = root
	s.forget()
	return dst
}

// forget drops what is held. Its memory stays: literals are copies.
func (s *Scanner) forget() { s.held, s.chars, s.depth, s.size = s.held[:0], s.chars[:0], 0, 0 }

// text takes one piece of the answer's text.
func (s *Scanner) text(dst []conversation.Event, ev conversation.Event) []conversation.Event {
	inner := ev.Text.Inner()
	before := len(s.held)
	for i := 0; i < len(inner); {
		if s.at == root {
			if i = s.skip(inner, i); i == len(inner) {
				break
			}
		}
		c, plain := next(inner[i:])
		i += c.escaped
		for _, b := range plain[:c.plain] {
			if s.at = s.find.step(s.at, b); s.find.states[s.at].found >= 0 {
				s.chars, s.depth = append(s.chars, c), s.depth+c.plain
				return s.end(dst, ev, inner[:i])
			}
		}
		s.keep(c)
	}
	kept := s.size // bytes at the end that are held
	if before == 0 && kept == 0 {
		return append(dst, ev)
	}
	// Held text is a tail of what was held before and the new text together.
	all := append(s.held, inner...)
	ev.Text = literal(all[:len(all)-kept])
	s.held = append(all[:0], all[len(all)-kept:]...)
	if ev.Text.Empty() && ev.Logprobs == nil {
		return dst
	}
	return append(dst, ev)
}

// skip returns where the first character from i on is that a sequence may
// begin with, or that is escaped.
func (s *Scanner) skip(inner []byte, i int) int {
	for i < len(inner) && inner[i] != '\\' && s.find.first[inner[i]] == root {
		i++
	}
	return i
}

// keep holds c, and passes on characters before the beginning that the
// automaton's state stands for.
func (s *Scanner) keep(c char) {
	s.chars, s.depth, s.size = append(s.chars, c), s.depth+c.plain, s.size+c.escaped
	drop := 0
	for s.depth > int(s.find.states[s.at].depth) {
		s.depth -= s.chars[drop].plain
		s.size -= s.chars[drop].escaped
		drop++
	}
	if drop == len(s.chars) {
		s.chars = s.chars[:0]
	} else {
		s.chars = s.chars[drop:]
	}
}

// end cuts the text before the sequence, which is its end, and finishes the
// answer.
func (s *Scanner) end(dst []conversation.Event, ev conversation.Event, inner []byte) []conversation.Event {
	found := s.sequences[s.find.states[s.at].found]
	all := append(s.held, inner...)
	rest := len(found)
	for i := len(s.chars) - 1; rest > 0 && i >= 0; i-- {
		rest -= s.chars[i].plain
		all = all[:len(all)-s.chars[i].escaped]
	}
	if ev.Text = literal(all); !ev.Text.Empty() {
		dst = append(dst, ev)
	}
	s.forget()
	s.stop, s.stopped = found, true
	return append(dst, conversation.Event{
		Kind: conversation.EventFinish, Candidate: ev.Candidate,
		Finish: conversation.FinishStop, Stop: found, Usage: s.usage,
	})
}

// literal copies escaped characters into a Text.
func literal(inner []byte) conversation.Text {
	out := make(conversation.Text, 0, len(inner)+2)
	return append(append(append(out, '"'), inner...), '"')
}

// next reads the character that b begins with. b is the inside of a valid JSON
// string and not empty.
func next(b []byte) (c char, plain [utf8.UTFMax]byte) {
	if b[0] != '\\' || len(b) < 2 {
		_, n := utf8.DecodeRune(b)
		copy(plain[:], b[:n])
		return char{n, n}, plain
	}
	r, n := rune(b[1]), 2
	switch b[1] {
	case 'n':
		r = '\n'
	case 't':
		r = '\t'
	case 'r':
		r = '\r'
	case 'b':
		r = '\b'
	case 'f':
		r = '\f'
	case 'u':
		r, n = unit(b), 6
		if pair := utf16.DecodeRune(r, unit(b[min(n, len(b)):])); pair != utf8.RuneError {
			r, n = pair, 12
		}
	}
	return char{min(n, len(b)), utf8.EncodeRune(plain[:], r)}, plain
}

// unit returns the UTF-16 unit of the \u escape that b begins with, or the
// replacement character.
func unit(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
