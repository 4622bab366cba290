package gemini

import (
	"slices"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// missingResult is the answer to a call that the client never answered, for
// example after an interruption.
var missingResult = []conversation.Text{conversation.Quote("tool result missing")}

// pairAnswers puts after every model turn with calls a user turn with one
// answer for each, in the order of the calls and nothing else (N4, N6). Answers
// that belong to no call become text (N5); what else the user said follows in a
// turn of its own, but see inlineReminders (N7).
func (r *renderer) pairAnswers(turns []turn) []turn {
	r.giveIDs(turns)
	paired := r.matchAnswers(turns)
	out := make([]turn, 0, len(turns)+len(turns)/2+1)
	var loose []piece // files of the answers just written
	for i, t := range turns {
		if !t.model {
			rest := r.unpaired(t.pieces)
			if i > 0 && len(paired[i-1]) > 0 {
				rest = r.inlineReminders(&out[len(out)-1], rest)
			}
			if len(loose) > 0 {
				rest = append(loose, rest...)
			}
			if len(rest) > 0 {
				out = append(out, turn{pieces: rest})
			}
			loose = nil
			continue
		}
		out = append(out, t)
		if len(paired[i]) == 0 {
			continue
		}
		loose = r.looseFiles(paired[i])
		out = append(out, turn{pieces: paired[i]})
	}
	if len(loose) > 0 {
		out = append(out, turn{pieces: loose})
	}
	return out
}

// matchAnswers returns the answers to the calls of each turn. An id counts
// from its call to the next call of the same id: clients repeat ids across
// turns. Of several answers the last counts.
func (r *renderer) matchAnswers(turns []turn) [][]piece {
	type place struct{ turn, call int32 }
	open := map[string]place{} // the latest call of each id
	paired := make([][]piece, len(turns))
	for i, t := range turns {
		if t.model {
			paired[i] = make([]piece, 0, countCalls(t.pieces))
		}
		for j := range t.pieces {
			switch p := &t.pieces[j]; p.kind {
			case conversation.KindCall:
				open[p.id] = place{int32(i), int32(len(paired[i]))} //nolint:gosec // there are few messages
				paired[i] = append(paired[i], piece{kind: conversation.KindResult})
			case conversation.KindResult:
				at, ok := open[p.id]
				if !ok {
					continue // before its call, or without one: an orphan
				}
				answer := &paired[at.turn][at.call]
				if answer.pieceData != nil {
					r.warn(p.at, "a call was answered twice; the last answer counts")
				}
				*answer, p.taken = *p, true
			}
		}
	}
	for i, t := range turns {
		n := 0
		for j := range t.pieces {
			call := &t.pieces[j]
			if call.kind != conversation.KindCall {
				continue
			}
			answer := &paired[i][n]
			if n++; answer.pieceData == nil { // there is none
				call.output = missingResult
				answer.failed, answer.pieceData = true, call.pieceData
			}
			answer.id, answer.name = call.id, call.name
		}
	}
	return paired
}

func countCalls(pieces []piece) (n int) {
	for i := range pieces {
		if pieces[i].kind == conversation.KindCall {
			n++
		}
	}
	return n
}

// unpaired returns the pieces that are no answers, with orphans as text (N5).
func (r *renderer) unpaired(pieces []piece) []piece {
	if !slices.ContainsFunc(pieces, func(p piece) bool { return p.kind == conversation.KindResult }) {
		return pieces
	}
	rest := make([]piece, 0, len(pieces))
	for i := range pieces {
		p := &pieces[i]
		switch {
		case p.taken:
		case p.kind != conversation.KindResult:
			rest = append(rest, *p)
		default:
			r.warn(p.at, "a tool result without its call became text")
			label := p.name
			if label == "" {
				label = p.id
			}
			if p.native {
				p.output = []conversation.Text{responseText(conversation.Raw(p.text))}
			}
			text := append([]conversation.Text{conversation.Quote("[tool result " + label + "] ")}, p.output...)
			orphan := literalPiece(conversation.Join("", text...))
			orphan.at = p.at
			rest = append(rest, orphan)
			for _, f := range p.files {
				rest = append(rest, mediaPiece(f, p.at))
			}
		}
	}
	return rest
}

// giveIDs makes the ids of the calls in a turn unique, and gives ids to calls
// that have none and to their answers in the turn after. A new id depends on the
// position alone, so that the same history renders the same.
func (r *renderer) giveIDs(turns []turn) {
	var used map[string]bool // all ids; nil until one must be made
	for i := range turns {
		if !turns[i].model {
			continue
		}
		var next []piece
		if i+1 < len(turns) {
			next = turns[i+1].pieces
		}
		again := repeatsIDs(turns[i].pieces)
		if !again && !slices.ContainsFunc(next, lacksID) {
			continue
		}
		if again && used == nil {
			used = idsOf(turns)
		}
		open := newOpenCalls(next)
		here := map[string]bool{}
		for j := range turns[i].pieces {
			p := &turns[i].pieces[j]
			if p.kind != conversation.KindCall {
				continue
			}
			open.add(p)
			if p.id == "" || here[p.id] {
				id := "call_" + strconv.Itoa(i) + "_" + strconv.Itoa(j)
				for used[id] {
					id += "_"
				}
				p.id, used[id] = id, true
			}
			here[p.id] = true
		}
		for j := range next {
			if p := &next[j]; p.kind == conversation.KindResult && (again || p.id == "") {
				open.answer(p)
			}
		}
	}
}

// idsOf are the ids of all calls and answers.
func idsOf(turns []turn) map[string]bool {
	ids := map[string]bool{}
	for i := range turns {
		for j := range turns[i].pieces {
			ids[turns[i].pieces[j].id] = true
		}
	}
	return ids
}

// repeatsIDs reports whether two calls have one id, or one has none.
func repeatsIDs(pieces []piece) bool {
	var here map[string]bool
	first := ""
	for i := range pieces {
		p := &pieces[i]
		switch {
		case p.kind != conversation.KindCall:
			continue
		case p.id == "" || p.id == first || here[p.id]:
			return true
		case first == "":
			first = p.id // most turns have one call, for which no map is made
			continue
		case here == nil:
			here = map[string]bool{}
		}
		here[p.id] = true
	}
	return false
}

// lacksID reports whether p is an answer without an id.
func lacksID(p piece) bool { return p.kind == conversation.KindResult && p.id == "" }

// openCalls are the calls of one turn that wait for their answers, by id and by
// name.
type openCalls struct {
	byID, byName map[string][]*piece
	bare         map[string][]*piece // by name, those that came without an id
	all          []*piece
}

// newOpenCalls makes an openCalls for the answers in the next turn; nil if there
// are none.
func newOpenCalls(next []piece) *openCalls {
	if !slices.ContainsFunc(next, func(p piece) bool { return p.kind == conversation.KindResult }) {
		return nil
	}
	return &openCalls{byID: map[string][]*piece{}, byName: map[string][]*piece{}, bare: map[string][]*piece{}}
}

func (o *openCalls) add(call *piece) {
	if o == nil {
		return
	}
	o.byID[call.id] = append(o.byID[call.id], call)
	o.byName[call.name] = append(o.byName[call.name], call)
	if call.id == "" {
		o.bare[call.name] = append(o.bare[call.name], call)
	}
	o.all = append(o.all, call)
}

// answer gives a the id of the first waiting call that it may belong to: by its
// id, else by its name, else by its position. A call that came without an id
// may have an answer with one.
func (o *openCalls) answer(a *piece) {
	list, key := o.byID, a.id
	switch {
	case a.id == "" && a.name != "":
		list, key = o.byName, a.name
	case a.id == "":
		if o.all = waiting(o.all); len(o.all) > 0 {
			o.take(o.all[0], a)
		}
		return
	}
	if a.id != "" && len(list[key]) == 0 {
		list, key = o.bare, a.name
	}
	if list[key] = waiting(list[key]); len(list[key]) > 0 {
		o.take(list[key][0], a)
	}
}

func (o *openCalls) take(call, a *piece) { a.id, call.taken = call.id, true }

// waiting drops the calls at the front that have their answer.
func waiting(calls []*piece) []*piece {
	for len(calls) > 0 && calls[0].taken {
		calls = calls[1:]
	}
	return calls
}
