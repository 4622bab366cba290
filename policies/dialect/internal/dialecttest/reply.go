package dialecttest

import (
	"math/rand/v2"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// Random returns a source of bytes for ids that repeats from run to run.
func Random() func([]byte) {
	src := rand.NewChaCha8([32]byte{})
	return func(b []byte) { _, _ = src.Read(b) }
}

// Reply plays events to an encoder of d for req, streaming or not. A document
// must not begin before its end is known, and has no keep-alives.
func Reply(t testing.TB, d dialect.Dialect, req conversation.Request, events []conversation.Event, stream bool) []byte {
	t.Helper()
	req.Stream = stream
	enc := d.Encoder(&req)
	var out []byte
	for _, ev := range events {
		piece := enc.Encode(nil, ev)
		if !stream {
			piece = enc.Ping(piece)
		}
		if !stream && len(piece) > 0 && ev.Kind != conversation.EventFinish && ev.Kind != conversation.EventFailure {
			t.Fatalf("a document was written before the end: %s", piece)
		}
		out = append(out, piece...)
	}
	return out
}

// Pinged is the stream of the same reply with keep-alives before and after
// each event.
func Pinged(d dialect.Dialect, req conversation.Request, events []conversation.Event) []byte {
	req.Stream = true
	enc := d.Encoder(&req)
	out := enc.Ping(nil)
	for _, ev := range events {
		out = enc.Ping(enc.Encode(out, ev))
	}
	return out
}
