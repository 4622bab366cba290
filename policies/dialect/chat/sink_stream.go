package chat

import (
	"strconv"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// streamSink writes server-sent events, in the wording of recorded streams:
// data lines that end with LF, no event names, [DONE] at the end.
type streamSink struct {
	usage bool // a last chunk carries the usage; in all others it is null
	index int  // of the choice

	info head
	lead []byte // what every chunk starts with, up to its choices
	call call   // the open one

	images int // so far
}

func (s *streamSink) headers() policies.Headers {
	return policies.Headers{
		{Name: "content-type", Value: "text/event-stream; charset=utf-8"},
		{Name: "cache-control", Value: "no-cache"},
	}
}

const (
	eventEnd  = "\n\n"
	doneText  = "data: [DONE]" + eventEnd
	noFinish  = `,"finish_reason":null}]`
	noDetails = `},"logprobs":null` + noFinish
)

func (s *streamSink) start(dst []byte, h head) []byte {
	s.info = h
	s.lead = jsonwalk.AppendString([]byte(`data: {"id":`), h.id)
	s.lead = append(s.lead, `,"object":"chat.completion.chunk","created":`...)
	s.lead = strconv.AppendInt(s.lead, h.created, 10)
	s.lead = jsonwalk.AppendString(append(s.lead, `,"model":`...), h.model)
	s.lead = append(openai.AppendTier(append(s.lead, ','), h.usage), `"choices":[`...)
	dst = append(s.delta(dst), `"role":"assistant","content":"","refusal":null`...)
	return s.end(dst)
}

// delta begins a chunk up to the members of its delta.
func (s *streamSink) delta(dst []byte) []byte {
	dst = strconv.AppendInt(append(append(dst, s.lead...), `{"index":`...), int64(s.index), 10)
	return append(dst, `,"delta":{`...)
}

// end completes a chunk begun with delta.
func (s *streamSink) end(dst []byte) []byte { return s.close(append(dst, noDetails...)) }

// close ends a chunk after its choices.
func (s *streamSink) close(dst []byte) []byte {
	if s.usage {
		dst = append(dst, `,"usage":null`...)
	}
	return append(dst, '}', '\n', '\n')
}

// logprobs ends a delta and writes the log probabilities after it.
func (s *streamSink) logprobs(dst, list []byte) []byte {
	if list == nil {
		return append(dst, `},"logprobs":null`...)
	}
	dst = append(append(dst, `},"logprobs":{"content":[`...), list...)
	return append(dst, `],"refusal":null}`...)
}

func (s *streamSink) thought(dst []byte, t conversation.Text) []byte {
	return s.end(append(append(s.delta(dst), `"reasoning_content":`...), t...))
}

func (s *streamSink) text(dst []byte, t conversation.Text, logprobs []byte) []byte {
	dst = append(append(s.delta(dst), `"content":`...), t...)
	return s.close(append(s.logprobs(dst, logprobs), noFinish...))
}

func (s *streamSink) refusal(dst []byte, t conversation.Text) []byte {
	return s.end(append(append(s.delta(dst), `"refusal":`...), t...))
}

func (s *streamSink) carrier(dst []byte, carrier string) []byte {
	return s.end(appendCarrier(s.delta(dst), carrier))
}

func (s *streamSink) openCall(dst []byte, c call) []byte {
	s.call = c
	return s.end(s.call.appendOpen(s.delta(dst)))
}

func (s *streamSink) args(dst []byte, piece conversation.Text) []byte {
	return s.end(s.call.appendArgs(s.delta(dst), piece))
}

func (s *streamSink) image(dst []byte, url conversation.Text, carrier string) []byte {
	dst = appendImage(append(s.delta(dst), `"images":[`...), s.images, url, carrier)
	s.images++
	return s.end(append(dst, ']'))
}

func (s *streamSink) sound(dst []byte, data conversation.Text) []byte {
	return s.end(appendSound(append(s.delta(dst), `"audio":`...), s.info, data))
}

func (s *streamSink) cite(dst, annotations []byte) []byte {
	dst = append(append(s.delta(dst), `"annotations":[`...), annotations...)
	return s.end(append(dst, ']'))
}

func (s *streamSink) finish(dst []byte, reason string, logprobs []byte) []byte {
	dst = s.logprobs(s.delta(dst), logprobs)
	return s.close(append(dst, `,"finish_reason":"`+reason+`"}]`...))
}

func (s *streamSink) complete(dst []byte, u conversation.Usage) []byte {
	if s.usage {
		dst = append(append(dst, s.lead...), `],`...)
		if s.info.usage.Tier == "" { // otherwise each chunk carries it
			dst = openai.AppendTier(dst, u)
		}
		dst = append(openai.AppendUsage(append(dst, `"usage":`...), u), '}', '\n', '\n')
	}
	return append(dst, doneText...)
}

// fail: without [DONE], so that no client takes the answer for complete. The
// usage so far is in the same chunk: a chunk of its own would have to follow a
// finish.
func (s *streamSink) fail(dst []byte, err *conversation.Error, u conversation.Usage) []byte {
	dst = openai.AppendError(append(dst, "data: "...), err)
	if s.usage && u.Known {
		dst = openai.AppendUsage(append(dst[:len(dst)-1], `,"usage":`...), u)
		dst = append(dst, '}')
	}
	return append(dst, eventEnd...)
}

// ping is a chunk that adds nothing: a comment is not counted by clients that
// wait for the next chunk.
func (s *streamSink) ping(dst []byte) []byte { return s.end(s.delta(dst)) }

// appendSound writes the audio object. It expires at once, since nothing is
// stored that a later request could refer to.
func appendSound(dst []byte, h head, data conversation.Text) []byte {
	dst = jsonwalk.AppendString(append(dst, `{"id":`...), "audio_"+h.id)
	dst = append(append(dst, `,"data":`...), data...)
	dst = strconv.AppendInt(append(dst, `,"expires_at":`...), h.created, 10)
	return append(dst, `,"transcript":""}`...)
}
