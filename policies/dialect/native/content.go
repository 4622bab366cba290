package native

import (
	"fmt"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// contents repairs the conversation.
func (r *repair) contents() error {
	r.steps = steps{everywhere: r.opts.StripSignatures}
	r.listed = r.kind() == '['
	err := r.elements(func(i int) (fate, error) {
		if err := r.opts.Wanted(); err != nil {
			return cut, err
		}
		r.content = i
		if err := r.tally.Message(func() string { return fmt.Sprintf("contents[%d]", i) }); err != nil {
			return keep, err
		}
		return keep, r.oneContent()
	}, r.lastWord)
	if err == nil {
		r.placeholders()
	}
	return err
}

// resume asks a model that refuses to be given the beginning of its answer to
// go on all the same.
const resume = "Continue your previous message exactly where it ends. Write only the continuation."

// lastWord adds what must be said at the end of the contents, in a content of
// its own: beside answers, text gives empty replies.
func (r *repair) lastWord(it items) {
	text := ""
	switch {
	case r.opts.StripSignatures && r.opts.RepairPrompt != "":
		text = r.opts.RepairPrompt
	case r.can.NoTrailingModel && r.steps.trailing && !r.count:
		text = resume
		r.req.Warn("contents", "the model refuses a turn of its own at the end; it was asked to continue it")
	default:
		return
	}
	at, full := it.end()
	r.insert(at, full, `{"role":"user","parts":[{"text":`+quoted(text)+`}]}`)
}

// insert adds an element or member at the end of a list.
func (r *repair) insert(at int, full bool, with string) {
	if full {
		with = "," + with
	}
	r.replace(at, at, with)
}

// said is what a content was found to hold.
type said struct {
	calls, answers int
	other          bool // text, media or anything else
	first          call // the first call

	open, close int  // of the list of parts: behind its bracket, and before the one that closes
	roleFirst   bool // the role stands before the parts

	edits  int    // how many came before the parts
	places []int  // which parts are answers
	moved  []byte // parts that go into a content of their own
}

// oneContent repairs a content. Its role is settled last, as it may stand
// behind the parts.
func (r *repair) oneContent() error {
	var s said
	var role string
	from, to := 0, 0 // of the role's value
	err := r.members(func(_ int, name []byte) (fate, error) {
		switch string(name) {
		case "role":
			v, err := r.value()
			if err != nil {
				return cut, err
			}
			role, from, to = string(jsonwalk.Chars(v)), r.at()-len(v), r.at()
			s.roleFirst = s.close == 0
			return keep, nil
		case "parts":
			return keep, r.parts(&s)
		}
		return keep, r.files(fmt.Sprintf("contents[%d].%s", r.content, jsonwalk.Shorten(name)))
	}, func(it items) {
		right := r.role(role, &s)
		switch at, full := it.end(); {
		case right == role:
		case to > 0:
			r.replace(from, to, quoted(right))
		default:
			r.insert(at, full, `"role":`+quoted(right))
		}
		role = right
		r.follow(&s)
	})
	if err == nil && r.steps.joins(role == "model", &s) && r.can.StrictSignatures {
		r.replace(r.steps.last.close, s.open, ",")
		s.first.signed = true // it is not the first any more
	}
	if err == nil {
		r.steps.add(role == "model", &s)
	}
	return err
}

// role returns the role that a content must have. AI Studio takes one without
// for the user's; Vertex AI refuses it.
func (r *repair) role(role string, s *said) string {
	right := "user"
	switch {
	case role == "user" || role == "model" || role == "" && !r.vertex:
		return role
	case s.answers == 0 && (s.calls > 0 || role == "assistant"):
		right = "model"
	}
	if role != "" && s.answers == 0 {
		r.warn(fmt.Sprintf("contents[%d].role", r.content), "roles are user and model; this was taken for "+right)
	}
	return right
}

// parts repairs the parts of a content.
func (r *repair) parts(s *said) error {
	s.edits, s.places = len(r.edits), nil
	return r.elements(func(i int) (fate, error) {
		r.part = i
		if err := r.tally.Part(func() string { return fmt.Sprintf("contents[%d].parts[%d]", r.content, i) }); err != nil {
			return keep, err
		}
		return r.onePart(s)
	}, func(it items) {
		s.open, s.close = it.open, r.at()-1
		for _, p := range it.list {
			if p.fate == keep {
				r.split(it, s)
				return
			}
		}
		if at, _ := it.end(); len(it.list) > 0 {
			// All were thoughts: a content without parts is refused.
			r.replace(at, at, `{"text":"(no visible output)"}`)
		}
	})
}

// where names a member of the part being read.
func (r *repair) where(field string) string {
	return fmt.Sprintf("contents[%d].parts[%d].%s", r.content, r.part, field)
}
