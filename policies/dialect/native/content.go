package native

import (
	"bytes"
	"fmt"
	"iter"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/gemini"
)

// contents repairs each part of the conversation by itself. r.fit checks
// whether the parts fit together.
func (r *repair) contents() error {
	before := r.at()
	err := r.elements(func(i int) (outcome, error) {
		if err := r.opts.CheckClient(); err != nil {
			return cut, err
		}
		r.content = i
		if r.mended {
			return keep, r.oneContent()
		}
		if err := r.tally.Message(func() string { return fmt.Sprintf("contents[%d]", i) }); err != nil {
			return keep, err
		}
		return keep, r.oneContent()
	}, nil)
	r.lists++
	r.span.to = r.at()
	r.span.from = r.at() - len(bytes.TrimLeft(r.text[before:r.at()], ": \t\r\n"))
	return err
}

// insert adds an element or member at the end of a list.
func (r *repair) insert(at int, full bool, with string) {
	if full {
		with = "," + with
	}
	r.replace(at, at, with)
}

// contentSeen is what a content holds.
type contentSeen struct{ calls, answers int }

// oneContent repairs a content. Its role is settled last, as it may stand
// behind the parts.
func (r *repair) oneContent() error {
	if r.kind() != '{' {
		r.odd = true
	}
	var s contentSeen
	var role, right string
	from, to := 0, 0 // of the role's value
	err := r.members(func(_ int, name []byte) (outcome, error) {
		switch string(name) {
		case "role":
			v, err := r.value()
			if err != nil {
				return cut, err
			}
			role, from, to = string(jsonwalk.Chars(v)), r.at()-len(v), r.at()
			return keep, nil
		case "parts":
			return keep, r.parts(&s)
		}
		r.odd = true
		return keep, r.files(fmt.Sprintf("contents[%d].%s", r.content, jsonwalk.Shorten(name)))
	}, func(it items) {
		right = r.role(role, &s)
		switch at, full := it.end(); {
		case right == role:
		case to > 0:
			r.replace(from, to, quoted(right))
		default:
			r.insert(at, full, `"role":`+quoted(right))
		}
	})
	if err != nil {
		return err
	}
	r.fit.EndContent(right == "model")
	if r.history != nil {
		r.history.EndContent(right == "model")
	}
	return nil
}

// role returns the role that a content must have. AI Studio takes one without
// for the user's; Vertex AI refuses it.
func (r *repair) role(role string, s *contentSeen) string {
	calls := s.calls > 0 && s.answers == 0
	right := "user"
	switch {
	case role == "user" || role == "model" || role == "" && !r.vertex && !calls:
		return role
	case calls || s.answers == 0 && role == "assistant":
		right = "model"
	}
	if role != "" && s.answers == 0 {
		r.warn(fmt.Sprintf("contents[%d].role", r.content), "roles are user and model; this was taken for "+right)
	}
	return right
}

// parts repairs the parts of a content.
func (r *repair) parts(s *contentSeen) error {
	if k := r.kind(); k != '[' && k != '{' && k != 'n' {
		r.odd = true
	}
	return r.elements(func(i int) (outcome, error) {
		r.part = i
		if r.mended {
			return r.onePart(s)
		}
		if err := r.tally.Part(func() string { return fmt.Sprintf("contents[%d].parts[%d]", r.content, i) }); err != nil {
			return keep, err
		}
		return r.onePart(s)
	}, nil)
}

// where names a member of the part being read.
func (r *repair) where(field string) string {
	return fmt.Sprintf("contents[%d].parts[%d].%s", r.content, r.part, field)
}

// mend reads body again and returns it with a history that upstream takes; nil
// if no content is left.
func mend(req *conversation.Request, body []byte, target gemini.Target, opts gemini.Options) ([]byte, error) {
	r, warned := newRepair(req, target, opts), len(req.Warnings)
	if req.FieldNames == nil {
		req.FieldNames = fieldNames
	}
	r.history = gemini.NewNativeHistory(req, target, opts)
	if err := r.read(body); err != nil {
		return nil, err
	}
	req.Warnings = req.Warnings[:warned] // the warnings were given before
	return r.withHistory(body), nil
}

// withHistory returns body with a history that upstream takes, in place of the
// one at span; nil if no content is left.
func (r *repair) withHistory(body []byte) []byte {
	out := append(make([]byte, 0, len(body)+len(body)/8), body[:r.span.from]...)
	open := len(out)
	out = append(out, '[')
	r.history.Mended(func(model bool, parts iter.Seq[gemini.NativePart]) {
		if len(out) > open+1 {
			out = append(out, ',')
		}
		role := "user"
		if model {
			role = "model"
		}
		out = append(append(append(out, `{"role":"`...), role...), `","parts":[`...)
		for p := range parts {
			out = append(append(out, r.fitted(&p)...), ',')
		}
		out = append(bytes.TrimSuffix(out, []byte(",")), `]}`...)
	})
	if len(out) == open+1 {
		return nil
	}
	return append(append(out, ']'), body[r.span.to:]...)
}
