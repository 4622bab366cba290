package native

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// eventEncoder passes frames on as server-sent events, with the line ends that
// Google has.
type eventEncoder struct{}

// Headers implements dialect.Encoder.
func (e *eventEncoder) Headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: "text/event-stream"}}
}

// EncodeFrame appends a frame of the upstream's.
func (e *eventEncoder) EncodeFrame(dst, frame []byte) []byte {
	eachResponse(frame, func(response []byte) { dst = appendEvent(dst, response) })
	return dst
}

// Encode appends what is the gateway's own: an error. The end needs no event.
func (e *eventEncoder) Encode(dst []byte, ev conversation.Event) []byte {
	if ev.Kind == conversation.EventFailure && ev.Err != nil {
		dst = appendEvent(dst, appendError(nil, ev.Err))
	}
	return dst
}

// Ping implements dialect.Encoder: one more end of an event, which all SDKs of
// Google's read over. That for JavaScript reads no event that follows a comment,
// that for Go ends the stream at one; and an event without a new part would
// stand in the history of the chats that SDKs keep.
func (e *eventEncoder) Ping(dst []byte) []byte { return append(dst, eventEnd...) }

const eventEnd = "\r\n\r\n"

// appendEvent appends one event. The data must be one line for clients that
// read no more; in JSON a raw line end is only ever space.
func appendEvent(dst, data []byte) []byte {
	dst = append(dst, "data: "...)
	at := len(dst)
	dst = append(dst, data...)
	for i := at; i < len(dst); i++ {
		next := bytes.IndexAny(dst[i:], "\r\n")
		if next < 0 {
			break
		}
		i += next
		dst[i] = ' '
	}
	return append(dst, eventEnd...)
}

// arrayEncoder passes frames on as elements of one JSON array, separated as
// Google does it.
type arrayEncoder struct{ open bool }

// Headers implements dialect.Encoder.
func (e *arrayEncoder) Headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: jsonType}}
}

// EncodeFrame appends a frame of the upstream's.
func (e *arrayEncoder) EncodeFrame(dst, frame []byte) []byte {
	eachResponse(frame, func(response []byte) { dst = e.element(dst, response) })
	return dst
}

// Encode closes the array; an error is its last element.
func (e *arrayEncoder) Encode(dst []byte, ev conversation.Event) []byte {
	switch {
	case ev.Kind == conversation.EventFailure && ev.Err != nil:
		dst = e.element(dst, appendError(nil, ev.Err))
	case ev.Kind != conversation.EventFinish:
		return dst
	}
	if !e.open {
		dst = append(dst, '[')
	}
	return append(dst, "\n]"...)
}

// Ping implements dialect.Encoder: white space between two elements.
func (e *arrayEncoder) Ping(dst []byte) []byte {
	if !e.open {
		return dst
	}
	return append(dst, '\n')
}

func (e *arrayEncoder) element(dst, response []byte) []byte {
	if e.open {
		dst = append(dst, "\n,\r\n"...)
	} else {
		e.open, dst = true, append(dst, '[')
	}
	return append(dst, response...)
}

// eachResponse calls f for each response in a frame: one, or an array of them
// where alt=sse was lost on the way. A frame was decoded before it comes here,
// so it is valid.
func eachResponse(frame []byte, f func(response []byte)) {
	frame = bytes.TrimSpace(bytes.TrimPrefix(frame, []byte("\ufeff")))
	if !bytes.HasPrefix(frame, []byte("[")) {
		if len(frame) > 0 {
			f(frame)
		}
		return
	}
	var s scan
	s.reset(frame)
	_ = s.array(func() error {
		v, err := s.value()
		if err == nil && v.Kind() == jsontext.KindBeginObject {
			f(v)
		}
		return err
	})
}
