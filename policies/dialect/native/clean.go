package native

import (
	"bytes"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Cleaner removes from an answer's frames what the client must not see. It is
// for one goroutine.
type Cleaner struct {
	rewriter
	note, hide func(text string) string
	noted, hid known
}

// NewCleaner makes a Cleaner. note returns what is left of a text that upstream
// wrote, hide what is left of any other string; the model's text is not
// touched.
func NewCleaner(note, hide func(text string) string) *Cleaner {
	return &Cleaner{note: note, hide: hide, noted: known{}, hid: known{}}
}

// known are JSON strings that need no cleaning: most come with every frame,
// such as the id and the name of the model.
type known map[string]struct{}

// Bounds on known: the number of entries, and the bytes of one.
const (
	mostKnown    = 64
	longestKnown = 128
)

// Clean returns what is left of a frame, the frame itself if there is nothing
// to remove. It was decoded before, so it is valid; of a broken one nothing is
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

// member cleans the strings in a member. Numbers need no cleaning.
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
