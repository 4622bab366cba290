package transcriptions

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// The values of response_format that are served.
const (
	plainJSON   = "json"
	plainText   = "text"
	verboseJSON = "verbose_json"
)

// tokensPerSecond is how many tokens a second of sound is to Gemini.
const tokensPerSecond = 32

// encoder writes one transcript: as a stream of events, or as one document.
type encoder struct {
	own    own
	stream bool

	text  strings.Builder // so far
	sent  int             // bytes of it that a stream's client has
	usage conversation.Usage
	done  bool // it has ended; later events are ignored
}

var _ dialect.Encoder = (*encoder)(nil)

// Headers implements dialect.Encoder.
func (e *encoder) Headers() policies.Headers {
	switch {
	case e.stream:
		return policies.Headers{{Name: "content-type", Value: "text/event-stream; charset=utf-8"}, {Name: "cache-control", Value: "no-cache"}}
	case e.own.format == plainText:
		return policies.Headers{{Name: "content-type", Value: "text/plain; charset=utf-8"}}
	}
	return policies.Headers{{Name: "content-type", Value: "application/json"}}
}

// held is the feature Held: the last event repeats the text.
func (e *encoder) held() int { return e.text.Len() }

// Ping implements dialect.Encoder: a comment, which readers of events skip.
func (e *encoder) Ping(dst []byte) []byte {
	if !e.stream || e.done {
		return dst
	}
	return append(dst, ": keep-alive\n\n"...)
}

// Features implements dialect.Encoder.
func (e *encoder) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{Unfinished: e.unfinished, Held: e.held}
}

// Encode implements dialect.Encoder.
func (e *encoder) Encode(dst []byte, ev conversation.Event) []byte {
	if e.done {
		return dst
	}
	if ev.Usage.Known {
		e.usage = ev.Usage
	}
	switch ev.Kind {
	case conversation.EventText:
		e.text.WriteString(ev.Text.String())
		if e.stream && !strings.HasPrefix(silence, strings.TrimSpace(e.text.String())) {
			return e.delta(dst)
		}
	case conversation.EventFinish, conversation.EventFailure:
		return e.end(dst, ev)
	default: // thoughts, signatures and the like are dropped
	}
	return dst
}

// end completes the reply, or ends it with an error.
func (e *encoder) end(dst []byte, ev conversation.Event) []byte {
	e.done = true
	if ev.Kind == conversation.EventFailure {
		return e.fail(dst, ev.Err)
	}
	if err := e.unfinished(ev.Finish); err != nil {
		return e.fail(dst, err)
	}
	return e.finish(dst)
}

// unfinished is the feature Unfinished: a partial transcript would be taken for
// a complete one.
func (e *encoder) unfinished(f conversation.Finish) *conversation.Error {
	switch f {
	case conversation.FinishLength, conversation.FinishWindow:
		return &conversation.Error{Kind: conversation.ErrTooLarge, Message: "the transcript is longer than the model can write; send the recording in pieces"}
	case conversation.FinishRefused, conversation.FinishBlocked:
		return &conversation.Error{Kind: conversation.ErrInvalid, Message: "the model refused to write down this recording"}
	}
	return nil
}

// delta sends what the client of a stream does not have yet.
func (e *encoder) delta(dst []byte) []byte {
	piece := e.text.String()[e.sent:]
	if piece == "" {
		return dst
	}
	e.sent = e.text.Len()
	dst = jsonwalk.AppendString(append(dst, `data: {"type":"transcript.text.delta","delta":`...), piece)
	return append(dst, "}\n\n"...)
}

func (e *encoder) fail(dst []byte, err *conversation.Error) []byte {
	if err == nil {
		err = openai.APIError("The upstream failed.")
	}
	if e.stream {
		return append(openai.AppendError(append(dst, "data: "...), err), "\n\n"...)
	}
	return openai.AppendError(dst, err)
}

func (e *encoder) finish(dst []byte) []byte {
	text, language := e.transcript()
	switch {
	case e.stream:
		if text != "" {
			dst = e.delta(dst)
			text = e.text.String() // as it was sent
		}
		dst = jsonwalk.AppendString(append(dst, `data: {"type":"transcript.text.done","text":`...), text)
		return append(e.tokens(dst), "}\n\n"...)
	case e.own.format == plainText:
		return append(append(dst, text...), '\n')
	case e.own.format == verboseJSON:
		task := "transcribe"
		if e.own.translate {
			task = "translate"
		}
		dst = append(append(dst, `{"task":"`+task+`","language":`...), conversation.Quote(language)...)
		dst = jsontext.AppendFloat(append(dst, `,"duration":`...), e.seconds(), 64)
		dst = jsonwalk.AppendString(append(dst, `,"text":`...), text)
		return append(dst, '}')
	}
	dst = jsonwalk.AppendString(append(dst, `{"text":`...), text)
	return append(e.tokens(dst), '}')
}

// transcript is the text of the answer, and its language if it is known.
func (e *encoder) transcript() (text, language string) {
	text, language = strings.TrimSpace(e.text.String()), e.own.language
	if first, rest, ok := strings.Cut(text, "\n"); ok && e.own.named() && !e.stream && isLanguage(strings.TrimSpace(first)) {
		text, language = strings.TrimSpace(rest), strings.ToLower(strings.TrimSpace(first))
	}
	if text == silence {
		text = ""
	}
	return text, language
}

// isLanguage reports whether a line can be the name of a language: one word, or
// two.
func isLanguage(line string) bool {
	const longest = 40
	return line != "" && len(line) <= longest && strings.Count(line, " ") <= 1 && !strings.ContainsAny(line, ".,;:!?[]0123456789")
}

// seconds estimates the length of the recording from the input tokens that were
// not instructions.
func (e *encoder) seconds() float64 {
	const bytesPerToken = 4
	return float64(max(e.usage.Input-e.own.asked/bytesPerToken, 0)*10/tokensPerSecond) / 10
}

// tokens appends the usage, if it is known.
func (e *encoder) tokens(dst []byte) []byte {
	if !e.usage.Known {
		return dst
	}
	dst = strconv.AppendInt(append(dst, `,"usage":{"type":"tokens","input_tokens":`...), int64(e.usage.Input), 10)
	dst = strconv.AppendInt(append(dst, `,"output_tokens":`...), int64(e.usage.Output), 10)
	dst = strconv.AppendInt(append(dst, `,"total_tokens":`...), int64(e.usage.Input+e.usage.Output), 10)
	return append(dst, '}')
}
