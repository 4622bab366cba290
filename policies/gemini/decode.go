package gemini

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxUnsupported bounds the list of unsupported kinds, and maxKindLength each
// name in it: they come from outside.
const (
	maxUnsupported = 16
	maxKindLength  = 64
)

// Expect describes the reply, as the request asked for it.
type Expect struct {
	// Original maps the name of a rendered function back to the client's; nil
	// leaves names as they are.
	Original func(string) string
	// Context is the model's context window in tokens; 0 if unknown.
	Context int
	// Candidates is the number of answers asked for; 0 means one. Others are
	// left out.
	Candidates int
	// Citations keeps the text of the answer until its end, so that sources can be
	// matched with it. Without it, recitations are left out, since no sources were
	// requested.
	Citations bool
	// Silent leaves out the answer's text: the request asked for no tokens, and
	// the upstream gives at least one.
	Silent bool
}

// Decoder turns the responses of one reply, streamed or whole, into events.
// The finish is held back until End: it may come in mid-stream and again later
// (the server's own tools), and the usage may come after it.
type Decoder struct {
	expect Expect
	walker walker
	frame  frame

	state       decoderState
	candidates  []*candidate // by index; nil where none was seen yet
	blocked     bool         // promptFeedback named a reason; no later finish counts
	counters    counters
	unsupported []string

	blocks, calls int                        // counted against maxBlocks and maxCalls
	yield         func([]conversation.Event) // called with events while a frame is decoded; nil for none
}

// NewDecoder starts a reply of one answer without further expectations. original
// maps the name of a rendered function back to the client's; nil leaves names
// unchanged.
func NewDecoder(original func(string) string) *Decoder {
	return NewDecoderOf(Expect{Original: original, Citations: true})
}

// NewDecoderOf starts a reply; see [Rendered.Expect].
func NewDecoderOf(e Expect) *Decoder {
	if e.Original == nil {
		e.Original = func(name string) string { return name }
	}
	e.Candidates = min(max(e.Candidates, 1), MaxCandidates)
	d := &Decoder{expect: e, candidates: make([]*candidate, e.Candidates)}
	d.candidates[0] = d.newCandidate(0)
	d.frame.wanted, d.frame.cites = e.Candidates, e.Citations
	return d
}

// Frame decodes the payload of one server-sent event: one response, several in
// an array, or an error object, which is returned as a Status. It also reads a
// whole unary reply. The events are appended to dst and refer to data and to
// the decoder's memory: they are valid until the next Frame. After an error
// the answer is broken; what was appended to dst before may be used.
func (d *Decoder) Frame(dst []conversation.Event, data []byte) ([]conversation.Event, *Status, error) {
	if d.state == decoderEnded {
		return dst, nil, errors.New("decode response: the answer has ended")
	}
	data = trimPayload(data)
	d.frame.listed = 0
	defer d.frame.shrink()
	for _, c := range d.seen() {
		c.call.release()
	}
	d.walker.open(data)
	var status *Status
	response := func() error {
		if d.walker.kind() == 'n' {
			return d.walker.skip()
		}
		if k := d.walker.kind(); k != '{' && k != 0 {
			return fmt.Errorf("a JSON %s is no response", k)
		}
		if err := d.frame.read(&d.walker); err != nil {
			return err
		}
		if st := d.frame.status(); st != nil {
			status = st
		}
		var err error
		dst, err = d.emit(dst)
		return err
	}
	for int(d.walker.dec.InputOffset()) < len(data) {
		next := response
		if d.walker.kind() == '[' {
			next = func() error { return d.walker.array(response) }
		}
		if err := next(); err != nil {
			return dst, status, fmt.Errorf("decode response: %w", err)
		}
	}
	return dst, status, nil
}

// Each is Frame for a caller that takes the events while they are made: yield
// gets them a few at a time, and at least once. They are valid until it returns.
// It returns buf, in which they stand, to be used again. The events of a frame
// may take a hundred times its bytes; so there are never many.
func (d *Decoder) Each(buf []conversation.Event, data []byte, yield func([]conversation.Event)) ([]conversation.Event, *Status, error) {
	d.yield = yield
	buf, status, err := d.Frame(buf[:0], data)
	d.yield = nil
	yield(buf)
	return buf[:0], status, err
}

// End ends the reply: it closes a call that is still open, adds the sources, and
// gives the finish of each answer, if one was seen.
func (d *Decoder) End(dst []conversation.Event) []conversation.Event {
	if d.state != decoderBegun {
		return dst
	}
	d.move(decoderEnded)
	for _, c := range d.seen() {
		from := len(dst)
		if dst = c.call.end(dst); d.expect.Silent {
			dst = dst[:from]
		} else if s := c.sources(); s != nil {
			dst = append(dst, conversation.Event{Kind: conversation.EventSources, Sources: s})
		}
		if finish := d.finishOf(c); finish != conversation.FinishNone {
			dst = append(dst, conversation.Event{
				Kind: conversation.EventFinish, Finish: finish, Note: c.note, Usage: d.Usage(),
			})
		}
		c.mark(dst[from:])
	}
	return dst
}

// Content reports whether a part of an answer was seen: text, thought text, a
// call, media, code or a server-side tool call.
func (d *Decoder) Content() bool {
	return slices.ContainsFunc(d.seen(), func(c *candidate) bool { return c.content })
}

// Answer is Content without thoughts.
func (d *Decoder) Answer() bool {
	return slices.ContainsFunc(d.seen(), func(c *candidate) bool { return c.answer })
}

// Blocked reports whether the prompt was refused.
func (d *Decoder) Blocked() bool { return d.first().finish == conversation.FinishBlocked }

// Finished reports whether a finish was seen, of every answer that was begun.
func (d *Decoder) Finished() bool {
	return !slices.ContainsFunc(d.seen(), func(c *candidate) bool { return c.finish == conversation.FinishNone })
}

// Finish returns the latest finish of the first answer, and whether all are
// finished. A finish that invalidates another answer takes precedence: the reply
// is not complete without that answer.
func (d *Decoder) Finish() (conversation.Finish, bool) {
	for _, c := range d.seen() {
		if c.finish == conversation.FinishMalformed || c.finish == conversation.FinishSignature {
			return c.finish, d.Finished()
		}
	}
	return d.finishOf(d.first()), d.Finished()
}

// Reason returns the upstream's finishReason of the first answer, or "". A
// number is given as its name where both APIs number alike, else as its digits.
func (d *Decoder) Reason() string { return d.first().reason }

// Usage returns the token counts known so far.
func (d *Decoder) Usage() conversation.Usage { return d.counters.usage() }

// Unsupported names, in the order they were first seen, the kinds of parts
// that no event carries.
func (d *Decoder) Unsupported() []string { return slices.Clone(d.unsupported) }

func (d *Decoder) first() *candidate { return d.candidates[0] }

// seen are the candidates so far. The first always exists: a reply without
// candidates is about it.
func (d *Decoder) seen() []*candidate {
	if len(d.candidates) == 1 {
		return d.candidates
	}
	return slices.DeleteFunc(slices.Clone(d.candidates), func(c *candidate) bool { return c == nil })
}

// finishOf is the finish of c. Upstream has one name for its two limits.
func (d *Decoder) finishOf(c *candidate) conversation.Finish {
	if u := d.Usage(); c.finish == conversation.FinishLength && d.expect.Context > 0 && u.Input+u.Output >= d.expect.Context {
		return conversation.FinishWindow
	}
	if c.finish == conversation.FinishStop && d.expect.Silent {
		return conversation.FinishLength // of no token
	}
	return c.finish
}

// emit appends the events of the frame just read.
func (d *Decoder) emit(dst []conversation.Event) ([]conversation.Event, error) {
	f := &d.frame
	if !f.known {
		return dst, nil
	}
	d.counters = d.counters.follow(f.counters)
	if d.state == decoderNew {
		d.move(decoderBegun)
		f.begun = true
		dst = append(dst, conversation.Event{
			Kind: conversation.EventStart, ID: f.id, Model: f.model, Usage: d.Usage(),
		})
	}
	for i := range f.candidates {
		frame := &f.candidates[i]
		c := d.candidates[frame.index]
		if c == nil {
			c = d.newCandidate(frame.index)
			d.candidates[frame.index] = c
		}
		if err := d.take(&dst, c, frame); err != nil {
			return dst, err
		}
		if frame.reason != "" && !d.blocked {
			c.reason, c.finish, c.note = frame.reason, finishOf(frame.reason), frame.note
		}
	}
	if f.block != "" {
		d.block(f.block, f.blockNote)
	}
	return dst, nil
}

// take appends what a candidate of the frame says.
func (d *Decoder) take(dst *[]conversation.Event, c *candidate, frame *candidateFrame) (err error) {
	parts := d.frame.parts[frame.from:frame.to]
	if !d.expect.Silent {
		*dst, err = c.take(*dst, frame, parts)
		return err
	}
	yield := d.yield
	d.yield = nil
	_, err = c.take(nil, frame, parts) // it counts as seen, but makes no event
	d.yield = yield
	return err
}

// block records that the prompt was refused. If an answer has begun, the answer
// was refused.
func (d *Decoder) block(reason, note string) {
	finish := conversation.FinishBlocked
	if d.Content() {
		finish = conversation.FinishRefused
	}
	if note != "" {
		note = ": " + note
	}
	d.blocked = true
	for _, c := range d.seen() {
		c.reason, c.note, c.finish = reason, reason+note, finish
	}
}

// unsupport records a kind that no event carries.
func (d *Decoder) unsupport(kind string) {
	kind = strings.ToValidUTF8(kind[:min(len(kind), maxKindLength)], "?")
	if len(d.unsupported) < maxUnsupported && !slices.Contains(d.unsupported, kind) {
		d.unsupported = append(d.unsupported, kind)
	}
}

// status parses the error of a frame; nil if there is none. A member of that
// name beside an answer is no error.
func (f *frame) status() *Status {
	if f.failure == nil && (f.relayed == nil || f.known) {
		return nil
	}
	st, _ := (&statusReader{}).read(f.failure, f.relayed, 0)
	return st
}
