package native

import (
	"bytes"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Clean takes out of a frame what is no business of the client's: note says
// what is left of a text that upstream has worded itself, hide of any other
// string but those of the model. A frame with nothing to take out is returned
// as it is. It was decoded before, so it is valid; of a broken one nothing is
// left.
func Clean(frame []byte, note, hide func(text string) string) []byte {
	c := cleaner{note: note, hide: hide}
	c.reset(bytes.TrimPrefix(frame, []byte("\ufeff")))
	if err := c.array(c.response); err != nil {
		return nil
	}
	if len(c.edits) == 0 {
		return frame
	}
	return c.result()
}

// cleaner cleans one frame.
type cleaner struct {
	rewriter
	note, hide func(text string) string
}

func (c *cleaner) response() error {
	return c.object(func(name []byte) error {
		if string(name) == "candidates" {
			return c.array(c.candidate)
		}
		return c.member(name)
	})
}

func (c *cleaner) candidate() error {
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
func (c *cleaner) member(name []byte) error {
	clean := c.hide
	switch string(name) {
	case "finishMessage", "finish_message", "blockReasonMessage", "block_reason_message", "responseId", "response_id":
		clean = c.note
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
		text := string(jsonwalk.Chars(v))
		if cleaned := clean(text); cleaned != text {
			c.replace(c.at()-len(v), c.at(), quoted(cleaned))
		}
		return nil
	}
	return c.skip()
}
