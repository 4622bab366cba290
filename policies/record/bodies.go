package record

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

// Bodies are what a client sent and received. They hold prompts and answers:
// nothing keeps them unless the operator has asked for it, and headers are never
// among them.
type Bodies struct {
	// Time is when the request ended, RequestID its id.
	Time      time.Time `json:"time"`
	RequestID string    `json:"request_id"`
	Tenant    string    `json:"tenant,omitempty"`
	API       string    `json:"api,omitempty"`
	Outcome   string    `json:"outcome"`
	// Request is without a content coding, Answer what went to the client.
	Request Body `json:"request"`
	Answer  Body `json:"answer"`
	// Expires is when they are deleted; the zero time if unknown.
	Expires time.Time `json:"expires,omitzero"`

	redact  func(string) string
	most    int
	release func()
}

// Body is one body, as far as it is kept.
type Body struct {
	// Text is the body if it is text, Binary if it is not.
	Text   string `json:"text,omitempty"`
	Binary []byte `json:"base64,omitempty"`
	// Size is the length of the whole in bytes, before anything was redacted.
	Size int64 `json:"size"`
	// Cut says that only its beginning is kept.
	Cut bool `json:"cut,omitempty"`
}

// BodyStore keeps bodies.
type BodyStore interface {
	WriteBodies(ctx context.Context, list []Bodies) error
}

const (
	// mostBodyBytes bounds what all captures and all bodies that wait for the
	// store hold, in bytes. Bodies that do not fit are dropped and counted.
	mostBodyBytes = 64 << 20
	// mostBodies bounds how many wait for the store.
	mostBodies = 64
	// beyondCut is how many bytes beyond the limit are searched, so that a
	// secret which the limit would cut in two is found whole.
	beyondCut = 4 << 10
)

// BodyOptions say which bodies are kept.
type BodyOptions struct {
	// All keeps those of every request; else of those that failed or broke off.
	All bool
	// Most is how much of a body is kept, in bytes.
	Most  int
	Queue QueueOptions // but for its name and size
}

// BodyKeeper collects bodies and hands them to a store from a goroutine of its
// own.
type BodyKeeper struct {
	o     BodyOptions
	queue *Queue
	held  atomic.Int64
	limit int64
}

// NewBodyKeeper starts the goroutine that writes to the store; Close ends it.
func NewBodyKeeper(to BodyStore, o BodyOptions) *BodyKeeper {
	o.Queue.Name, o.Queue.Size = "bodies", mostBodies
	return &BodyKeeper{o: o, queue: NewQueue(bodySink{to}, o.Queue), limit: mostBodyBytes}
}

// Close writes what waits. The store stays open.
func (k *BodyKeeper) Close(ctx context.Context) error { return k.queue.Close(ctx) }

// wants reports whether the bodies of a request with this outcome are kept.
func (k *BodyKeeper) wants(outcome string) bool {
	return outcome != "" && (k.o.All || outcome == "failed" || outcome == "broken")
}

// Capture collects the bodies of one request. A nil one collects nothing, so
// that it costs nothing where no bodies are kept. It is used by one goroutine at
// a time.
type Capture struct {
	keeper          *BodyKeeper
	request, answer bytes.Buffer
	sizes           [2]int64
	held            int64
	lost            bool // there was no room
}

// Begin starts a capture; Keep or Drop ends it.
func (k *BodyKeeper) Begin() *Capture {
	if k == nil {
		return nil
	}
	return &Capture{keeper: k}
}

// Request takes the request's body, of which it keeps a copy.
func (c *Capture) Request(body []byte) {
	if c != nil {
		c.add(&c.request, &c.sizes[0], body)
	}
}

// Answer takes the next bytes that go to the client.
func (c *Capture) Answer(body []byte) {
	if c != nil {
		c.add(&c.answer, &c.sizes[1], body)
	}
}

func (c *Capture) add(to *bytes.Buffer, size *int64, body []byte) {
	*size += int64(len(body))
	room := c.keeper.o.Most + beyondCut - to.Len()
	if c.lost || room <= 0 || len(body) == 0 {
		return
	}
	body = body[:min(len(body), room)]
	before := to.Cap()
	if to.Available() < len(body) {
		// By doubling, to the limit at most: what the buffer will have is known
		// before it is there.
		grown := min(max(2*before, to.Len()+len(body), 512), c.keeper.o.Most+beyondCut)
		if !c.keeper.take(int64(grown - before)) {
			c.giveUp()
			return
		}
		c.held += int64(grown - before)
		next := bytes.NewBuffer(append(make([]byte, 0, grown), to.Bytes()...))
		*to = *next
	}
	to.Write(body)
}

func (k *BodyKeeper) take(n int64) bool {
	if k.held.Add(n) <= k.limit {
		return true
	}
	k.held.Add(-n)
	return false
}

// giveUp drops what was collected: half of the bodies would mislead.
func (c *Capture) giveUp() {
	c.Drop()
	c.lost = true
}

// Drop drops what was collected.
func (c *Capture) Drop() {
	if c == nil {
		return
	}
	c.keeper.held.Add(-c.held)
	c.held, c.request, c.answer = 0, bytes.Buffer{}, bytes.Buffer{}
}

// Keep ends the capture: it hands the bodies to the store if those of a request
// with this outcome are kept, and otherwise drops them. about identifies the
// request; redact removes secrets, and is called later, from another goroutine.
func (c *Capture) Keep(about Bodies, redact func(string) string) {
	if c != nil {
		c.keep(about, redact)
	}
}

func (c *Capture) keep(about Bodies, redact func(string) string) {
	switch {
	case !c.keeper.wants(about.Outcome):
		c.Drop()
		return
	case c.lost:
		c.keeper.queue.dropped.Inc()
		return
	}
	about.RequestID, about.Tenant, about.API = strings.Clone(about.RequestID), strings.Clone(about.Tenant), strings.Clone(about.API)
	about.Request = Body{Binary: c.request.Bytes(), Size: c.sizes[0]}
	about.Answer = Body{Binary: c.answer.Bytes(), Size: c.sizes[1]}
	held, keeper := c.held, c.keeper
	about.redact, about.most, about.release = redact, keeper.o.Most, func() { keeper.held.Add(-held) }
	c.held, c.request, c.answer = 0, bytes.Buffer{}, bytes.Buffer{}
	keeper.queue.put(Entry{Bodies: &about})
}

// finish redacts the bodies and cuts them.
func (b *Bodies) finish() {
	b.Request.finish(b.redact, b.most)
	b.Answer.finish(b.redact, b.most)
}

func (b *Body) finish(redact func(string) string, most int) {
	text := redact(string(b.Binary))
	keep := most
	if b.Cut = b.Size > int64(len(b.Binary)); b.Cut {
		keep = min(keep, max(len(text)-beyondCut, 0)) // what is at the end may be a piece of a secret
	}
	if len(text) > keep {
		text, b.Cut = wholeRunes(text[:keep]), true
	}
	b.Binary = nil
	if utf8.ValidString(text) {
		b.Text = text
	} else {
		b.Binary = []byte(text)
	}
}

// wholeRunes removes a character that was cut in two.
func wholeRunes(text string) string {
	for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
		if tail := text[len(text)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRuneInString(tail) {
				return text[:len(text)-n]
			}
			break
		}
	}
	return text
}

// bodySink hands bodies to a store, one request's at a time: they are long.
type bodySink struct{ to BodyStore }

func (s bodySink) Write(ctx context.Context, entries []Entry) (err error) {
	left := entries
	defer func() { // also after a panic
		for _, e := range left {
			e.Bodies.release()
		}
	}()
	for ; err == nil && len(left) > 0; left = left[1:] {
		b := left[0].Bodies
		b.finish()
		err = s.to.WriteBodies(ctx, []Bodies{*b})
		b.release()
	}
	return err
}

func (s bodySink) Close() error { return nil }
