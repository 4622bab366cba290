package responses

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
)

// sink writes what happens to the response: as a stream of events, or nothing
// until it is complete. Its methods take finished JSON.
type sink interface {
	headers() policies.Headers
	// begin and end write an event about the whole response.
	begin(dst []byte, kind string, response []byte) []byte
	end(dst []byte, kind string, response []byte) []byte
	// item writes an event about the item at index.
	item(dst []byte, kind string, index int, item []byte) []byte
	// part writes an event about a part of an item; extra are more members of
	// the event, each after a comma.
	part(dst []byte, kind string, at partRef, extra ...[]byte) []byte
	// delta writes a piece of a part, a JSON string; more are further members of
	// the event, each after a comma.
	delta(dst []byte, kind string, at partRef, piece, more []byte) []byte
	ping(dst []byte) []byte
}

// partRef is a part of an item.
type partRef struct {
	item  string
	index int
	// within is more of the place, as members after a comma: content_index or
	// summary_index; "" for none.
	within string
}

// machine turns the events of one answer into the items of one response.
type machine struct {
	d    *Dialect
	req  *conversation.Request
	own  *own
	sink sink
	ids  callid.IDs

	state   state
	id      string // of the response
	created int64  // Unix time
	output  []byte // the items that are complete, comma-separated
	index   int    // of the open item, or the next one
	item    string // id of the open item
	text    []byte // of the open item so far: escaped characters, or arguments
	call    call   // the open call
	scratch []byte

	thought bool   // a thought was seen since the last part
	seal    string // the carrier of that thought
	answer  bool   // a message or call was delivered
	calls   int    // calls delivered
	cites   citations
	logs    logprobs
	told    bool // a search of the upstream was written when it happened
	usage   conversation.Usage
}

func newMachine(d *Dialect, req *conversation.Request, s sink) *machine {
	o, _ := req.Own.(*own)
	if o == nil {
		o = &own{} // a request that another dialect decoded: no settings
	}
	return &machine{
		d: d, req: req, own: o, sink: s,
		ids:   callid.IDs{Req: req, Prefix: "call_", Random: d.random},
		cites: citations{on: o.cites},
	}
}

// Headers implements dialect.Encoder.
func (m *machine) Headers() policies.Headers { return m.sink.headers() }

// Ping implements dialect.Encoder. Streams begin with response.created, so
// there is nothing to keep alive before it.
func (m *machine) Ping(dst []byte) []byte {
	if m.state == idle || m.state == done {
		return dst
	}
	return m.sink.ping(dst)
}

// held is the feature Held: the last event repeats the whole output.
func (m *machine) held() int { return cap(m.output) + cap(m.text) }

// Features implements dialect.Encoder.
func (m *machine) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{Held: m.held}
}

// Encode implements dialect.Encoder.
func (m *machine) Encode(dst []byte, ev conversation.Event) []byte {
	if m.state == done {
		return dst
	}
	if ev.Usage.Known {
		m.usage = ev.Usage
	}
	if m.state == idle {
		dst = m.start(dst, ev.ID)
	}
	m.logs.add(ev.Logprobs)
	switch ev.Kind {
	case conversation.EventThought:
		return m.onThought(dst, ev.Text)
	case conversation.EventText:
		return m.onText(dst, ev.Text)
	case conversation.EventSignature:
		m.onSignature(ev.Carrier)
	case conversation.EventCallStart:
		return m.onCallStart(dst, ev)
	case conversation.EventCallArgs:
		return m.onCallArgs(dst, ev.Args)
	case conversation.EventCallEnd:
		return m.onCallEnd(dst)
	case conversation.EventFinish:
		return m.onFinish(dst, ev)
	case conversation.EventFailure:
		return m.fail(dst, ev.Err)
	}
	return m.onServer(dst, ev)
}

// onServer writes the calls and results of tools that the upstream ran.
func (m *machine) onServer(dst []byte, ev conversation.Event) []byte {
	switch ev.Kind {
	case conversation.EventMedia:
		return m.onMedia(dst, ev.Media, ev.Carrier)
	case conversation.EventCode:
		return m.onCode(dst, ev.Text)
	case conversation.EventCodeResult:
		return m.onCodeResult(dst, ev.Name, ev.Text)
	case conversation.EventServerCall:
		return m.onServerCall(dst, ev.Args)
	case conversation.EventSources:
		return m.onSources(dst, ev.Sources)
	}
	return dst
}

func (m *machine) start(dst []byte, upstream string) []byte {
	m.move(between)
	m.created = m.d.now().Unix()
	m.id = "resp_" + upstream
	if !callid.Fits(m.id) || upstream == "" {
		m.id = callid.New("resp_", m.d.random)
	}
	response := m.response("in_progress", nil)
	dst = m.sink.begin(dst, "response.created", response)
	return m.sink.begin(dst, "response.in_progress", response)
}

// open starts an item with an id of its own.
func (m *machine) open(s state, prefix string) {
	m.move(s)
	m.item, m.text = callid.New(prefix, m.d.random), m.text[:0]
}

// added writes the event that the open item has begun.
func (m *machine) added(dst, item []byte) []byte {
	return m.sink.item(dst, "response.output_item.added", m.index, item)
}

// complete writes the open item in its final form.
func (m *machine) complete(dst, item []byte) []byte {
	if m.index > 0 {
		m.output = append(m.output, ',')
	}
	m.output = append(m.output, item...)
	dst = m.sink.item(dst, "response.output_item.done", m.index, item)
	m.move(between)
	m.index++
	return dst
}

// at is the open item, or a part of it.
func (m *machine) at(within string) partRef { return partRef{m.item, m.index, within} }

// closeItem closes the open item unless it is a thought, whose carrier may
// still come.
func (m *machine) closeItem(dst []byte) []byte {
	switch m.state {
	case inText:
		return m.closeText(dst, "completed")
	case inCall, inHeld:
		return m.closeCall(dst)
	case inCode:
		return m.closeCode(dst, "completed", nil)
	}
	return dst
}

// closeAll closes the open item, thoughts included.
func (m *machine) closeAll(dst []byte) []byte { return m.endThought(m.closeItem(dst)) }
