package resume

import (
	"cmp"
	"errors"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Rest turns the events of a continuation into those that complete the answer
// that broke off.
type Rest struct {
	joint  joint
	before conversation.Usage // of all replies before this one
	less   bool               // the token limit was lowered by what the text so far took
	err    error
}

// Err says why the continuation cannot be joined; nil if it can, or if that is
// not known yet.
func (r *Rest) Err() error { return r.err }

// Joined reports whether the seam was found: from then on, text goes to the
// client.
func (r *Rest) Joined() bool { return r.joint.joined() }

// Again reports whether the seam was found in a reply that is the whole answer
// again: all of the text comes from it.
func (r *Rest) Again() bool { return r.joint.state == again }

// CutShort reports whether a finish ends the answer at a token limit that is not
// the client's: that of the reply was lowered by what the text so far took, but
// the reply has this text in it.
func (r *Rest) CutShort(f conversation.Finish) bool {
	return r.less && r.joint.state == again && f == conversation.FinishLength
}

// Events appends to dst those of events that complete the answer. A failure is
// always passed on.
func (r *Rest) Events(dst, events []conversation.Event) []conversation.Event {
	for _, ev := range events {
		if ev.Kind == conversation.EventFailure {
			dst = append(dst, ev)
			continue
		}
		if r.err != nil || !r.joins(&ev) {
			continue
		}
		if ev.Usage.Known {
			ev.Usage = Sum(r.before, ev.Usage)
		}
		dst = append(dst, ev)
	}
	return dst
}

// joins reports whether ev goes to the client; of a text only the part that is
// new is left in it.
func (r *Rest) joins(ev *conversation.Event) bool {
	switch ev.Kind {
	case conversation.EventStart, conversation.EventThought, conversation.EventSignature, conversation.EventSources:
		// The answer has begun already. A thought would interrupt its text, and a
		// signature would sign text of two replies.
		return false
	case conversation.EventText:
		if r.joint.joined() {
			return true
		}
		rest, err := r.joint.feed(ev.Text.String())
		if r.err = err; err != nil || rest == "" {
			return false
		}
		ev.Text = conversation.Quote(rest)
		return true
	}
	if !r.joint.joined() {
		r.err = ErrNoText
	}
	return r.err == nil
}

var (
	// ErrNoText reports that a reply ended before the seam was found.
	ErrNoText = errors.New("the continuation has no text that could be joined")
	// ErrCutShort reports that an answer ended at a limit that is not the
	// client's.
	ErrCutShort = errors.New("the continuation is the whole answer again, and ended at the token limit for the rest of it")
)

// Sum adds the usage of two requests: both are billed.
func Sum(a, b conversation.Usage) conversation.Usage {
	return conversation.Usage{
		Known:    a.Known || b.Known,
		Input:    a.Input + b.Input,
		Cached:   a.Cached + b.Cached,
		Output:   a.Output + b.Output,
		Thoughts: a.Thoughts + b.Thoughts,
		Tier:     cmp.Or(b.Tier, a.Tier),
	}
}
