package gemini

import "github.com/heald-proxy/heald/policies/conversation"

// placeholder is base64 of "skip_thought_signature_validator", which Google
// documents for parts whose signature is unknown: those that another model
// made, or whose signature the client lost.
const placeholder = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

// History says what happens to thoughts of earlier turns.
type History uint8

// The history policies.
const (
	// Drop leaves thoughts out; signatures of calls and texts stay.
	Drop History = iota
	// Keep replays thoughts whose signature was verified.
	Keep
)

// keepsThought reports whether a thought with this verified signature is
// replayed. A thought without one is never sent: as text it would teach the
// model to write thoughts into its answers.
func (r *renderer) keepsThought(signature string) bool {
	return r.opts.History == Keep && signature != ""
}

// placeSignatures gives parts that must be signed a placeholder where they have
// no signature.
func (r *renderer) placeSignatures(turns []turn) {
	if !r.can.StrictSignatures || r.opts.NoPlaceholder {
		return
	}
	for i := range turns {
		if t := &turns[i]; r.draws() && t.model {
			t.signImages()
		} else {
			t.signCall()
		}
	}
}

// signCall signs the first call. Gemini 3 asks for its signature in the current
// turn only, that is since the last user content with something else than
// answers; on earlier ones it is harmless, and the bytes stay the same when the
// turn moves on. Parallel calls after the first have none of their own.
func (t *turn) signCall() {
	for i := range t.pieces {
		p := &t.pieces[i]
		if p.kind != conversation.KindCall {
			continue
		}
		if p.signature == "" {
			p.signature = placeholder
		}
		return
	}
}

// signImages signs the first part and every image, as image models do.
func (t *turn) signImages() {
	for i := range t.pieces {
		p := &t.pieces[i]
		first := i == 0 && p.kind != conversation.KindUpstream && p.kind != conversation.KindThought
		if (first || p.kind == conversation.KindMedia) && p.signature == "" {
			p.signature = placeholder
		}
	}
}
