package heal

import "github.com/heald-proxy/heald/policies/conversation"

// PeekResult is what a peek at the reply so far has found.
type PeekResult uint8

const (
	// PeekMore: nothing decisive yet; read more.
	PeekMore PeekResult = iota
	// PeekGood: an answer, or a final state the client should see: commit.
	PeekGood
	// PeekBad: this will not become an answer.
	PeekBad
)

// Peeked is what the parsed upstream frames have shown so far. It is made from
// upstream frames, never from converted output: a converter that always writes a
// start event would hide an empty stream.
type Peeked struct {
	// Content: some part that is content was seen; Answer: one that is not a
	// thought.
	Content, Answer bool
	// Finish is the finish seen, if any.
	Finish conversation.Finish
	// Held is the number of bytes of the frames held back.
	Held int
	// Ended: no more bytes will come.
	Ended bool
	// Stray: bytes came that are not part of a stream of answers.
	Stray bool
	// Again: an earlier attempt gave only thoughts, or this is the last one: then
	// thoughts alone count as an answer.
	Again bool
}

// Peek decides on a streamed reply under status 200. limit is the number of
// bytes that may be held. The reason is set if the result is PeekBad, which it
// is only at the end of the reply: content may follow a finish, as some models
// and proxies send one with every piece.
func Peek(g Peeked, limit int) (PeekResult, string) {
	switch {
	case g.Content:
		return PeekGood, ""
	case final(g.Finish):
		return PeekGood, ""
	case !g.Ended && g.Held > limit:
		return PeekGood, ""
	case !g.Ended:
		return PeekMore, ""
	case g.Finish == conversation.FinishSignature:
		return PeekBad, ReasonSignature
	case g.Finish == conversation.FinishMalformed:
		return PeekBad, ReasonPeekMalformed
	case g.Finish != conversation.FinishNone:
		return PeekBad, ReasonPeekNoContent
	case g.Stray:
		return PeekBad, ReasonPeekGarbage
	}
	return PeekBad, ReasonPeekEOF
}

// PeekWhole decides on a reply that is sent to the client as one document: the
// peek sees the whole reply, so every defect up to the last byte can be retried.
func PeekWhole(g Peeked) (PeekResult, string) {
	switch {
	case !g.Ended:
		return PeekMore, ""
	case Undone(g):
		g.Content = false // what there is is not an answer
	case !g.Content, final(g.Finish):
	case g.Finish == conversation.FinishNone:
		return PeekBad, ReasonPeekTruncated
	case !g.Answer && !g.Again:
		return PeekBad, ReasonPeekThoughts
	}
	return Peek(g, 0)
}

// Undone reports a finish that invalidates what came before it: a call that
// could not be parsed, a refused history, or an unknown end after nothing but
// thoughts.
func Undone(g Peeked) bool {
	switch g.Finish {
	case conversation.FinishMalformed, conversation.FinishSignature:
		return true
	case conversation.FinishOther:
		return !g.Answer
	}
	return false
}

// final reports a finish that completes an answer even without parts: a refusal,
// or a limit that the thoughts have used up.
func final(f conversation.Finish) bool {
	switch f {
	case conversation.FinishLength, conversation.FinishWindow,
		conversation.FinishRefused, conversation.FinishBlocked, conversation.FinishPause:
		return true
	}
	return false
}
