package exchange

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/native"
)

// framed describes the frame that is being decoded, for a client that takes
// whole frames.
type framed struct {
	seam    native.Seam
	texts   bool // there are some
	fresh   bool // there is something that the client does not have
	dropped int  // bytes of text that it has already
}

// follow keeps the text so far of an answer that may be resumed. Of the events
// of a rest it returns those that complete the answer.
func (t *answer) follow(events []conversation.Event) []conversation.Event {
	if t.rest != nil {
		t.joined = t.rest.Events(t.joined[:0], events)
		events = t.joined
	}
	if t.sofar != nil && !t.dropsFrame() {
		t.sofar.Note(events)
	}
	return events
}

// dropsFrame reports whether the current frame is not passed on: it belongs to a
// rest that cannot be joined, or has a finish that does not count.
func (t *answer) dropsFrame() bool {
	return t.takesFrames() && t.rest != nil && (t.rest.Err() != nil || t.cutShort())
}

// cutShort reports whether the reply ended at a token limit that is not the
// client's.
func (t *answer) cutShort() bool {
	f, _ := t.decoder.Finish()
	return t.rest != nil && t.rest.CutShort(f)
}

// takeOfFrame takes events of a frame that is passed on whole.
func (t *answer) takeOfFrame(events []conversation.Event) {
	if t.sofar == nil {
		t.noteUsage(events)
		return
	}
	f, before := &t.framed, textSize(events)
	if events = t.follow(events); t.dropsFrame() {
		events = nil
	}
	f.texts, f.fresh = f.texts || before > 0, f.fresh || len(events) > 0
	f.dropped += before - textSize(events)
	t.noteUsage(events)
}

// textSize is the length of the events' text in bytes.
func textSize(events []conversation.Event) (n int) {
	for i := range events {
		if events[i].Kind == conversation.EventText {
			n += len(events[i].Text.String())
		}
	}
	return n
}

// passFrame passes a good frame on. Of a rest it passes what the client does not
// have.
func (t *answer) passFrame(dst, frame []byte, good bool) []byte {
	f := &t.framed
	texts, fresh, dropped := f.texts, f.fresh, f.dropped
	f.texts, f.fresh, f.dropped = false, false, 0
	switch {
	case !good && texts && t.sofar != nil:
		t.sofar.Stop() // it knows of text that the client does not get
		return dst
	case !good:
		return dst
	case t.dropsFrame():
		if fresh { // as above
			t.sofar.Stop()
		}
		return dst
	}
	frame = t.cleaner.Clean(frame)
	if t.rest != nil {
		if !t.rest.Joined() || !fresh && !t.decoder.Finished() {
			return dst
		}
		frame = f.seam.Fit(frame, dropped, t.spent())
	}
	return t.features.EncodeFrame(dst, frame)
}
