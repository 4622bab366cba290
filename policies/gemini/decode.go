package gemini

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxUnsupported bounds the list of unsupported kinds, and maxKindLength each
// name in it: they come from outside.
const (
	maxUnsupported = 16
	maxKindLength  = 64
)

// Decoder turns the responses of one answer, streamed or whole, into events.
//
//	new ─response→ begun ─End→ ended
//
// The finish is held back until End: it may come in mid-stream and again
// later (the server's own tools), and the usage may come after it.
type Decoder struct {
	original func(string) string
	walker   walker
	frame    frame

	state decoderState
	call  openCall

	content     bool
	finish      conversation.Finish
	reason      string
	note        string
	blocked     bool // promptFeedback named a reason; no later finish counts
	counters    counters
	unsupported []string
}

type decoderState uint8

const (
	decoderNew   decoderState = iota // nothing came: Start is still to be made
	decoderBegun                     // Start was made
	decoderEnded                     // End was called
)

// NewDecoder starts an answer. original maps the name of a rendered function
// back to the client's; nil leaves names as they are.
func NewDecoder(original func(string) string) *Decoder {
	if original == nil {
		original = func(name string) string { return name }
	}
	return &Decoder{original: original}
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
	d.call.release()
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
		if st := failureOf(d.frame.failure); st != nil {
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

// End says that nothing more will come: it closes a call that is still open
// and gives the finish, if one was seen.
func (d *Decoder) End(dst []conversation.Event) []conversation.Event {
	if d.state != decoderBegun {
		return dst
	}
	dst = d.call.end(dst)
	d.state = decoderEnded
	if finish, ok := d.Finish(); ok {
		dst = append(dst, conversation.Event{
			Kind: conversation.EventFinish, Finish: finish, Note: d.note, Usage: d.Usage(),
		})
	}
	return dst
}

// Content reports whether some part was seen that is an answer: text, thought
// text, a call, media, code or a server-side tool call.
func (d *Decoder) Content() bool { return d.content }

// Blocked reports whether the prompt was refused.
func (d *Decoder) Blocked() bool { return d.finish == conversation.FinishBlocked }

// Finished reports whether a finish was seen.
func (d *Decoder) Finished() bool { return d.finish != conversation.FinishNone }

// Finish returns the latest finish, and whether there was one.
func (d *Decoder) Finish() (conversation.Finish, bool) { return d.finish, d.Finished() }

// Reason returns the upstream's own word for the finish, or "". A number is
// given as its name where both APIs number alike, else as its digits.
func (d *Decoder) Reason() string { return d.reason }

// Usage returns the token counts known so far.
func (d *Decoder) Usage() conversation.Usage { return d.counters.usage() }

// Unsupported names, in the order they were first seen, the kinds of parts and
// metadata that no event carries, or only as readable text.
func (d *Decoder) Unsupported() []string { return slices.Clone(d.unsupported) }

// emit appends the events of the frame just read.
func (d *Decoder) emit(dst []conversation.Event) ([]conversation.Event, error) {
	f := &d.frame
	if !f.known {
		return dst, nil
	}
	d.counters = d.counters.follow(f.counters)
	if d.state == decoderNew {
		d.state, f.begun = decoderBegun, true
		dst = append(dst, conversation.Event{
			Kind: conversation.EventStart, ID: f.id, Model: f.model, Usage: d.Usage(),
		})
	}
	for i := range f.parts {
		var err error
		if dst, err = d.part(dst, &f.parts[i]); err != nil {
			return dst, err
		}
	}
	for _, name := range f.extras {
		d.unsupport(name)
	}
	if f.reason != "" && !d.blocked {
		d.reason, d.finish, d.note = f.reason, finishOf(f.reason), f.note
	}
	if f.block != "" {
		d.block(f.block, f.blockNote)
	}
	return dst, nil
}

// block notes that the prompt was refused. With an answer begun it is the
// answer that was refused.
func (d *Decoder) block(reason, note string) {
	d.reason, d.note = reason, reason
	if note != "" {
		d.note += ": " + note
	}
	d.blocked, d.finish = true, conversation.FinishBlocked
	if d.content {
		d.finish = conversation.FinishRefused
	}
}

// part appends the events of one part.
func (d *Decoder) part(dst []conversation.Event, p *part) ([]conversation.Event, error) {
	if p.call != nil {
		return d.callPart(dst, p)
	}
	text := p.text
	if p.kind != "" {
		d.unsupport(p.kind)
		if counted[p.kind] {
			d.content = true
		}
		text = readable(p)
	}
	if !text.Empty() {
		d.content = true
		kind := conversation.EventText
		if p.thought {
			kind = conversation.EventThought
		}
		dst = d.call.end(dst)
		dst = append(dst, conversation.Event{Kind: kind, Text: text})
	}
	// The signature of a part that no event carries would seal a text which
	// the model never wrote: upstream would refuse it when it comes back.
	if p.signature != "" && p.kind == "" {
		dst = d.call.end(dst)
		dst = append(dst, conversation.Event{Kind: conversation.EventSignature, Signature: p.signature})
	}
	return dst, nil
}

// callPart appends the events of a functionCall: a whole one, or a piece.
func (d *Decoder) callPart(dst []conversation.Event, p *part) ([]conversation.Event, error) {
	c := p.call
	if d.call.is && !d.call.goesOn(c) {
		dst = d.call.end(dst)
	}
	if !d.call.is {
		if c.name == "" {
			if c.args == nil && len(c.pieces) == 0 {
				return dst, nil // the empty message that closes a call, once more
			}
			return dst, errors.New("functionCall has arguments but no name, and no call is open")
		}
		d.content = true
		dst = d.call.begin(dst, c, d.original(c.name), p.signature)
	}
	if err := d.call.add(c); err != nil {
		return dst, argsError(c.name, err)
	}
	dst = d.call.flush(dst)
	if !c.more {
		dst = d.call.end(dst)
	}
	return dst, nil
}

// unsupport notes a kind that no event carries.
func (d *Decoder) unsupport(kind string) {
	kind = strings.ToValidUTF8(kind[:min(len(kind), maxKindLength)], "?")
	if len(d.unsupported) < maxUnsupported && !slices.Contains(d.unsupported, kind) {
		d.unsupported = append(d.unsupported, kind)
	}
}

// failureOf parses the error object of a frame; nil if there is none.
func failureOf(v jsontext.Value) *Status {
	if v == nil {
		return nil
	}
	r := &statusReader{}
	r.readError(v, 0)
	return &r.st
}
