package chat

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// sink writes what the machine decides: as a stream of chunks, or folded into
// one document.
type sink interface {
	headers() policies.Headers
	start(dst []byte, h head) []byte
	thought(dst []byte, t conversation.Text) []byte
	// text and finish get the log probabilities that belong to the text, as
	// elements of a JSON array; nil for none.
	text(dst []byte, t conversation.Text, logprobs []byte) []byte
	refusal(dst []byte, t conversation.Text) []byte
	carrier(dst []byte, carrier string) []byte
	openCall(dst []byte, c call) []byte
	args(dst []byte, piece conversation.Text) []byte
	image(dst []byte, url conversation.Text, carrier string) []byte
	sound(dst []byte, data conversation.Text) []byte
	// cite gets annotations as elements of a JSON array.
	cite(dst, annotations []byte) []byte
	finish(dst []byte, reason string, logprobs []byte) []byte
	// complete ends the reply after the last of its answers.
	complete(dst []byte, u conversation.Usage) []byte
	fail(dst []byte, err *conversation.Error, u conversation.Usage) []byte
	ping(dst []byte) []byte
}

// head is the metadata of a reply.
type head struct {
	id, model string
	created   int64 // Unix time
	// usage is what is known at the start: the tier.
	usage conversation.Usage
}

// machine turns the events of one answer into what the client gets.
type machine struct {
	req  *conversation.Request
	own  own
	cfg  Config
	sink sink
	ids  callid.IDs

	state  state
	run    run
	answer bool // something beside thoughts was delivered
	calls  int  // calls delivered

	freeform bool   // the open call is one of a freeform tool
	held     []byte // its arguments so far
	args     bool   // the open call has arguments
	scratch  []byte

	cites    citations
	logprobs []byte // not yet written
	usage    conversation.Usage
}

func (d *Dialect) machine(req *conversation.Request, own own, s sink) *machine {
	return &machine{
		req: req, own: own, cfg: d.cfg, sink: s,
		ids:   callid.IDs{Req: req, Prefix: "call_", Mark: carrierMark, Random: d.random},
		cites: citations{on: own.cites},
	}
}

// Headers implements dialect.Encoder.
func (m *machine) Headers() policies.Headers { return m.sink.headers() }

// Ping implements dialect.Encoder. Streams begin with the role, so there is
// nothing to keep alive before it.
func (m *machine) Ping(dst []byte) []byte {
	if m.state == idle || m.ended() {
		return dst
	}
	return m.sink.ping(dst)
}

// Features implements dialect.Encoder.
func (m *machine) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{}
}

// Encode implements dialect.Encoder.
func (m *machine) Encode(dst []byte, ev conversation.Event) []byte {
	if m.ended() {
		return dst
	}
	if ev.Kind == conversation.EventFailure {
		return m.onFailure(dst, ev)
	}
	if ev.Usage.Known {
		m.usage = ev.Usage
	}
	if m.state == idle {
		dst = m.start(dst, ev.ID)
	}
	if ev.Logprobs != nil {
		m.logprobs = openai.AppendLogprobs(m.logprobs, ev.Logprobs)
	}
	switch ev.Kind {
	case conversation.EventCallArgs:
		return m.onCallArgs(dst, ev.Args)
	case conversation.EventCallEnd:
		return m.closeCall(dst)
	case conversation.EventSignature:
		return m.onSignature(dst, ev.Carrier)
	case conversation.EventThought:
		return m.onThought(m.closeCall(dst), ev.Text)
	case conversation.EventStart, conversation.EventServerCall, conversation.EventServerResult:
		return dst // the API has no events for the upstream's own tools
	}
	return m.part(m.endThought(m.closeCall(dst)), ev)
}

// part encodes a part that is neither a thought nor the continuation of an open
// one.
func (m *machine) part(dst []byte, ev conversation.Event) []byte {
	switch ev.Kind {
	case conversation.EventText:
		return m.onText(dst, ev.Text)
	case conversation.EventCallStart:
		return m.onCallStart(dst, ev)
	case conversation.EventMedia:
		return m.onMedia(dst, ev.Media, ev.Carrier)
	case conversation.EventCode:
		return m.insert(dst, fenced(ev.Name, ev.Text))
	case conversation.EventCodeResult:
		return m.insert(dst, fencedResult(ev.Name, ev.Text))
	case conversation.EventSources:
		if list := m.cites.annotations(ev.Sources); len(list) > 0 {
			return m.sink.cite(dst, list)
		}
	case conversation.EventFinish:
		return m.onFinish(dst, ev)
	}
	return dst
}

func (m *machine) start(dst []byte, upstream string) []byte {
	m.move(open)
	h := head{id: "chatcmpl-" + upstream, model: m.req.Model, created: m.cfg.Now().Unix(), usage: m.usage}
	if !callid.Fits(upstream) {
		h.id = callid.New("chatcmpl-", m.ids.Random)
	}
	return m.sink.start(dst, h)
}

func (m *machine) onThought(dst []byte, t conversation.Text) []byte {
	if m.req.OneCall && m.calls > 0 {
		return dst // it leads to calls that are not delivered
	}
	if m.run == outside {
		m.moveRun(inThoughts)
	}
	switch {
	case !m.req.Thinking.Visible || t.Empty():
		return dst
	case m.own.thoughtTag == "":
		return m.sink.thought(dst, t)
	case m.run != inTags:
		m.moveRun(inTags)
		dst = m.insert(dst, conversation.Quote("<"+m.own.thoughtTag+">"))
	}
	return m.insert(dst, t)
}

// endThought ends a run of thoughts, and closes its tags.
func (m *machine) endThought(dst []byte) []byte {
	if m.run == inTags {
		dst = m.insert(dst, conversation.Quote("</"+m.own.thoughtTag+">"))
	}
	if m.run != outside {
		m.moveRun(outside)
	}
	return dst
}

func (m *machine) onText(dst []byte, t conversation.Text) []byte {
	if t.Empty() {
		return dst
	}
	m.answer = true
	m.cites.text(t)
	return m.sink.text(dst, t, m.takeLogprobs())
}

// insert writes text that is not part of the upstream's answer text. The
// offsets of citations refer to that text, so they are shifted by what was
// inserted.
func (m *machine) insert(dst []byte, t conversation.Text) []byte {
	if t.Empty() {
		return dst
	}
	m.answer = m.answer || m.run == outside
	m.cites.insert(t)
	return m.sink.text(dst, t, nil)
}

func (m *machine) takeLogprobs() []byte {
	list := m.logprobs
	m.logprobs = nil
	return list
}

// onSignature passes on the carrier of a thought or text that the client has.
func (m *machine) onSignature(dst []byte, carrier string) []byte {
	hidden := m.run != outside && (!m.req.Thinking.Visible || m.own.thoughtTag != "")
	if carrier == "" || hidden {
		return dst
	}
	return m.sink.carrier(dst, carrier)
}

func (m *machine) onMedia(dst []byte, media conversation.Media, carrier string) []byte {
	if media.Data.Empty() && media.URI == "" {
		return dst
	}
	switch kind := mediaKind(media.MIME); {
	case kind == "audio" && !media.Data.Empty():
		m.answer = true
		return m.sink.sound(dst, media.Data)
	case kind == "image":
		m.answer = true
		return m.sink.image(dst, mediaURL(media), carrier)
	}
	return m.insert(dst, conversation.Quote("[inline data: "+jsonwalk.Shorten(media.MIME)+"]"))
}
