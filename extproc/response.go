package extproc

import (
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/policies"
)

// response is the state of the current response.
type response struct {
	policies.Response
	chunked  bool // a chunk came: body replies are legal
	trailers bool // trailers came: they end the response, not a chunk

	// Kept in state due.
	head *policies.Head
	body []byte
}

// dueLimit bounds the bytes kept in state due, where only heartbeats and
// preambles are ever passed: the provider has sent no byte of body yet.
const dueLimit = 64 << 10

func (s *stream) onResponseHeaders(h *extprocv3.HttpHeaders, details string) error {
	if s.oneHop && s.state == idle {
		return s.onForeignHeaders(h, details)
	}
	if err := s.move(responseHeaders); err != nil {
		return err
	}
	s.response.Response = responseOf(h, details)
	return s.act(s.attempt.ResponseHeaders(&s.response.Response), s.response.NoBody)
}

// onForeignHeaders passes a reply of Envoy's to a request that heald has not seen:
// a filter before heald's has answered (/healthz), or Envoy has refused it (a
// WebSocket). With two hops they do not come to heald. It has no attempt, and goes
// out as it is.
func (s *stream) onForeignHeaders(h *extprocv3.HttpHeaders, details string) error {
	if err := s.move(foreignHeaders); err != nil {
		return err
	}
	s.response.Response = responseOf(h, details)
	if err := s.send(newHeaderReply(toResponseHeaders, 0, nil, nil)); err != nil {
		return err
	}
	if s.response.NoBody {
		s.finish(policies.EndComplete)
	}
	return nil
}

func (s *stream) onResponseBody(b *extprocv3.HttpBody) error {
	if err := s.move(responseChunk); err != nil {
		return err
	}
	s.response.chunked = true
	if s.attempt == nil {
		return s.write(b.GetBody(), b.GetEndOfStream())
	}
	if s.state == due {
		if err := s.release(s.response.head, s.response.body, false); err != nil {
			return err
		}
	}
	last := b.GetEndOfStream()
	return s.act(s.attempt.ResponseBody(b.GetBody(), last), last)
}

func (s *stream) onResponseTrailers() error {
	if err := s.move(responseTrailers); err != nil {
		return err
	}
	s.response.trailers = true
	if s.attempt == nil {
		return s.write(nil, true)
	}
	return s.act(s.attempt.ResponseBody(nil, true), true)
}

// act carries out an attempt's action. last means that the provider has sent
// everything: then only the attempt itself can still send more, and without
// that the client would never get an end.
func (s *stream) act(a policies.Action, last bool) error {
	last = last && !a.More
	s.arm(a.Wake)
	switch a.Step {
	case policies.Hold:
		if !last {
			return nil
		}
		if s.state != open {
			return breachf(badAction, "attempt holds a response that has ended")
		}
		return s.write(nil, true)
	case policies.Send:
		return s.pass(a, a.End || last)
	case policies.Answer:
		if a.Reply == nil {
			return breachf(badAction, "attempt answers without a reply")
		}
		if s.state == due || s.state == open {
			return breachf(badAction, "attempt answers a response that it had passed")
		}
		return s.answer(a.Reply)
	}
	return breachf(badAction, "attempt took step %d, which does not exist", a.Step)
}

// pass sends a part of the response, in the form that Envoy accepts now.
func (s *stream) pass(a policies.Action, last bool) error {
	switch {
	case s.state == open:
		return s.write(a.Body, last)
	case s.response.chunked:
		return s.release(a.Head, a.Body, last)
	default:
		return s.passEarly(a, last)
	}
}

// passEarly keeps bytes that Envoy would not accept before its first chunk. If
// nothing more is to come, the response is sent whole, as a reply.
func (s *stream) passEarly(a policies.Action, last bool) error {
	if err := s.move(passedEarly); err != nil {
		return err
	}
	if s.response.head == nil {
		s.response.head = orDefault(a.Head, &policies.Head{})
	}
	if len(s.response.body)+len(a.Body) > dueLimit && !last {
		return breachf(badAction, "attempt passes more than %d bytes before the provider's first", dueLimit)
	}
	s.response.body = append(s.response.body, a.Body...)
	if !last {
		return nil
	}
	return s.answer(wholeReply(&s.response.Response, s.response.head, s.response.body))
}

// release releases the response headers. A chunk follows at once if there is
// one: Envoy 1.39 holds the headers until then.
func (s *stream) release(head *policies.Head, body []byte, last bool) error {
	if err := s.move(passed); err != nil {
		return err
	}
	if err := s.send(passHeaders(&s.response.Response, orDefault(head, &policies.Head{}), s.oneHop)); err != nil {
		return err
	}
	s.response.head, s.response.body = nil, nil
	return s.write(body, last)
}

// write sends body bytes, and the end if they are the last.
func (s *stream) write(body []byte, last bool) error {
	// Trailers must not follow a chunk that ends the stream.
	inTrailers := last && s.response.trailers
	if err := s.writeChunks(replyResponseBody, body, last && !inTrailers, chunkLimit); err != nil {
		return err
	}
	if inTrailers {
		if err := s.send(continueResponseTrailers); err != nil {
			return err
		}
	}
	if last {
		s.finish(policies.EndComplete)
	}
	return nil
}
