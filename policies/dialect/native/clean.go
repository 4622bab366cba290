package native

import (
	"bytes"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Cleaner takes out of an answer's frames what is no business of the client's.
// It is for one goroutine.
type Cleaner struct {
	rewriter
	note, hide func(text string) string
	noted, hid known
}

// NewCleaner makes a Cleaner. note says what is left of a text that upstream has
// worded itself, hide of any other string but those of the model.
func NewCleaner(note, hide func(text string) string) *Cleaner {
	return &Cleaner{note: note, hide: hide, noted: known{}, hid: known{}}
}

// known are strings with nothing to take out, as they stand in JSON: most come
// with every frame, such as the id and the name of the model.
type known map[string]struct{}

// Bounds on what is known: of the entries, and of the bytes of one.
const (
	mostKnown    = 64
	longestKnown = 128
)

// Clean returns what is left of a frame, the frame itself if there is nothing
// to take out. It was decoded before, so it is valid; of a broken one nothing is
// left.
func (c *Cleaner) Clean(frame []byte) []byte {
	c.edits = c.edits[:0]
	c.reset(bytes.TrimPrefix(frame, []byte("\ufeff")))
	if err := c.array(c.response); err != nil {
		return nil
	}
	if len(c.edits) == 0 {
		return frame
	}
	return c.result()
}

func (c *Cleaner) response() error {
	return c.object(func(name []byte) error {
		if string(name) == "candidates" {
			return c.array(c.candidate)
		}
		return c.member(name)
	})
}

func (c *Cleaner) candidate() error {
	return c.object(func(name []byte) error {
		if string(name) != "content" {
			return c.member(name)
		}
		return c.object(func(name []byte) error {
			if string(name) == "parts" {
				return c.skip() // the model's words
			}
			return c.member(name)
		})
	})
}

// member cleans the strings in a member. Numbers are worth no look.
func (c *Cleaner) member(name []byte) error {
	clean, seen := c.hide, c.hid
	switch string(name) {
	case "finishMessage", "finish_message", "blockReasonMessage", "block_reason_message", "responseId", "response_id":
		clean, seen = c.note, c.noted
	}
	switch c.kind() {
	case '{':
		return c.object(c.member)
	case '[':
		return c.array(func() error { return c.member(name) })
	case '"':
		v, err := c.value()
		if err != nil {
			return err
		}
		if _, ok := seen[string(v)]; ok {
			return nil
		}
		text := string(jsonwalk.Chars(v))
		if cleaned := clean(text); cleaned != text {
			c.replace(c.at()-len(v), c.at(), quoted(cleaned))
		} else if len(seen) < mostKnown && len(v) <= longestKnown {
			seen[string(v)] = struct{}{}
		}
		return nil
	}
	return c.skip()
}
