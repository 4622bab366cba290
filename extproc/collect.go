package extproc

import (
	"context"
	"strconv"

	"google.golang.org/grpc/metadata"

	"github.com/heald-proxy/heald/policies"
)

// collected is a request's body that comes in parts. Once it is whole, only the
// attempt keeps it.
type collected struct {
	body     []byte
	begun    bool
	trailers bool // they have ended it
	declared int  // the content-length; 0 if there is none
}

const (
	// firstPart is room for most bodies, in bytes. A larger body asks for more.
	firstPart = 64 << 10
	// partLimit bounds the bytes of one part of a request that goes to Envoy.
	// Envoy accepts 32 MiB in one message, too; but then the request is in
	// memory three times on either side. gRPC's largest pool has buffers of 1
	// MiB; the rest is room for the message around the part.
	partLimit = 1<<20 - 1<<10
	// announced is how much memory is added at a time for a body whose length is
	// known. Clients that announce much and send little take that much more than
	// they have sent.
	announced = 4
)

// collect keeps a part of the body.
func (s *stream) collect(part []byte, end bool) error {
	if err := s.move(requestPart); err != nil {
		return err
	}
	c := &s.body
	if !c.begun {
		c.begun = true
		if err := s.acknowledge(); err != nil {
			return err
		}
	}
	if need := len(c.body) + len(part); need > cap(c.body) {
		if err := s.grow(need); err != nil || s.state == done {
			return err
		}
	}
	c.body = append(c.body, part...)
	if !end {
		return nil
	}
	return s.collected()
}

// acknowledge sends the stream's initial metadata. It tells Envoy that a replica
// has the request, before the body can do harm: from here on, a broken stream
// has another gRPC status (see inner's local_reply_config).
func (s *stream) acknowledge() error {
	if s.grpc.SendHeader(metadata.MD{}) != nil {
		return errGone
	}
	return nil
}

// grow makes room for need bytes. The room at least doubles each time, up to
// the declared length or the limit: a body is copied at most twice, and only a
// third of it if its length is known.
func (s *stream) grow(need int) error {
	c, most := &s.body, s.server.cfg.MaxBody
	factor := 2
	if c.declared >= need {
		factor = announced
	}
	room := max(factor*cap(c.body), firstPart)
	for room < min(need, most) {
		room *= factor
	}
	if c.declared >= need {
		room = min(room, c.declared)
	}
	room = min(room, most)
	if room > firstPart || need > most { // the attempt makes this error
		collector, able := s.attempt.(policies.Collector)
		if able {
			if err := s.may(func(ctx context.Context) *policies.Reply { return collector.Collect(ctx, need, room) }); err != nil || s.state == done {
				return err
			}
		}
	}
	if need > most {
		return breachf(tooLarge, "the request body has more than %d bytes", most)
	}
	// append and slices.Grow would take a quarter more.
	c.body = append(make([]byte, 0, room), c.body...)
	return nil
}

// collected passes the whole body on.
func (s *stream) collected() error {
	receiver, able := s.attempt.(policies.Receiver)
	if n := len(s.body.body); able && n > int(s.server.cfg.StreamWindow) {
		if err := s.may(func(ctx context.Context) *policies.Reply { return receiver.Receive(ctx, n) }); err != nil || s.state == done {
			return err
		}
	}
	body := s.body.body
	s.body.body = nil // it is the attempt's, which may release it while it waits
	return s.rewrite(body)
}

// may asks the attempt for room, and answers the request if there is none. This
// may wait, so a drain can end it, as with ask.
func (s *stream) may(room func(context.Context) *policies.Reply) error {
	ctx, cancel := context.WithCancel(s.grpc.Context())
	defer cancel()
	s.asking.Store(&cancel)
	reply := room(ctx)
	switch {
	case ctx.Err() != nil:
		return errGone
	case reply != nil:
		return s.answer(reply)
	}
	return nil
}

// forwardInParts sends the rewritten request when Envoy waits for both its
// headers and its body.
func (s *stream) forwardInParts(f *policies.Forward) error {
	if err := s.send(forwardHeaders(f)); err != nil {
		return err
	}
	// Trailers must not follow a part that ends the body.
	if err := s.writeChunks(replyRequestBody, f.Body, !s.body.trailers, partLimit); err != nil {
		return err
	}
	if s.body.trailers {
		return s.send(continueRequestTrailers)
	}
	return nil
}

// declaredLength is the content-length, 0 if there is none.
func declaredLength(h policies.Headers) int {
	n, err := strconv.Atoi(h.Get("content-length"))
	if err != nil {
		return 0
	}
	return max(n, 0)
}
