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
// each step of the current turn. A turn begins with what the user says; answers
// go on with it. Contents of the model that follow each other are one step, in
// which recorded histories had only the first call signed.
type steps struct {
	everywhere bool // all turns: on a second try it is not left to chance
	first      []call
	inStep     bool // the content before was the model's, with a call
	trailing   bool // it was the model's, without
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
		if !t.inStep {
			t.first = append(t.first, s.first)
		}
		t.inStep = true
	}
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
