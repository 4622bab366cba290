package fakegemini

import (
	"cmp"
	"net/http"
	"slices"
	"time"
)

// Reply is what the fake does with one request: steps in order. Build it with a
// constructor, refine it with methods; each method returns a changed copy.
type Reply struct {
	name   string // of the constructor, for the record
	steps  []step
	finish string // finishReason to end with; empty: the reply ends as it stands
	place  place  // of the finish
	usage  *Usage // fixed; nil: computed from sizes
	delay  time.Duration
	packed string // compressed; see Packed
}

// place is where the finish reason goes.
type place uint8

const (
	placeByModel place = iota // its own chunk on 3.x, on the last one before
	placeApart
	placeOnLast
)

// Usage replaces the computed token counts.
type Usage struct{ Prompt, Cached, Candidates, Thoughts, ToolUse int }

// op is one kind of step.
type op uint8

const (
	opChunk    op = iota // one GenerateContentResponse
	opVerbatim           // bytes as they are, in any framing
	opWhole              // status, headers and body; nothing else is written
	opFlush              // headers leave now
	opComment            // an SSE comment
	opWait               // until the gate opens or closes
	opDelay              // for a time
	opSilence            // until the client leaves
	opReset              // TCP reset (HTTP/2: the stream is reset)
)

// step is one thing done on the wire. Which fields count depends on op.
type step struct {
	op     op
	chunk  chunk
	raw    []byte
	status int
	header http.Header
	gate   <-chan struct{}
	delay  time.Duration
}

func content(name string, parts ...part) Reply {
	r := Reply{name: name, finish: "STOP"}
	for _, p := range parts {
		r.steps = append(r.steps, step{op: opChunk, chunk: chunk{parts: []part{p}}})
	}
	return r
}

// Text answers with text, one chunk for each piece.
func Text(pieces ...string) Reply {
	parts := make([]part, len(pieces))
	for i, p := range pieces {
		parts[i] = part{text: p}
	}
	return content("text", parts...)
}

// Think sends thought summaries, one chunk for each; follow with Then.
func Think(pieces ...string) Reply {
	parts := make([]part, len(pieces))
	for i, p := range pieces {
		parts[i] = part{text: p, thought: true}
	}
	return content("think", parts...)
}

// FunctionCall is one call of a reply. Args is a JSON object; empty means {}.
type FunctionCall struct {
	Name string
	Args string
	// ID replaces the computed one; "-" sends none.
	ID string
	// Signature replaces the issued one; "-" sends none.
	Signature string
}

// Call answers with one function call, signed on Gemini 3.
func Call(name, args string) Reply {
	return Calls(FunctionCall{Name: name, Args: args}).named("call")
}

// Calls answers with parallel calls in one chunk; only the first is signed.
func Calls(calls ...FunctionCall) Reply {
	var c chunk
	for i := range calls {
		c.parts = append(c.parts, part{call: &calls[i], sign: i == 0})
	}
	return Reply{name: "calls", finish: "STOP", steps: []step{{op: opChunk, chunk: c}}}
}

// CallsApart sends each parallel call in a chunk of its own.
func CallsApart(calls ...FunctionCall) Reply {
	r := Reply{name: "calls apart", finish: "STOP"}
	for i := range calls {
		p := part{call: &calls[i], sign: i == 0}
		r.steps = append(r.steps, step{op: opChunk, chunk: chunk{parts: []part{p}}})
	}
	return r
}

// Chunks sends GenerateContentResponse documents as given, framed for the
// request; a unary request gets them folded. It ends where they end.
func Chunks(documents ...string) Reply {
	r := Reply{name: "chunks"}
	for _, d := range documents {
		r.steps = append(r.steps, step{op: opChunk, chunk: chunk{document: d}})
	}
	return r
}

// Raw answers with exactly this.
func Raw(status int, header http.Header, body []byte) Reply {
	return Reply{name: "raw", steps: []step{{op: opWhole, status: status, header: header.Clone(), raw: slices.Clone(body)}}}
}

// Verbatim writes bytes into the stream as they are.
func Verbatim(b []byte) Reply {
	return Reply{name: "verbatim", steps: []step{{op: opVerbatim, raw: slices.Clone(b)}}}
}

// Big answers with about n bytes of text in one chunk.
func Big(n int) Reply {
	const line = "The quick brown fox jumps over the lazy dog. "
	b := make([]byte, 0, n+len(line))
	for len(b) < n {
		b = append(b, line...)
	}
	return Text(string(b[:n])).named("big")
}

// Gate does nothing until gate is closed or sends once.
func Gate(gate <-chan struct{}) Reply {
	return Reply{name: "gate", steps: []step{{op: opWait, gate: gate}}}
}

func (r Reply) named(name string) Reply {
	r.name = name
	return r
}

// Then continues with another reply, and ends as that one does.
func (r Reply) Then(next Reply) Reply {
	next.steps = slices.Concat(r.steps, next.steps)
	next.name = r.name + ", " + next.name
	if next.usage == nil {
		next.usage = r.usage
	}
	next.delay = max(next.delay, r.delay)
	next.packed = cmp.Or(next.packed, r.packed)
	return next
}

// Finish ends with another finishReason.
func (r Reply) Finish(reason string) Reply {
	r.finish = reason
	return r
}

// NoFinish ends without a finishReason.
func (r Reply) NoFinish() Reply { return r.Finish("") }

// FinishApart puts the finish into a chunk of its own.
func (r Reply) FinishApart() Reply {
	r.place = placeApart
	return r
}

// FinishOnLast puts the finish on the last chunk with content.
func (r Reply) FinishOnLast() Reply {
	r.place = placeOnLast
	return r
}

// Usage fixes the token counts, the same on every chunk.
func (r Reply) Usage(u Usage) Reply {
	r.usage = &u
	return r
}

// Slow waits before every chunk.
func (r Reply) Slow(perChunk time.Duration) Reply {
	r.delay = perChunk
	return r
}
