package heal

import (
	"bytes"
	"crypto/sha256"
	"hash"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Sealer turns the signatures of an answer's events into carriers. One per
// answer.
//
// A carrier is bound to what it signs, so it can be made only once that is
// complete: the run of text before an EventSignature, or the whole call. A
// signed call is therefore held until its end; an unsigned one passes through.
type Sealer struct {
	carriers Carriers

	state  sealing
	hash   hash.Hash // of the run in inThoughts and inText
	buffer []byte    // an unescaped text; reused for every chunk

	call conversation.Event // the start of the signed call in inCall
	args []byte             // its arguments so far
}

// NewSealer makes a sealer for one answer.
func NewSealer(c Carriers) *Sealer { return &Sealer{carriers: c, hash: sha256.New()} }

// Seal appends the events that can go on to dst.
func (s *Sealer) Seal(dst, events []conversation.Event) []conversation.Event {
	for _, ev := range events {
		dst = s.event(dst, ev)
	}
	return dst
}

func (s *Sealer) event(dst []conversation.Event, ev conversation.Event) []conversation.Event {
	if s.state == inCall {
		return s.hold(dst, ev)
	}
	switch ev.Kind {
	case conversation.EventThought:
		s.addTo(inThoughts, ev.Text)
	case conversation.EventText:
		s.addTo(inText, ev.Text)
	case conversation.EventSignature:
		ev.Carrier = s.sealRun(&ev)
		s.endRun()
	case conversation.EventServerCall, conversation.EventServerResult,
		conversation.EventCode, conversation.EventCodeResult:
		ev.Carrier = s.carriers.SealPart(ev.Upstream)
	case conversation.EventMedia:
		s.endRun()
		ev.Carrier = s.sealMedia(&ev)
	case conversation.EventCallStart:
		s.endRun()
		if ev.Signature != "" {
			s.move(inCall)
			s.call = ev
			return dst
		}
	}
	return append(dst, ev)
}

// addTo adds a text to the run of its kind, which it may begin.
func (s *Sealer) addTo(run sealing, t conversation.Text) {
	if s.state != run {
		s.move(run)
		s.hash.Reset()
	}
	s.hash.Write(s.plain(t))
}

// endRun ends the run, if there is one.
func (s *Sealer) endRun() {
	if s.state != between {
		s.move(between)
	}
}

// hold keeps a signed call until it is complete. Its pieces may refer to a
// chunk that is gone by then, so they are copied and joined. Where the answer
// breaks off inside the call, it goes on unsigned.
func (s *Sealer) hold(dst []conversation.Event, ev conversation.Event) []conversation.Event {
	if ev.Kind == conversation.EventCallArgs {
		s.args = append(s.args, ev.Args...)
		return dst
	}
	start := s.call
	if ev.Kind == conversation.EventCallEnd {
		binding := callBinding(start.Name, s.args)
		start.Carrier = s.carriers.seal(forCall, signatureBytes(start.Signature), binding)
		if start.Candidate == 0 {
			s.carriers.Thread.signedCall(s.carriers.origin(forCall), binding, start.Signature)
		}
	}
	dst = append(dst, start)
	if len(s.args) > 0 {
		dst = append(dst, conversation.Event{Kind: conversation.EventCallArgs, Args: s.args})
	}
	s.move(between)
	s.call, s.args = conversation.Event{}, nil
	return append(dst, ev)
}

// plain is the unescaped text, valid until the next call.
func (s *Sealer) plain(t conversation.Text) []byte {
	if bytes.IndexByte(t, '\\') < 0 {
		return t.Inner()
	}
	s.buffer, _ = jsontext.AppendUnquote(s.buffer[:0], t) // a Text is valid by construction
	return s.buffer
}

// sealRun seals the signature of the text or thoughts before it. A signature
// after nothing belongs to an empty text.
func (s *Sealer) sealRun(ev *conversation.Event) string {
	switch s.state {
	case inThoughts:
		return s.carriers.sealRun(forThought, ev.Signature, s.hash.Sum(nil))
	case inText:
		binding := s.hash.Sum(nil)
		if ev.Candidate == 0 {
			s.carriers.Thread.signed(s.carriers.origin(forText), binding, ev.Signature)
		}
		return s.carriers.sealRun(forText, ev.Signature, binding)
	}
	empty := sha256.Sum256(nil)
	return s.carriers.sealRun(forText, ev.Signature, empty[:])
}
