package gemini

import (
	"errors"

	"github.com/heald-proxy/heald/policies/conversation"
)

// MaxCandidates is how many answers the API gives at once.
const MaxCandidates = 8

// candidate is one of the answers of a reply, as far as it has arrived.
type candidate struct {
	decoder *Decoder
	index   int
	call    openCall

	content   bool // some part was seen
	answer    bool // that is no thought
	finish    conversation.Finish
	reason    string
	note      string
	said      textSoFar
	grounding grounding
	last      conversation.EventKind // the kind of text that continues the one before; see block
}

func (d *Decoder) newCandidate(index int) *candidate {
	return &candidate{decoder: d, index: index, said: textSoFar{keep: d.expect.Citations}}
}

// mark sets the answer's index in events.
func (c *candidate) mark(events []conversation.Event) {
	if c.index == 0 {
		return
	}
	for i := range events {
		events[i].Candidate = c.index
	}
}

// take appends the events of one frame of the candidate.
func (c *candidate) take(dst []conversation.Event, frame *candidateFrame, parts []part) ([]conversation.Event, error) {
	from, logprobs := len(dst), frame.logprobs
	c.said.frame()
	for i := range parts {
		var err error
		if dst, err = c.part(dst, &parts[i]); err != nil {
			c.mark(dst[from:])
			return dst, err
		}
		if len(dst) < maxEvents || c.decoder.yield == nil {
			continue
		}
		if withLogprobs(dst[from:], logprobs) {
			logprobs = nil
		}
		c.mark(dst[from:])
		c.decoder.yield(dst)
		dst, from = dst[:0], 0
	}
	if logprobs != nil && !withLogprobs(dst[from:], logprobs) {
		dst = append(dst, conversation.Event{Kind: conversation.EventText, Text: emptyText, Logprobs: logprobs})
	}
	c.mark(dst[from:])
	if frame.grounding != nil {
		c.grounding.add(frame.grounding)
	}
	return dst, nil
}

// withLogprobs puts the log probabilities of a frame onto its first text, and
// reports whether there is one. Where they come after it, an empty one has them.
func withLogprobs(events []conversation.Event, logprobs conversation.Raw) bool {
	if logprobs == nil {
		return false
	}
	for i := range events {
		if events[i].Kind == conversation.EventText {
			events[i].Logprobs = logprobs
			return true
		}
	}
	return false
}

var emptyText = conversation.Text(`""`)

// part appends the events of one part.
func (c *candidate) part(dst []conversation.Event, p *part) ([]conversation.Event, error) {
	c.said.part(p)
	switch {
	case p.call != nil:
		return c.callPart(dst, p)
	case p.kind != "":
		if err := c.block(noText); err != nil {
			return dst, err
		}
		return c.upstreamPart(dst, p), nil
	}
	if !p.text.Empty() {
		c.content, c.answer = true, c.answer || !p.thought
		kind := conversation.EventText
		if p.thought {
			kind = conversation.EventThought
		}
		if c.last != kind {
			if err := c.block(kind); err != nil {
				return dst, err
			}
		}
		dst = c.call.end(dst)
		dst = append(dst, conversation.Event{Kind: kind, Text: p.text, Usage: c.decoder.Usage()})
	}
	if p.signature != "" {
		if c.last = noText; p.text.Empty() {
			if err := c.block(noText); err != nil {
				return dst, err
			}
		}
		dst = c.call.end(dst)
		dst = append(dst, conversation.Event{Kind: conversation.EventSignature, Signature: p.signature})
	}
	return dst, nil
}

// upstreamPart appends the event of a part that is neither text nor call.
func (c *candidate) upstreamPart(dst []conversation.Event, p *part) []conversation.Event {
	ev := conversation.Event{Signature: p.signature}
	switch p.kind {
	case "inlineData":
		c.content = true
		if p.thought {
			// A draft of the image; the image itself follows.
			c.decoder.unsupport("inlineData in a thought")
			return dst
		}
		ev.Kind, ev.Media = conversation.EventMedia, conversation.Media{MIME: p.label, Data: p.body}
	case "executableCode":
		ev.Kind, ev.Name, ev.Text = conversation.EventCode, languageName(p.label), p.body
	case "codeExecutionResult":
		ev.Kind, ev.Name, ev.Text = conversation.EventCodeResult, enumName(p.label, outcomeNumbers[:]), p.body
	case "toolCall":
		ev.Kind = conversation.EventServerCall
	case "toolResponse":
		ev.Kind = conversation.EventServerResult
	default:
		c.decoder.unsupport(p.kind)
		return dst
	}
	if p.kind != "inlineData" {
		ev.Upstream = p.raw
	}
	if ev.Kind == conversation.EventServerCall || ev.Kind == conversation.EventServerResult {
		ev.CallID, ev.Name, ev.Args = p.id, p.label, p.args
	}
	c.content, c.answer = true, true
	return append(c.call.end(dst), ev)
}

// callPart appends the events of a functionCall: a whole one, or a piece.
func (c *candidate) callPart(dst []conversation.Event, p *part) ([]conversation.Event, error) {
	call := p.call
	if c.call.state == callOpen && !c.call.goesOn(call) {
		dst = c.call.end(dst)
	}
	if c.call.state == callNone {
		if call.name == "" {
			if call.args == nil && len(call.pieces) == 0 {
				return dst, nil // a repeated empty message that closes a call
			}
			return dst, errors.New("functionCall has arguments but no name, and no call is open")
		}
		if err := c.beginCall(); err != nil {
			return dst, err
		}
		c.content, c.answer = true, true
		dst = c.call.begin(dst, call, c.decoder.expect.Original(call.name), p.signature)
	}
	if err := c.call.add(call); err != nil {
		return dst, argsError(call.name, err)
	}
	dst = c.call.flush(dst)
	if !call.more {
		dst = c.call.end(dst)
	}
	return dst, nil
}
