package extproc

import (
	"context"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/policies"
)

// onRequestHeaders begins the attempt.
func (s *stream) onRequestHeaders(h *extprocv3.HttpHeaders) error {
	if err := s.move(requestHeaders); err != nil {
		return err
	}
	if s.request == nil { // an unset message came first
		s.request = requestOf(s.grpc.Context(), h)
	}
	s.request.InParts, s.request.Notify = s.duplex, s.notify
	s.attempt = s.server.policy.Begin(s.grpc.Context(), s.request)
	if s.attempt == nil {
		return breachf(badAction, "policy began no attempt")
	}
	if r := s.attempt.RequestHeaders(); r != nil {
		return s.answer(r)
	}
	switch {
	case s.request.NoBody:
		return s.rewrite(nil)
	case s.duplex:
		// No reply yet: the headers can be answered only once.
		if s.body.declared = declaredLength(s.request.Headers); s.body.declared > s.server.cfg.MaxBody {
			return s.grow(s.body.declared)
		}
		return nil
	}
	s.bodyNext = true
	return s.send(continueHeaders)
}

func (s *stream) onRequestBody(b *extprocv3.HttpBody) error {
	if s.state == sent && len(b.GetBody()) == 0 {
		// Older Envoys repeat the end of bodies over 1 MB.
		return nil
	}
	if s.duplex {
		return s.collect(b.GetBody(), b.GetEndOfStream())
	}
	body := b.GetBody()
	b.Body = nil // the attempt's, which may let go of it while it waits
	return s.rewrite(body)
}

// rewrite lets the attempt render the request, and answers the message that
// ended it: the body, or the headers where there is no body.
func (s *stream) rewrite(body []byte) error {
	f, r, err := s.ask(body)
	switch {
	case err != nil:
		return err
	case r != nil:
		return s.answer(r)
	case f == nil:
		return breachf(badAction, "attempt gave neither a request nor a reply")
	}
	if err := s.move(rewritten); err != nil {
		return err
	}
	if err := s.sendForward(f); err != nil {
		return err
	}
	if f.Sent != nil {
		f.Sent()
	}
	s.arm(f.Wake)
	return nil
}

// sendForward sends the rewritten request in the form that Envoy waits for.
func (s *stream) sendForward(f *policies.Forward) error {
	switch {
	case s.request.NoBody:
		return s.send(forwardInHeaders(f))
	case s.duplex && !s.body.begun: // trailers alone
		if err := s.send(forwardInHeaders(f)); err != nil || len(f.Body) > 0 {
			return err // the body has replaced the trailers
		}
		return s.send(continueRequestTrailers)
	case s.duplex:
		return s.forwardInParts(f)
	}
	return s.send(forwardInBody(f))
}

// ask calls the attempt's RequestBody. That may wait, so a drain can end it; its
// result is then dropped: Envoy tries again at another replica.
func (s *stream) ask(body []byte) (*policies.Forward, *policies.Reply, error) {
	if err := s.move(requestBody); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(s.grpc.Context())
	defer cancel()
	s.asking.Store(&cancel)
	f, r := s.attempt.RequestBody(ctx, body)
	if ctx.Err() != nil {
		return nil, nil, errGone
	}
	return f, r, nil
}

func (s *stream) onRequestTrailers() error {
	if err := s.move(requestTrailers); err != nil {
		return err
	}
	if s.duplex && s.state == asked {
		s.body.trailers = true
		return s.collected()
	}
	return s.send(continueRequestTrailers)
}

// answer ends the attempt with a reply made by heald.
func (s *stream) answer(r *policies.Reply) error {
	if err := s.sendImmediate(r); err != nil {
		return err
	}
	s.finish(policies.EndComplete)
	return nil
}
