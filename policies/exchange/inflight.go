package exchange

import (
	"errors"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

const (
	// bodyCost is what decoding and rendering a request take in all, as a
	// multiple of its body: an upper bound for any JSON. Most take three times.
	bodyCost = 10
	// newShare is how much of the bound new requests may use, in percent. The
	// rest is for retries and for running answers, which have already cost
	// something.
	newShare = 90
	// grain is the unit in bytes in which attempts count what they hold. Less is
	// not counted, so small streams never touch the shared counter.
	grain = 64 << 10
	// overloadedRetry is the retry-after for a refused client, in seconds:
	// bodies are held for well below a second.
	overloadedRetry = 1
)

// InFlight bounds the bytes that all attempts of a process hold at a time:
// bodies while requests are made of them, requests kept for resuming, answers
// that are held whole or that a client does not read; and, separately, bodies
// that are still arriving (collect.go). It outlives a reload. A nil InFlight
// bounds nothing.
type InFlight struct {
	limit atomic.Int64 // 0: no bound

	mu        sync.Mutex // to change the rest
	held      atomic.Int64
	collected atomic.Int64     // the part of it that bodies take which arrive, or wait for room
	reserved  atomic.Int64     // the part of that which is within collectShare
	tenants   map[string]int64 // of collected, by tenant, but what grows alone

	growing waiting // bodies that arrive
	waiting waiting // whole ones
}

// NewInFlight makes one without a bound, and registers its metrics.
func NewInFlight(reg prometheus.Registerer) *InFlight {
	f := &InFlight{}
	gauge := func(name, help string, value *atomic.Int64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value.Load()) }))
	}
	gauge("heald_held_bytes", "Bytes that requests and answers in flight hold, by estimate.", &f.held)
	gauge("heald_held_limit_bytes", "What they may hold, without bodies that arrive (a quarter more); 0 for no bound.", &f.limit)
	return f
}

// SetLimit sets the bound in bytes; 0 for none. What is held already stays.
func (f *InFlight) SetLimit(n int64) {
	f.limit.Store(max(n, 0))
	f.wakeWaiting()
}

// wakeWaiting lets the waiting bodies check for room again.
func (f *InFlight) wakeWaiting() {
	f.waiting.wake()
	f.growing.wake()
}

// LargestBody is the length in bytes of the longest request body that fits when
// only small ones are held; 0 for any.
func (f *InFlight) LargestBody() int64 { return f.limit.Load() / 100 * newShare / bodyCost }

// isNew reports whether the attempt is the first of its request.
func (a *attempt) isNew() bool { return a.number == 1 }

// checkRoom refuses a body of n bytes early if there is no room for it now. It
// takes none: the client may send its body slowly, or not at all. A body that
// comes in parts is not checked by its length: it waits for room while it
// arrives.
func (a *attempt) checkRoom(n int) *policies.Reply {
	if a.in.InParts || a.share.roomForBody(int64(n)*bodyCost, a.isNew()) {
		return nil
	}
	return a.overloaded()
}

// takeBody takes the room that a body of n bytes needs while the request is
// made, or refuses the body.
func (a *attempt) takeBody(n int) *policies.Reply {
	if a.share.setBody(int64(n)*bodyCost, a.isNew()) {
		return nil
	}
	return a.overloaded()
}

// keepSent gives room back once the request is made. What stays is the request
// itself, twice until it is sent, and what is kept of the client's body.
func (a *attempt) keepSent(forward *policies.Forward, kept int64) {
	a.kept = kept
	a.share.set(kept+2*int64(len(forward.Body)), false)
	forward.Sent = func() { a.share.set(kept, false) }
}

// holds records how many bytes of an answer the attempt holds, and reports
// whether there is room for them.
func (a *attempt) holds(n int) bool { return a.share.set(a.kept+int64(n), false) }

// heldOfAnswer is how many bytes of an answer are held. An answer that is sent
// as one document is held twice when it is complete: in the encoder, where each
// part takes more than its bytes, and as the encoder's output.
func (a *attempt) heldOfAnswer() int {
	n := cap(a.held) + a.packed.Held() + a.answer.reader.Held()
	if a.answer.rest != nil {
		n += 2 * a.answer.sofar.Size() // as it grows, and as it was when it broke off
	}
	if a.resumption != nil {
		n += a.resumption.body
	}
	if !a.req.Stream {
		n += a.answer.in + a.answer.decoder.Blocks()*partSize
	} else if held := a.answer.features.Held; held != nil {
		n += held()
	}
	return n
}

// overloadedError is the client's error where there is no room.
func overloadedError() conversation.Error {
	return conversation.Error{Kind: conversation.ErrOverloaded, Status: http.StatusServiceUnavailable, RetryAfter: overloadedRetry,
		Message: "the gateway has too many large requests and answers at the moment, please try again"}
}

func (a *attempt) overloaded() *policies.Reply {
	e := overloadedError()
	return a.refuse(heal.ReasonOverloadedLocally, &e)
}

// errNoRoom reports that there was no room for the rest of an answer.
var errNoRoom = errors.New("there was no room for the rest: see memory.limit")

// partSize is about how many bytes a part of a message takes beside its text.
const partSize = 512

// weight is about how many bytes a request takes while it is kept for resuming.
func weight(req *conversation.Request, body int) int64 {
	parts := len(req.System) + len(req.Tools)
	for i := range req.Messages {
		for j := range req.Messages[i].Parts {
			parts++
			if r := req.Messages[i].Parts[j].Result; r != nil {
				parts += len(r.Parts)
			}
		}
	}
	return int64(body) + int64(parts)*partSize
}
