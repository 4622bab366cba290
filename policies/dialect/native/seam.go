package native

import (
	"bytes"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Seam makes the frames of a continuation fit to follow those that the client
// has. It is for one goroutine.
type Seam struct {
	rewriter
	drop  int
	usage conversation.Usage
}

// Fit returns a frame without the first drop bytes of its text, which the
// client has, and without thoughts, which would interrupt the text. The
// signature of a text is removed too, since the text is from two replies. usage
// takes the place of the frame's own where that is known. The frame was decoded
// before, so it is valid; of a broken one nothing is left.
func (s *Seam) Fit(frame []byte, drop int, usage conversation.Usage) []byte {
	s.edits, s.stack, s.entries = s.edits[:0], s.stack[:0], 0
	s.drop, s.usage = drop, usage
	s.reset(bytes.TrimPrefix(frame, []byte("\ufeff")))
	if err := s.array(s.response); err != nil {
		return nil
	}
	return s.result()
}

func (s *Seam) response() error {
	return s.object(func(name []byte) error {
		switch string(canonical(name)) {
		case "candidates":
			return s.array(func() error {
				return s.object(func(name []byte) error {
					if string(name) == "content" {
						return s.object(s.content)
					}
					return s.skip()
				})
			})
		case "usageMetadata":
			v, err := s.value()
			if err == nil && v.Kind() == '{' && s.usage.Known {
				s.replace(s.at()-len(v), s.at(), usageMetadata(s.usage))
			}
			return err
		}
		return s.skip()
	})
}

func (s *Seam) content(name []byte) error {
	if string(name) != "parts" {
		return s.skip()
	}
	return s.elements(func(int) (outcome, error) { return s.part() }, nil)
}

func (s *Seam) part() (outcome, error) {
	v, err := s.value()
	if err != nil {
		return cut, err
	}
	p, texts := partOf(v), false
	var in scan
	in.reset(v)
	_ = in.object(func(name []byte) error {
		texts = texts || string(name) == "text"
		return in.skip()
	})
	switch {
	case p.thought:
		return cut, nil
	case !texts:
		return keep, nil
	}
	text := string(jsonwalk.Chars([]byte(`"` + string(p.text) + `"`)))
	n := min(s.drop, len(text))
	s.drop -= n
	if text = text[n:]; text == "" {
		return cut, nil
	}
	if n > 0 || !p.run {
		s.replace(s.at()-len(v), s.at(), `{"text":`+quoted(text)+`}`)
	}
	return keep, nil
}

// usageMetadata are counts in the form of the API, where the output is counted
// apart from the thoughts.
func usageMetadata(u conversation.Usage) string {
	out := `{"promptTokenCount":` + strconv.Itoa(u.Input) + `,"candidatesTokenCount":` + strconv.Itoa(u.Output-u.Thoughts)
	if u.Thoughts > 0 {
		out += `,"thoughtsTokenCount":` + strconv.Itoa(u.Thoughts)
	}
	if u.Cached > 0 {
		out += `,"cachedContentTokenCount":` + strconv.Itoa(u.Cached)
	}
	return out + `,"totalTokenCount":` + strconv.Itoa(u.Input+u.Output) + `}`
}
