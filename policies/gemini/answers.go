package gemini

import (
	"math"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
)

// missingResult is the answer to a call that the client never answered, as
// after an interruption.
var missingResult = conversation.Quote("tool result missing")

// pairAnswers puts after every model turn with calls a user turn with one
// answer for each, in the order of the calls and nothing beside (N4, N6).
// Answers that belong to no call become text (N5); what else the user said
// follows in a turn of its own, but see inlineReminders (N7).
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
			if rest = append(loose, rest...); len(rest) > 0 {
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
	type place struct{ turn, piece int }
	answers, calls := map[string][]place{}, map[string][]int{}
	for i, t := range turns {
		for j := range t.pieces {
			switch p := &t.pieces[j]; p.kind {
			case conversation.KindResult:
				answers[p.id] = append(answers[p.id], place{i, j})
			case conversation.KindCall:
				calls[p.id] = append(calls[p.id], i)
			}
		}
	}
	paired := make([][]piece, len(turns))
	for i, t := range turns {
		for j := range t.pieces {
			call := &t.pieces[j]
			if call.kind != conversation.KindCall {
				continue
			}
			until := math.MaxInt
			if later := calls[call.id][1:]; len(later) > 0 {
				until = later[0]
			}
			calls[call.id] = calls[call.id][1:]
			answer := piece{kind: conversation.KindResult, failed: true, output: []conversation.Text{missingResult}}
			seen := 0
			list := answers[call.id]
			for ; len(list) > 0 && list[0].turn < until; list = list[1:] {
				if list[0].turn < i {
					continue // before its call: an orphan
				}
				found := &turns[list[0].turn].pieces[list[0].piece]
				answer, found.taken = *found, true
				if seen++; seen == 2 {
					r.warn(found.at, "a call was answered twice; the last answer counts")
				}
			}
			answers[call.id] = list
			answer.id, answer.name = call.id, call.name
			paired[i] = append(paired[i], answer)
		}
	}
	return paired
}

// unpaired returns the pieces that are no answers, with orphans as text (N5).
func (r *renderer) unpaired(pieces []piece) []piece {
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
			text := append([]conversation.Text{conversation.Quote("[tool result " + label + "] ")}, p.output...)
			rest = append(rest, piece{kind: conversation.KindText, text: conversation.Join("", text...), at: p.at})
			for _, f := range p.files {
				rest = append(rest, piece{kind: conversation.KindMedia, media: f, at: p.at})
			}
		}
	}
	return rest
}

// giveIDs makes the ids of the calls in a turn unique, and gives ids to calls
// that have none and to their answers in the turn after. What it makes depends
// on the position alone, so that the same history renders the same.
func (r *renderer) giveIDs(turns []turn) {
	used := map[string]bool{}
	for i := range turns {
		for _, p := range turns[i].pieces {
			used[p.id] = true
		}
	}
	for i := range turns {
		if !turns[i].model {
			continue
		}
		open := openCalls{byID: map[string][]*piece{}, byName: map[string][]*piece{}}
		here := map[string]bool{}
		changed := false
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
				p.id, used[id], changed = id, true, true
			}
			here[p.id] = true
		}
		if i+1 == len(turns) {
			return
		}
		for j := range turns[i+1].pieces {
			if p := &turns[i+1].pieces[j]; p.kind == conversation.KindResult && (changed || p.id == "") {
				open.answer(p)
			}
		}
	}
}

// openCalls are the calls of one turn that wait for their answers, by what an
// answer may name them.
type openCalls struct {
	byID, byName map[string][]*piece
	all          []*piece
}

func (o *openCalls) add(call *piece) {
	o.byID[call.id] = append(o.byID[call.id], call)
	o.byName[call.name] = append(o.byName[call.name], call)
	o.all = append(o.all, call)
}

// answer gives a the id of the first waiting call that it may belong to: by
// its id, or else by its name, or else by its place.
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
