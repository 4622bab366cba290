package chat

import (
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
)

// maxChoices is the maximum number of answers that the upstream gives.
const maxChoices = 8

// several encodes more than one answer. Their events are interleaved: each
// answer has its own machine, and all write to one reply.
type several struct {
	make     func(index int) *machine
	machines [maxChoices]*machine // by index; nil where none was seen yet
	id       string               // of the reply
	usage    conversation.Usage
	closed   bool
}

func (d *Dialect) several(req *conversation.Request, own own) *several {
	now := d.cfg.Now()
	cfg := d.cfg
	cfg.Now = func() time.Time { return now } // all have the time of the one reply
	same := &Dialect{cfg: cfg, random: d.random}
	all := make([]*completionSink, maxChoices)
	return &several{make: func(index int) *machine {
		if req.Stream {
			return same.machine(req, own, &streamSink{usage: own.usage, index: index})
		}
		all[index] = &completionSink{index: index, all: all}
		return same.machine(req, own, all[index])
	}}
}

// first is the machine of the first answer, which always exists.
func (c *several) first() *machine {
	if c.machines[0] == nil {
		c.machines[0] = c.make(0)
	}
	return c.machines[0]
}

// Headers implements dialect.Encoder.
func (c *several) Headers() policies.Headers { return c.first().Headers() }

// Ping implements dialect.Encoder. An answer that has ended stays silent.
func (c *several) Ping(dst []byte) []byte {
	for _, m := range c.machines {
		if before := len(dst); m != nil && !c.closed {
			if dst = m.Ping(dst); len(dst) > before {
				break
			}
		}
	}
	return dst
}

// Features implements dialect.Encoder.
func (c *several) Features() dialect.EncoderFeatures {
	return dialect.EncoderFeatures{}
}

// Encode implements dialect.Encoder.
func (c *several) Encode(dst []byte, ev conversation.Event) []byte {
	if c.closed || ev.Candidate >= maxChoices {
		return dst
	}
	if c.id == "" {
		if c.id = ev.ID; !callid.Fits(c.id) {
			c.id = callid.New("", c.first().ids.Random)
		}
	}
	if ev.Usage.Known {
		c.usage = ev.Usage
	}
	if ev.Kind == conversation.EventFailure {
		c.closed = true
		return c.first().onFailure(dst, ev) // even if that answer has ended
	}
	m := c.machines[ev.Candidate]
	if m == nil {
		m = c.make(ev.Candidate)
		c.machines[ev.Candidate] = m
	}
	if m.state == idle {
		dst = m.Encode(dst, conversation.Event{Kind: conversation.EventStart, ID: c.id, Usage: c.usage})
	}
	if m.state == done && ev.Kind == conversation.EventFinish && !ev.More {
		dst = m.sink.complete(dst, ev.Usage) // answers that never came
	} else {
		dst = m.Encode(dst, ev)
	}
	c.closed = m.state == failed || ev.Kind == conversation.EventFinish && !ev.More
	return dst
}
