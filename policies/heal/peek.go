package heal

import "github.com/heald-proxy/heald/policies/conversation"

// Look says what a peek at the reply so far has found.
type Look uint8

const (
	// LookOn: nothing that counts yet; read further.
	LookOn Look = iota
	// LookGood: an answer, or a final state the client should see: commit.
	LookGood
	// LookBad: no answer will come of this.
	LookBad
)

// Glimpse is what the parsed upstream frames have shown so far. It is made
// from upstream frames, never from converted output: a converter that always
// writes a start event would hide an empty stream.
type Glimpse struct {
	// Content: some part that is content was seen; Answer: one that is no
	// thought.
	Content, Answer bool
	// Finish is the finish seen, if any.
	Finish conversation.Finish
	// Held is the number of bytes of the frames held back.
	Held int
	// Ended: no more bytes will come.
	Ended bool
	// Stray: bytes came that are no stream of answers.
	Stray bool
	// Again: an earlier attempt brought thoughts alone, or there will be no
	// other: then thoughts alone are the answer.
	Again bool
}

// Peek judges a streamed reply under status 200. limit is the number of bytes
// that may be held. The reason is set when the look is bad, and that is only at
// the end: content may follow a finish, as some models and proxies send one with
// every piece.
func Peek(g Glimpse, limit int) (Look, string) {
	switch {
	case g.Content:
		return LookGood, ""
	case final(g.Finish):
		return LookGood, ""
	case !g.Ended && g.Held > limit:
		return LookGood, ""
	case !g.Ended:
		return LookOn, ""
	case g.Finish == conversation.FinishSignature:
		return LookBad, ReasonSignature
	case g.Finish == conversation.FinishMalformed:
		return LookBad, ReasonPeekMalformed
	case g.Finish != conversation.FinishNone:
		return LookBad, ReasonPeekNoContent
	case g.Stray:
		return LookBad, ReasonPeekGarbage
	}
	return LookBad, ReasonPeekEOF
}

// PeekWhole judges a reply that goes to the client as one document: the whole
// reply is the peek, so every defect up to the last byte can be retried.
func PeekWhole(g Glimpse) (Look, string) {
	switch {
	case !g.Ended:
		return LookOn, ""
	case Undone(g):
		g.Content = false // what there is does not count
	case !g.Content, final(g.Finish):
	case g.Finish == conversation.FinishNone:
		return LookBad, ReasonPeekTruncated
	case !g.Answer && !g.Again:
		return LookBad, ReasonPeekThoughts
	}
	return Peek(g, 0)
}

// Undone reports a finish that undoes what came before it: a call that could not
// be parsed, a refused history, or an unknown end after nothing but thoughts.
func Undone(g Glimpse) bool {
	switch g.Finish {
	case conversation.FinishMalformed, conversation.FinishSignature:
		return true
	case conversation.FinishOther:
		return !g.Answer
	}
	return false
}

// final reports a finish that is a true answer even without parts: a refusal,
// or a limit that the thoughts have used up.
func final(f conversation.Finish) bool {
	switch f {
	case conversation.FinishLength, conversation.FinishWindow,
		conversation.FinishRefused, conversation.FinishBlocked, conversation.FinishPause:
		return true
	}
	return false
}
