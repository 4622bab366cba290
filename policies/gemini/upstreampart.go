package gemini

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// upstreamPiece makes the piece for a part that the upstream made and the
// client kept: a server-side tool's call or result, code or its output. It is
// replayed byte for byte where the target knows it, for its signature covers
// it; else the client's digest of it stands in as text. ok is false for a part
// that is left out.
func (r *renderer) upstreamPiece(part *conversation.Part, p piece) (_ piece, ok bool) {
	own, known := readUpstreamPart(part.Upstream)
	p.text, p.signature = part.Text, ""
	if p.text.Empty() && known {
		p.text = own.digest()
	}
	switch {
	case !known,
		own.aiStudioOnly && r.target.Kind != AIStudio,
		own.signed && r.opts.StripSignatures:
		p.kind = conversation.KindText
		return p, !p.text.Empty()
	}
	p.raw, p.id, p.half = part.Upstream, own.id, own.half
	return p, true
}

// half says which part of a server-side tool's use a part is.
type half uint8

const (
	neither   half = iota
	asking         // toolCall
	answering      // toolResponse
)

// pairServerTools turns a server-side tool's call without its result, and a
// result without its call, into text: the API takes only both, and the client
// may have altered the other one.
func pairServerTools(turns []turn) {
	type key struct {
		id string
		half
	}
	there := map[key]bool{}
	for i := range turns {
		for _, p := range turns[i].pieces {
			if p.half != neither {
				there[key{p.id, p.half}] = true
			}
		}
	}
	if len(there) == 0 {
		return
	}
	for i := range turns {
		for j := range turns[i].pieces {
			p := &turns[i].pieces[j]
			if p.half == asking && !there[key{p.id, answering}] || p.half == answering && !there[key{p.id, asking}] {
				p.kind, p.half, p.id = conversation.KindText, neither, ""
			}
		}
	}
}

// upstreamPart is what must be known of a part to replay it.
type upstreamPart struct {
	// tool is what it is about: the name or type of a server-side tool, or
	// the name of its data field.
	tool         string
	half         half
	id           string
	args         conversation.Raw
	signed       bool
	aiStudioOnly bool
}

// readUpstreamPart reads raw; ok is false if it is not a part that may be
// replayed.
func readUpstreamPart(raw conversation.Raw) (u upstreamPart, ok bool) {
	if len(raw) == 0 || !jsontext.Value(raw).IsValid(lenient...) {
		return u, false
	}
	var w walker
	w.open(raw)
	if w.kind() != '{' {
		return u, false
	}
	err := w.object(func(name []byte) error {
		switch s := string(name); s {
		case "toolCall", "tool_call", "toolResponse", "tool_response":
			ok, u.aiStudioOnly, u.half = true, true, answering
			if s == "toolCall" || s == "tool_call" {
				u.half = asking
			}
			var p part
			err := p.readData(&w, s)
			u.tool, u.args, u.id = p.label, p.args, p.id
			return err
		case "executableCode", "executable_code", "codeExecutionResult", "code_execution_result":
			ok, u.tool = true, s
		case "partMetadata", "part_metadata":
			u.aiStudioOnly = true
		case "thoughtSignature", "thought_signature":
			u.signed = true
		}
		return w.skip()
	})
	return u, ok && err == nil
}

// digestLimit bounds the arguments in a digest, in bytes; a search result is
// mostly HTML.
const digestLimit = 2048

// digest is the text for a part of which the client kept none.
func (u *upstreamPart) digest() conversation.Text {
	text := "[" + u.tool
	if len(u.args) > len(noArgs) && len(u.args) <= digestLimit {
		text += " " + string(u.args)
	}
	return conversation.Quote(text + "]")
}
