package jsonwalk

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Tally counts what a request holds, against the limits of package
// conversation. The zero value has counted nothing.
type Tally struct {
	messages, parts int
	// body is the size of the body in bytes; 0 sets no limit by size.
	body int
}

// Message counts a message. An error says that there are too many; where names
// the message that exceeds the limit.
func (t *Tally) Message(where func() string) error {
	if t.messages++; t.messages > conversation.MaxMessages {
		return TooMany(where(), conversation.MaxMessages, "messages")
	}
	return t.dense(where)
}

// Part counts a content part, or an entry of another list, in the same way.
func (t *Tally) Part(where func() string) error {
	if t.parts++; t.parts > conversation.MaxParts {
		return TooMany(where(), conversation.MaxParts, "content parts and list entries in all")
	}
	return t.dense(where)
}

// dense returns an error if there are more entries than the size of the body
// allows.
func (t *Tally) dense(where func() string) error {
	const free, each = conversation.FreeEntries, conversation.BytesPerEntry
	if t.body == 0 || t.messages+t.parts <= free+t.body/each {
		return nil
	}
	return tooLarge(where(), fmt.Sprintf("it has too many messages and content parts for its size; this gateway takes %d, and one more for each %d bytes", free, each))
}

// TooMany is the error for an entry at where that is one more than most of
// what.
func TooMany(where string, most int, what string) error {
	return tooLarge(where, fmt.Sprintf("this gateway takes at most %d %s", most, what))
}

func tooLarge(where, why string) error {
	return &conversation.Error{Kind: conversation.ErrTooLarge, Param: where, Message: where + ": the request is too large: " + why}
}
