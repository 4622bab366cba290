package native

// placeholder is base64 of "skip_thought_signature_validator", which Google
// documents for calls whose signature is not known.
const placeholder = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="

// call is where the first call of a step has its signature, or could have it.
type call struct {
	signed   bool
	from, to int  // of the value of a signature that is empty; 0 if there is none
	end      int  // behind the part's last member
	full     bool // the part has a member
}

// steps are the calls that must be signed: Gemini 3 looks at the first call of
// each content of the current turn. A turn begins with what the user says;
// answers go on with it.
//
// Google's own SDKs keep each chunk of a stream as a content of its own. Of
// parallel calls that came in several chunks only the first is signed, so the
// contents after it would be refused: they are joined to the one before, as
// the model meant them.
type steps struct {
	everywhere bool // all turns: on a second try it is not left to chance
	first      []call
	inStep     bool // the content before was the model's, with a call
	trailing   bool // it was the model's, without
	last       said // what it held
}

// joins reports whether a content must become part of the one before: both
// are the model's, and its own first call is not signed. It is possible where
// both have their members in the same order.
func (t *steps) joins(model bool, s *said) bool {
	return model && t.inStep && s.calls > 0 && !s.first.signed &&
		t.last.close > 0 && s.open > 0 && t.last.roleFirst == s.roleFirst
}

// add looks at the next content.
func (t *steps) add(model bool, s *said) {
	t.trailing = model && s.calls == 0
	switch {
	case !model:
		t.inStep = false
		if s.answers == 0 && s.other && !t.everywhere {
			t.first = t.first[:0]
		}
	case s.calls > 0:
		t.first = append(t.first, s.first)
		t.inStep = true
	}
	t.last = *s
}

// placeholders signs the calls for want of whose signature Gemini 3 would
// refuse the body. Earlier turns are left as they are.
func (r *repair) placeholders() {
	if !r.can.StrictSignatures || r.opts.NoPlaceholder || r.count {
		return
	}
	for _, c := range r.steps.first {
		switch {
		case c.signed:
		case c.to > 0:
			r.replace(c.from, c.to, `"`+placeholder+`"`)
		default:
			r.insert(c.end, c.full, `"thoughtSignature":"`+placeholder+`"`)
		}
	}
}
