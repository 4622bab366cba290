package gemini

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// turn is one content of a rendered body: what the user or the model
// contributes before the other speaks again. Its pieces are its own: no two
// turns share an array.
type turn struct {
	model  bool
	pieces []piece
}

// answers reports whether t holds tool results, which stand alone.
func (t *turn) answers() bool {
	return len(t.pieces) > 0 && t.pieces[0].kind == conversation.KindResult
}

// piece is one part of a turn.
type piece struct {
	kind      conversation.Kind
	half      half // upstream: of a server-side tool's use
	failed    bool // result
	reminder  bool // text that was injected, not said
	taken     bool // a result that was paired with its call
	native    bool // raw is the whole part as the client wrote it
	text      conversation.Text
	signature string // text, thought, call: the upstream's encoding
	// at is where the client wrote it; nil if heald made it.
	at *conversation.Place
	*pieceData
}

// pieceData is what pieces other than texts and thoughts have. It belongs to
// one piece, except for noData, and for calls without an answer, whose
// substitute answer shares it.
type pieceData struct {
	media *conversation.Media // media
	id    string              // call, result, upstream
	name  string              // call, result: the rendered name
	// raw are a call's arguments, an object, or an upstream part, for which
	// text stands.
	raw conversation.Raw
	// resolution is the level of media that has its own.
	resolution string
	output     []conversation.Text   // result: pieces of one text
	files      []*conversation.Media // result
}

// noData is that of texts and thoughts. It is shared, and never written to.
var noData = &pieceData{}

// warningLimit bounds the warnings for the same reason; a long history may give
// thousands.
const warningLimit = 10

// warn notes what was changed about a part.
func (r *renderer) warn(at *conversation.Place, why string) {
	if r.warned == nil {
		r.warned = map[string]int{}
	}
	if r.warned[why]++; r.warned[why] <= warningLimit {
		r.req.Warn(r.where(at), why)
	}
}

// noOutput replaces a message of the model that had only thoughts.
const noOutput = "(no visible output)"

func textPiece(s string) piece {
	return literalPiece(conversation.Quote(s))
}

// literalPiece is a text that is a JSON literal already.
func literalPiece(t conversation.Text) piece {
	return piece{kind: conversation.KindText, text: t, pieceData: noData}
}

// mediaPiece is a file of the part that the client wrote at at.
func mediaPiece(m *conversation.Media, at *conversation.Place) piece {
	return piece{kind: conversation.KindMedia, at: at, pieceData: &pieceData{media: m}}
}

// turns makes turns of the client's messages, adjacent ones of one role merged
// (N3). Parts that stand in a message of the wrong role go where they belong
// (N18), empty ones vanish (N1).
func (r *renderer) turns() ([]turn, error) {
	r.filesAhead()
	out := make([]turn, 0, len(r.req.Messages)+8)
	for i := range r.req.Messages {
		m := &r.req.Messages[i]
		if m.Role == conversation.System && len(out) == 0 {
			r.addSystem(m.Parts)
			continue
		}
		said := false
		r.last = i == len(r.req.Messages)-1
		for j := range m.Parts {
			if err := r.opts.CheckClient(); err != nil {
				return nil, err
			}
			part := &m.Parts[j]
			p, ok, err := r.piece(m.Role, part)
			if err != nil {
				return nil, err
			}
			if !ok {
				continue
			}
			if p.kind == conversation.KindMedia && part.Media.Title != "" {
				out = appendToTurn(out, m.Role, textPiece("[document: "+part.Media.Title+"]"))
			}
			out = appendToTurn(out, m.Role, p)
			said = true
		}
		if !said && r.opts.StripSignatures && m.Role == conversation.Model && len(m.Parts) > 0 {
			out = appendToTurn(out, m.Role, textPiece(noOutput))
		}
	}
	if !r.countsRest() && r.saysNothing(out) {
		out = appendToTurn(out, conversation.User, r.nothing())
	}
	return out, nil
}

// saysNothing reports whether the user's last turn is an empty text. Between
// other parts such a text vanishes (N1).
func (r *renderer) saysNothing(turns []turn) bool {
	empty := func(m conversation.Message) bool {
		return m.Role == conversation.User && len(m.Parts) > 0 && !slices.ContainsFunc(m.Parts, func(p conversation.Part) bool {
			return p.Kind != conversation.KindText || !p.Text.Empty()
		})
	}
	messages := r.req.Messages
	if len(turns) == 0 {
		return slices.ContainsFunc(messages, empty)
	}
	last := turns[len(turns)-1]
	return last.model && last.pieces[len(last.pieces)-1].kind != conversation.KindCall && empty(messages[len(messages)-1])
}

// nothing is an empty text of the user's. AI Studio was recorded to take one
// where nothing stands beside it; Vertex AI refuses it explicitly.
func (r *renderer) nothing() piece {
	if r.target.Kind == Vertex {
		return textPiece(" ")
	}
	return textPiece("")
}

// appendToTurn appends p to the last turn, or to a new one if the last turn has
// the other role. Calls and the upstream's own parts are always the model's and
// results always the user's.
func appendToTurn(turns []turn, role conversation.Role, p piece) []turn {
	model := role == conversation.Model && p.kind != conversation.KindResult ||
		p.kind == conversation.KindCall || p.kind == conversation.KindUpstream
	if n := len(turns); n > 0 && turns[n-1].model == model {
		turns[n-1].pieces = append(turns[n-1].pieces, p)
		return turns
	}
	return append(turns, turn{model: model, pieces: []piece{p}})
}

// piece makes the piece for one part of a message; ok is false for a part that
// is left out.
func (r *renderer) piece(role conversation.Role, part *conversation.Part) (p piece, ok bool, err error) {
	p = piece{kind: part.Kind, at: &part.At, pieceData: noData}
	if part.Kind != conversation.KindText && part.Kind != conversation.KindThought {
		p.pieceData = &pieceData{}
	}
	if !r.opts.StripSignatures {
		p.signature = part.Signature
	}
	switch part.Kind {
	case conversation.KindText:
		p.text = part.Text
		if role == conversation.System && !p.text.Empty() {
			p.text, p.reminder = wrapReminder(p.text), true
		}
		return p, !p.text.Empty() || p.signature != "", nil
	case conversation.KindThought:
		p.text = part.Text
		return p, role == conversation.Model && r.keepsThought(p.signature), nil
	case conversation.KindMedia:
		var text string
		if p.media, text, err = r.file(part.Media, p.at, false); text != "" {
			p = textPiece(text)
			p.at = &part.At
			return p, true, nil
		}
		return p, p.media != nil, err
	case conversation.KindCall:
		p.id, p.name = part.Call.ID, r.names.Rendered(part.Call.Name)
		args, whole := ObjectArgs(part.Call.Args)
		if p.raw = args; !whole {
			r.warn(p.at, "arguments are not an object and were wrapped into one")
		}
		return p, true, nil
	case conversation.KindResult:
		return p, true, r.answer(&p, part.Result)
	case conversation.KindUpstream:
		p, ok = r.upstreamPiece(part, p)
		return p, ok, nil
	}
	return p, false, nil
}

// answer fills in a tool result. Its text is passed on as text and never
// parsed: a "$ref" in parsed JSON is taken for a reference to a part and
// refused, and numbers above 2^53 would lose digits (N9).
func (r *renderer) answer(p *piece, result *conversation.Result) error {
	p.id, p.failed, p.signature = result.CallID, result.Failed, ""
	if p.name = r.names.Rendered(result.Name); p.name == "" {
		p.name = result.Name
	}
	for i := range result.Parts {
		switch part := &result.Parts[i]; part.Kind {
		case conversation.KindText:
			p.addLine(part.Text)
		case conversation.KindMedia:
			file, text, err := r.file(part.Media, &part.At, true)
			switch {
			case err != nil:
				return err
			case file != nil:
				p.files = append(p.files, file)
			case text != "":
				p.addLine(conversation.Quote(text))
			}
		}
	}
	return nil
}

// addLine adds text to a tool result.
func (p *piece) addLine(text conversation.Text) {
	if len(p.output) > 0 {
		p.output = append(p.output, lineBreak)
	}
	p.output = append(p.output, text)
}

// addSystem adds system text to the instruction that stands before the
// conversation (N13).
func (r *renderer) addSystem(parts []conversation.Part) {
	for i := range parts {
		switch p := &parts[i]; {
		case p.Kind != conversation.KindText:
			r.note("system", "only text can be system text; the rest was left out")
		case !p.Text.Empty():
			r.system = append(r.system, p.Text)
		}
	}
}

// Separators between pieces of one text.
var (
	lineBreak = conversation.Text(`"\n"`)
	blankLine = conversation.Text(`"\n\n"`)
)
