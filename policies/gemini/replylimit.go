package gemini

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Limits on what one reply may hold in number, besides its bytes: a part of a
// dozen bytes takes hundreds once it is read, as an event, and as a block of the
// client's API. An answer ends at 65,536 tokens.
const (
	// maxFrameParts is how many parts one frame may have, all its candidates and
	// the pieces of streamed arguments included. Recorded frames have up to ten.
	maxFrameParts = conversation.MaxParts
	// maxMembers is how many members a response or a candidate may have.
	maxMembers = 256
	// maxBlocks is how many parts an answer may have that do not continue the text
	// before them: each becomes a block or an item for the client. A stream may
	// cut a text into as many as it likes.
	maxBlocks = 8192
	// maxCalls is how many function calls an answer may have: a call has at least
	// some 16 tokens.
	maxCalls = 4096
	// maxEvents is how many events are handed over at a time; see [Decoder.Each].
	maxEvents = 64
	// keptParts is for how many parts memory is kept from frame to frame.
	keptParts = 256
)

// tooMany says that a reply has more of something than an answer can have.
func tooMany(limit int, what string) error {
	return fmt.Errorf("more than %d %s", limit, what)
}

// count counts what a frame lists, before memory is spent on it.
func (f *frame) count() error {
	if f.listed++; f.listed > maxFrameParts {
		return tooMany(maxFrameParts, "parts in one frame")
	}
	return nil
}

// shrink gives back the memory that an unusual frame took.
func (f *frame) shrink() {
	if cap(f.parts) > keptParts {
		f.parts = nil
	}
}

// noText is a kind that no text continues.
const noText = conversation.EventStart

// block counts a part that does not continue the one before. kind is the kind
// of text that continues it, or noText.
func (c *candidate) block(kind conversation.EventKind) error {
	c.last = kind
	if c.decoder.blocks++; c.decoder.blocks > maxBlocks {
		return tooMany(maxBlocks, "parts in one answer")
	}
	return nil
}

// beginCall counts a call that begins.
func (c *candidate) beginCall() error {
	if c.decoder.calls++; c.decoder.calls > maxCalls {
		return tooMany(maxCalls, "function calls in one answer")
	}
	return c.block(noText)
}

// Blocks is how many parts the answer has so far, texts counted once that
// stream in pieces.
func (d *Decoder) Blocks() int { return d.blocks }
