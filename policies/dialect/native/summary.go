package native

import (
	"errors"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// errSummary ends the reading of a body that Repair will refuse.
var errSummary = errors.New("too many entries")

// Summary returns the little of a body that side requests of agents are
// recognized by: the system text, whether there are tools, the output limit,
// how many answers are wanted, how many contents there are, and the texts of
// the last one. For a broken body it returns what precedes the fault: Repair
// refuses such a body.
func (d *Dialect) Summary(body []byte) *conversation.Request {
	req := &conversation.Request{}
	var s scan
	s.reset(jsonwalk.Sanitize(body))
	_ = s.object(func(name []byte) error {
		switch string(name) {
		case "contents":
			var last jsontext.Value
			err := s.array(func() (err error) {
				if len(req.Messages) == conversation.MaxMessages {
					return errSummary
				}
				req.Messages = append(req.Messages, conversation.Message{})
				last, err = s.value()
				return err
			})
			if n := len(req.Messages); n > 0 {
				req.Messages[n-1] = contentSummary(last)
			}
			return err
		case "systemInstruction", "system_instruction":
			v, err := s.value()
			req.System = contentSummary(v).Parts
			return err
		case "tools":
			return s.array(func() error {
				if len(req.Tools) == conversation.MaxTools {
					return errSummary
				}
				req.Tools = append(req.Tools, conversation.Tool{})
				return s.skip()
			})
		case "generationConfig", "generation_config":
			return s.object(func(name []byte) error {
				v, err := s.value()
				n, bad := strconv.Atoi(numeral(v))
				if bad != nil {
					return err
				}
				switch string(name) {
				case "maxOutputTokens", "max_output_tokens":
					req.Limits.MaxTokens = &n
				case "candidateCount", "candidate_count":
					req.Limits.Candidates = n
				}
				return err
			})
		}
		return s.skip()
	})
	return req
}

// contentSummary reads the texts of a content. Any other part stands as media.
func contentSummary(v jsontext.Value) conversation.Message {
	m := conversation.Message{Role: conversation.User}
	if v.Kind() == '"' {
		m.Parts = []conversation.Part{{Kind: conversation.KindText, Text: conversation.Text(v)}}
		return m
	}
	var s scan
	s.reset(v)
	_ = s.object(func(name []byte) error {
		switch string(name) {
		case "role":
			role, err := s.value()
			if string(jsonwalk.Chars(role)) == "model" {
				m.Role = conversation.Model
			}
			return err
		case "parts":
			return s.array(func() error {
				if len(m.Parts) == conversation.MaxParts {
					return errSummary
				}
				v, err := s.value()
				p := conversation.Part{Kind: conversation.KindMedia}
				if found := partOf(v); found.run {
					p.Kind, p.Text = conversation.KindText, conversation.Text(`"`+string(found.text)+`"`)
				}
				m.Parts = append(m.Parts, p)
				return err
			})
		}
		return s.skip()
	})
	return m
}
