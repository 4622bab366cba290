package gemini

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// normalise turns whatever history the client sent into turns that the API
// accepts. The steps, by the names that the tests use:
//
//	N1  no empty part                     turns
//	N2  the first turn is the user's      firstUser
//	N3  no two turns of one side, but for
//	    answers, which stand alone        turns, mergeTurns
//	N4  every call has one answer in the
//	    next turn, in order               pairAnswers
//	N5  an answer without call is text    unpaired
//	N6  answers stand alone               pairAnswers
//	N7  injected text after answers       inlineReminders
//	N8  media in answers                  looseFiles
//	N9  answers are text                  answer
//	N10 arguments are an object           objectArgs
//	N11 parts keep their order            turns
//	N12 the last turn is the user's       lastUser
//	N13 system text                       addSystem, wrapReminder
//	N14 function names                    newNames
//	N15 no function twice                 declare
//	N16 not too many functions            declare
//	N17 the same bytes for the same input everywhere
//	N18 parts in the wrong role           place
//
// A server-side tool's call and result are replayed together or not at all
// (pairServerTools).
func (r *renderer) normalise() ([]turn, error) {
	r.addSystem(r.req.System)
	turns, err := r.turns()
	if err != nil {
		return nil, err
	}
	pairServerTools(turns)
	turns = mergeTurns(r.pairAnswers(turns))
	if len(turns) == 0 && r.countsRest() {
		turns = []turn{{pieces: []piece{textPiece(goesOn)}}}
	}
	if len(turns) == 0 {
		return nil, r.invalid("messages", "at least one message with content is required")
	}
	return r.settle(turns), nil
}

// settle mends the beginning and the end of a history, which is not empty, and
// signs it.
func (r *renderer) settle(turns []turn) []turn {
	turns = firstUser(turns)
	turns = r.lastUser(turns)
	if r.opts.StripSignatures && r.opts.RepairPrompt != "" {
		turns = addPrompt(turns, textPiece(r.opts.RepairPrompt))
	}
	r.placeSignatures(turns)
	return turns
}

// mergeTurns joins neighbors of one side (N3). Beside answers nothing may
// stand: mixed content makes the model answer with nothing.
func mergeTurns(turns []turn) []turn {
	out := turns[:0]
	for _, t := range turns {
		n := len(out)
		if n > 0 && out[n-1].model == t.model && !out[n-1].answers() && !t.answers() {
			out[n-1].pieces = append(out[n-1].pieces, t.pieces...)
			continue
		}
		out = append(out, t)
	}
	return out
}

// goesOn is the text of a user turn that the API requires and the client did
// not send.
const goesOn = "(conversation continues)"

// countsRest reports whether only the tokens of instructions and tools are to
// be counted.
func (r *renderer) countsRest() bool {
	return r.opts.Operation == conversation.CountTokens && (len(r.system) > 0 || len(r.req.Tools) > 0)
}

// firstUser puts a user turn before a history that begins with the model (N2).
func firstUser(turns []turn) []turn {
	if !turns[0].model {
		return turns
	}
	return append([]turn{{pieces: []piece{textPiece(goesOn)}}}, turns...)
}

// lastUser turns a model turn at the end, a prefill, into a prompt of the user
// where the model would refuse it (N12).
func (r *renderer) lastUser(turns []turn) []turn {
	last := turns[len(turns)-1]
	if !last.model || !r.can.NoTrailingModel {
		return turns
	}
	var texts []conversation.Text
	own := false
	for _, p := range last.pieces {
		switch p.kind {
		case conversation.KindText:
			texts = append(texts, p.text)
		case conversation.KindThought:
		default:
			own = true
		}
	}
	r.note("messages", "the model does not continue an assistant message; it was asked to in words")
	if own { // files, code and the like cannot be quoted
		return append(turns, turn{pieces: []piece{textPiece("Continue your previous message; output only the continuation.")}})
	}
	prompt := conversation.Join("",
		conversation.Quote("Continue your previous message, which so far reads:\n\n"),
		conversation.Join("", texts...),
		conversation.Quote("\n\nOutput only the continuation."))
	asked := turn{pieces: []piece{literalPiece(prompt)}}
	return mergeTurns(append(turns[:len(turns)-1], asked))
}

// addPrompt adds p to the last user turn; after answers as a turn of its own.
func addPrompt(turns []turn, p piece) []turn {
	i := len(turns) - 1
	if turns[i].model { // a prefill; the user's turn is before it
		i--
	}
	if turns[i].answers() {
		return slices.Insert(turns, i+1, turn{pieces: []piece{p}})
	}
	turns[i].pieces = append(turns[i].pieces, p)
	return turns
}
