package chat

import (
	"encoding/base64"
	"strconv"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// completionSink folds a reply into one chat.completion document. It holds the
// parts until the end, since the document must not be sent before it is whole.
type completionSink struct {
	info head

	// Escaped characters of strings, to be put between quotes.
	content, thoughts, refused []byte
	// Elements of arrays, comma-separated.
	calls, images, cites, probs []byte
	// imageCount is how many of images there are.
	imageCount int

	function []byte // the function_call object
	tail     string // what closes the open call after its arguments
	legacy   bool   // the open call is the function_call
	spoken   []byte // audio, decoded, since pieces of base64 cannot be joined
	seal     string // the message's carrier

	index  int               // of the choice
	choice []byte            // the choice, once it is complete
	all    []*completionSink // of the choices of one reply, by index; nil where there is one
}

func (s *completionSink) headers() policies.Headers {
	return policies.Headers{{Name: "content-type", Value: "application/json"}}
}

func (s *completionSink) start(dst []byte, h head) []byte {
	s.info = h
	return dst
}

func (s *completionSink) thought(dst []byte, t conversation.Text) []byte {
	s.thoughts = append(s.thoughts, t.Inner()...)
	return dst
}

func (s *completionSink) text(dst []byte, t conversation.Text, logprobs []byte) []byte {
	s.content = append(s.content, t.Inner()...)
	s.addLogprobs(logprobs)
	return dst
}

func (s *completionSink) addLogprobs(list []byte) {
	if list != nil {
		s.probs = append(jsonwalk.Separate(s.probs), list...)
	}
}

func (s *completionSink) refusal(dst []byte, t conversation.Text) []byte {
	s.refused = append(s.refused, t.Inner()...)
	return dst
}

func (s *completionSink) carrier(dst []byte, carrier string) []byte {
	s.seal = carrier
	return dst
}

func (s *completionSink) openCall(dst []byte, c call) []byte {
	s.closeCall()
	if s.legacy = c.shape == legacyShape; s.legacy {
		s.function = jsonwalk.AppendString([]byte(`{"name":`), c.name)
		s.function = append(s.function, `,"arguments":"`...)
		s.tail = `"}`
		if c.carrier != "" {
			s.seal = c.carrier
		}
		return dst
	}
	s.calls = append(c.appendHead(append(jsonwalk.Separate(s.calls), '{'), false), '"')
	s.tail = `"}`
	if c.carrier != "" {
		s.tail += string(appendCarrier([]byte(","), c.carrier))
	}
	s.tail += `}`
	return dst
}

func (s *completionSink) args(dst []byte, piece conversation.Text) []byte {
	if s.legacy {
		s.function = append(s.function, piece.Inner()...)
	} else {
		s.calls = append(s.calls, piece.Inner()...)
	}
	return dst
}

// closeCall completes the last call, if there is one.
func (s *completionSink) closeCall() {
	if s.legacy {
		s.function = append(s.function, s.tail...)
	} else {
		s.calls = append(s.calls, s.tail...)
	}
	s.tail = ""
}

func (s *completionSink) image(dst []byte, url conversation.Text, carrier string) []byte {
	s.images = appendImage(jsonwalk.Separate(s.images), s.imageCount, url, carrier)
	s.imageCount++
	return dst
}

func (s *completionSink) sound(dst []byte, data conversation.Text) []byte {
	piece, err := base64.StdEncoding.DecodeString(data.String())
	if err == nil {
		s.spoken = append(s.spoken, piece...)
	}
	return dst
}

func (s *completionSink) cite(dst, annotations []byte) []byte {
	s.cites = append(jsonwalk.Separate(s.cites), annotations...)
	return dst
}

func (s *completionSink) finish(dst []byte, reason string, logprobs []byte) []byte {
	s.closeCall()
	s.addLogprobs(logprobs)
	s.choice = strconv.AppendInt([]byte(`{"index":`), int64(s.index), 10)
	s.choice = s.appendMessage(append(s.choice, `,"message":{"role":"assistant"`...))
	s.choice = append(s.choice, `},"logprobs":`...)
	if s.probs == nil {
		s.choice = append(s.choice, `null`...)
	} else {
		s.choice = append(append(s.choice, `{"content":[`...), s.probs...)
		s.choice = append(s.choice, `],"refusal":null}`...)
	}
	s.choice = append(s.choice, `,"finish_reason":"`+reason+`"}`...)
	return dst
}

func (s *completionSink) complete(dst []byte, u conversation.Usage) []byte {
	dst = jsonwalk.AppendString(append(dst, `{"id":`...), s.info.id)
	dst = append(dst, `,"object":"chat.completion","created":`...)
	dst = strconv.AppendInt(dst, s.info.created, 10)
	dst = jsonwalk.AppendString(append(dst, `,"model":`...), s.info.model)
	dst = append(dst, `,"choices":[`...)
	if s.all == nil {
		dst = append(dst, s.choice...)
	}
	first := true
	for _, c := range s.all {
		if c == nil || c.choice == nil {
			continue // that answer never came
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, c.choice...)
	}
	dst = append(openai.AppendTier(append(dst, `],`...), u), `"usage":`...)
	return append(openai.AppendUsage(dst, u), '}')
}

// appendMessage writes the members of the message. Content is null only if the
// message has other content.
func (s *completionSink) appendMessage(dst []byte) []byte {
	dst = append(dst, `,"content":`...)
	if s.content == nil && (s.calls != nil || s.function != nil || s.images != nil || s.spoken != nil || s.refused != nil) {
		dst = append(dst, `null`...)
	} else {
		dst = append(dst, quoted(s.content)...)
	}
	dst = append(dst, `,"refusal":`...)
	if s.refused == nil {
		dst = append(dst, `null`...)
	} else {
		dst = append(dst, quoted(s.refused)...)
	}
	if s.thoughts != nil {
		dst = append(append(dst, `,"reasoning_content":`...), quoted(s.thoughts)...)
	}
	if s.function != nil {
		dst = append(append(dst, `,"function_call":`...), s.function...)
	}
	dst = appendArray(dst, "tool_calls", s.calls)
	dst = appendArray(dst, "images", s.images)
	if s.spoken != nil {
		data := conversation.Quote(base64.StdEncoding.EncodeToString(s.spoken))
		dst = appendSound(append(dst, `,"audio":`...), s.info, data)
	}
	dst = appendArray(dst, "annotations", s.cites)
	if s.seal != "" {
		dst = appendCarrier(append(dst, ','), s.seal)
	}
	return dst
}

// appendArray writes an array member, unless it is empty.
func appendArray(dst []byte, name string, elements []byte) []byte {
	if elements == nil {
		return dst
	}
	dst = append(append(dst, `,"`+name+`":[`...), elements...)
	return append(dst, ']')
}

// quoted puts escaped characters between quotes.
func quoted(inner []byte) conversation.Text {
	t := make(conversation.Text, 0, len(inner)+len(`""`))
	return append(append(append(t, '"'), inner...), '"')
}

func (s *completionSink) fail(dst []byte, err *conversation.Error, _ conversation.Usage) []byte {
	return openai.AppendError(dst, err)
}

// ping: one document has no keep-alives.
func (s *completionSink) ping(dst []byte) []byte { return dst }
