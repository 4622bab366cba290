package completions

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// encoder writes the text of one answer: as chunks, or folded into a document.
//
//	idle ─any other event→ open ─Finish→ done
//	any but done ─Failure→ done
type encoder struct {
	dialect   *Dialect
	model     string
	stream    bool
	usageLast bool // the last chunk carries the usage; in all others it is null

	state state
	lead  []byte // what every chunk or the document starts with, up to its choices
	// text is that of the document so far, escaped, to be put between quotes.
	text  []byte
	said  bool // there is text
	usage conversation.Usage
}

type state uint8

const (
	idle state = iota // nothing written
	open              // the answer has begun
	done              // it has ended; later events are ignored
)

// moves are the arrows of the drawing.
var moves = [...][]state{
	idle: {open, done},
	open: {done},
	done: {},
}

// move is the only function that changes the state. A move that is not drawn
// breaks an invariant and panics; the stream recovers and sends a marked reply.
func (e *encoder) move(to state) {
	if !slices.Contains(moves[e.state], to) {
		panic(fmt.Sprintf("completions: answer in state %d cannot move to %d", e.state, to))
	}
	e.state = to
}

// Headers implements dialect.Encoder.
func (e *encoder) Headers() policies.Headers {
	if !e.stream {
		return policies.Headers{{Name: "content-type", Value: "application/json"}}
	}
	return policies.Headers{{Name: "content-type", Value: "text/event-stream; charset=utf-8"}, {Name: "cache-control", Value: "no-cache"}}
}

// held is the feature Held.
func (e *encoder) held() int { return cap(e.text) }

// Features implements dialect.Encoder.
func (e *encoder) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{Held: e.held}
}

// Encode implements dialect.Encoder.
func (e *encoder) Encode(dst []byte, ev conversation.Event) []byte {
	if e.state == done {
		return dst
	}
	if ev.Usage.Known {
		e.usage = ev.Usage
	}
	if ev.Kind == conversation.EventFailure {
		return e.fail(dst, ev.Err)
	}
	if e.state == idle {
		e.start(ev.ID)
	}
	switch {
	case ev.Kind == conversation.EventFinish:
		return e.finish(dst, ev.Finish)
	case ev.Kind != conversation.EventText || ev.Text.Empty():
		return dst // thoughts, and what was not asked for
	}
	e.said = true
	if !e.stream {
		e.text = append(e.text, ev.Text.Inner()...)
		return dst
	}
	return e.chunk(dst, ev.Text, "")
}

func (e *encoder) start(upstream string) {
	e.move(open)
	id := "cmpl-" + upstream
	if !callid.Fits(upstream) {
		id = callid.New("cmpl-", e.dialect.random)
	}
	if e.stream {
		e.lead = append(e.lead, "data: "...)
	}
	e.lead = jsonwalk.AppendString(append(e.lead, `{"id":`...), id)
	e.lead = append(e.lead, `,"object":"text_completion","created":`...)
	e.lead = strconv.AppendInt(e.lead, e.dialect.now().Unix(), 10)
	e.lead = jsonwalk.AppendString(append(e.lead, `,"model":`...), e.model)
	e.lead = append(e.lead, `,"choices":[`...)
}

const (
	eventEnd = "\n\n"
	doneText = "data: [DONE]" + eventEnd
)

// choice writes text and the reason for its end, "" for none yet.
func (e *encoder) choice(dst, text []byte, reason string) []byte {
	dst = append(append(dst, e.lead...), `{"text":`...)
	dst = append(append(dst, text...), `,"index":0,"logprobs":null,"finish_reason":`...)
	return append(jsonwalk.AppendNullable(dst, reason), `}]`...)
}

func (e *encoder) chunk(dst []byte, text conversation.Text, reason string) []byte {
	dst = e.choice(dst, text, reason)
	if e.usageLast {
		dst = append(dst, `,"usage":null`...)
	}
	return append(dst, '}', '\n', '\n')
}

func (e *encoder) finish(dst []byte, f conversation.Finish) []byte {
	reason, err := openai.FinishReason(f, "stop", e.said)
	if err != nil {
		return e.fail(dst, err)
	}
	e.move(done)
	if !e.stream {
		text := append(append([]byte{'"'}, e.text...), '"')
		dst = append(e.choice(dst, text, reason), `,"usage":`...)
		return append(openai.AppendUsage(dst, e.usage), '}')
	}
	dst = e.chunk(dst, conversation.Quote(""), reason)
	if e.usageLast {
		dst = append(append(dst, e.lead...), `],"usage":`...)
		dst = append(openai.AppendUsage(dst, e.usage), '}', '\n', '\n')
	}
	return append(dst, doneText...)
}

// fail ends the reply with an error, without [DONE], so that no client takes it
// for complete.
func (e *encoder) fail(dst []byte, err *conversation.Error) []byte {
	e.move(done)
	if err == nil {
		err = openai.APIError("The upstream failed.")
	}
	if !e.stream {
		return openai.AppendError(dst, err)
	}
	dst = openai.AppendError(append(dst, "data: "...), err)
	return append(dst, eventEnd...)
}

// Ping implements dialect.Encoder: a chunk that adds nothing.
func (e *encoder) Ping(dst []byte) []byte {
	if e.state != open || !e.stream {
		return dst
	}
	return e.chunk(dst, conversation.Quote(""), "")
}
