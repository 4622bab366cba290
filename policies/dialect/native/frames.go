package native

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// eventEncoder passes frames on as server-sent events, with the line ends that
// Google has.
//
// With openLine, each event that another must follow is written with the
// beginning of the next one. gemini-cli takes an answer to a tool's result for
// complete even without a finish. But for its SDK an answer that ends within a
// line is cut off, and gemini-cli asks again. This matters if the provider
// resets the connection, after which heald can write no more.
type eventEncoder struct {
	openLine bool
	begun    bool // "data: " of the next event was written
}

// Headers implements dialect.Encoder.
func (e *eventEncoder) Headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: "text/event-stream"}}
}

// EncodeFrame appends a frame of the upstream's.
func (e *eventEncoder) EncodeFrame(dst, frame []byte) []byte {
	eachResponse(frame, func(response []byte) {
		dst = e.event(dst, response)
		if e.openLine && unfinished(response) {
			dst = append(dst, eventStart...)
			e.begun = true
		}
	})
	return dst
}

// unfinished reports whether an answer must go on after response. Within text,
// the quotes of these names would be escaped.
func unfinished(response []byte) bool {
	return bytes.Contains(response, []byte(`"candidates"`)) && !bytes.Contains(response, []byte(`"finishReason"`))
}

// Features implements dialect.Encoder.
func (e *eventEncoder) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{EncodeFrame: e.EncodeFrame}
}

// Encode appends what is the gateway's own: an error. The end needs no event,
// unless one was begun.
//
// The error comes twice: as an event, and, as Google writes it, as a line of
// its own. Older SDKs for JavaScript, such as the one in gemini-cli, know only
// the second and take the answer for complete. All others raise the first that
// comes, and readers of events ignore a line that is no field.
func (e *eventEncoder) Encode(dst []byte, ev conversation.Event) []byte {
	switch {
	case ev.Kind == conversation.EventFailure && ev.Err != nil:
		failure := appendError(nil, ev.Err)
		dst = append(e.event(dst, failure), failure...)
		return append(dst, "\r\n"...)
	case ev.Kind == conversation.EventFinish && e.begun:
		return e.event(dst, []byte("{}"))
	}
	return dst
}

// Ping implements dialect.Encoder: one more end of an event, which all SDKs of
// Google's read over. That for JavaScript reads no event that follows a comment,
// that for Go ends the stream at one; and an event without a new part would
// stand in the history of the chats that SDKs keep. In a begun event it is a
// space before its JSON.
func (e *eventEncoder) Ping(dst []byte) []byte {
	if e.begun {
		return append(dst, ' ')
	}
	return append(dst, eventEnd...)
}

const (
	eventStart = "data: "
	eventEnd   = "\r\n\r\n"
)

// event appends one event. The data must be one line for clients that read no
// more; in JSON a raw line end is only ever space.
func (e *eventEncoder) event(dst, data []byte) []byte {
	if !e.begun {
		dst = append(dst, eventStart...)
	}
	e.begun = false
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

// Features implements dialect.Encoder.
func (e *arrayEncoder) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{EncodeFrame: e.EncodeFrame}
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
// if alt=sse was lost on the way. The frame was decoded before, so it is valid.
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
