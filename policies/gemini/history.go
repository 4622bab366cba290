package gemini

import (
	"iter"

	"github.com/heald-proxy/heald/policies/conversation"
)

// NativePart is a part of a body in the API's own form, as far as the rules for
// histories need it.
type NativePart struct {
	// Kind is that of a text, thought, call or result; KindMedia is any other
	// part that has data, and KindUpstream one that goes as it is.
	Kind conversation.Kind
	// Raw is the whole part.
	Raw conversation.Raw
	// Text is that of a text or thought, nil if there is none.
	Text conversation.Text
	// Signature is the part's, "" for none; ID and Name are those of a call or
	// result. Raw may have other ones, or none.
	ID, Name, Signature string
	// Response is what a tool gave back, and Files the media with it.
	Response conversation.Raw
	Files    []*conversation.Media
}

// NativeHistory applies the rules for histories to the conversation of a native
// body, after a [HistoryCheck] has found that upstream would refuse it.
type NativeHistory struct {
	r      *renderer
	turns  []turn
	pieces []piece // of the content being added
}

// NewNativeHistory makes an empty NativeHistory. What is changed is noted in req.
func NewNativeHistory(req *conversation.Request, target Target, opts Options) *NativeHistory {
	return &NativeHistory{r: newRenderer(req, target, opts)}
}

// Add adds a part, which stands at a place.
func (h *NativeHistory) Add(p *NativePart, at conversation.Place) {
	out := piece{kind: p.Kind, text: p.Text, at: &at, native: true}
	if !h.r.opts.StripSignatures && p.Kind != conversation.KindResult {
		out.signature = p.Signature
	}
	switch p.Kind {
	case conversation.KindText:
		if p.Text.Empty() && out.signature == "" {
			return
		}
		if p.Text == nil { // clients omit the empty text of a signature
			out.text, out.native, out.pieceData = emptyText, false, noData
		}
	case conversation.KindThought:
		if h.r.opts.StripSignatures || p.Text.Empty() && out.signature == "" {
			return
		}
	case conversation.KindResult:
		out.text = conversation.Text(p.Response)
	}
	if out.native {
		out.pieceData = &pieceData{raw: p.Raw, id: p.ID, name: p.Name}
	}
	if p.Kind == conversation.KindResult {
		out.files = p.Files
	}
	h.pieces = append(h.pieces, out)
}

// EndContent ends the content that the last parts stand in.
func (h *NativeHistory) EndContent(model bool) {
	role := conversation.User
	if model {
		role = conversation.Model
	}
	if model && len(h.pieces) == 0 && h.r.opts.StripSignatures {
		h.pieces = append(h.pieces, textPiece(noOutput))
	}
	for _, p := range h.pieces {
		h.turns = appendToTurn(h.turns, role, p)
	}
	h.pieces = h.pieces[:0]
}

// Mended calls content with the parts of the mended history, content by
// content; not at all if nothing is left.
func (h *NativeHistory) Mended(content func(model bool, parts iter.Seq[NativePart])) {
	turns := h.turns
	h.turns, h.pieces = nil, nil
	if turns = mergeTurns(h.r.pairAnswers(turns)); len(turns) == 0 {
		return
	}
	for _, t := range h.r.settle(turns) {
		content(t.model, func(yield func(NativePart) bool) {
			for i := range t.pieces {
				if !yield(nativePart(&t.pieces[i])) {
					return
				}
			}
		})
	}
}

// responseText is the output of a tool as text, for a tool result without its
// call.
func responseText(response conversation.Raw) conversation.Text {
	var w walker
	w.open(response)
	var text conversation.Text
	members := 0
	switch w.kind() {
	case '"':
		return conversation.Text(response)
	case '{':
		_ = w.object(func(name []byte) error { // valid: it was read before
			members++
			if s := string(name); w.kind() == '"' && (s == "output" || s == "error" || s == "result") {
				return w.text(&text)
			}
			return w.skip()
		})
	}
	if members == 1 && text != nil {
		return text
	}
	return conversation.Quote(string(response))
}

// nativePart returns the part of a piece; heald's own pieces are written.
func nativePart(p *piece) NativePart {
	if p.native {
		return NativePart{Kind: p.kind, Raw: p.raw, ID: p.id, Name: p.name, Signature: p.signature, Files: p.files}
	}
	w := &bodyWriter{}
	w.open('{')
	w.piece(p, true)
	w.close('}')
	return NativePart{Kind: conversation.KindUpstream, Raw: w.buf}
}
