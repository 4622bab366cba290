package jsonwalk

import (
	"errors"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestTally(t *testing.T) {
	const free = conversation.FreeEntries
	for _, c := range []struct {
		name                  string
		body, messages, parts int
		ok                    bool
	}{
		{"all messages", 1 << 20, conversation.MaxMessages, 0, true},
		{"one message more", 1 << 20, conversation.MaxMessages + 1, 0, false},
		{"all parts", 1 << 20, 0, conversation.MaxParts, true},
		{"one part more", 1 << 20, 0, conversation.MaxParts + 1, false},
		{"both", 2 << 20, conversation.MaxMessages, conversation.MaxParts, true},
		{"short ones", 1, 1, free - 1, true},
		{"too many short ones", 1, 1, free, false},
		{"too many for the size", 48 * 1000, free, 1001, false},
		{"right for the size", 48 * 1000, free, 1000, true},
		{"no size", 0, free, 1001, true},
	} {
		tally, err := Tally{body: c.body}, error(nil)
		here := func() string { return "here" }
		for range c.messages {
			err = errors.Join(err, tally.Message(here))
		}
		for range c.parts {
			err = errors.Join(err, tally.Part(here))
		}
		var e *conversation.Error
		if ok := err == nil; ok != c.ok || !ok && (!errors.As(err, &e) || e.Kind != conversation.ErrTooLarge || e.Param != "here") {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
