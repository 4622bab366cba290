package native

import "fmt"

// split takes out of a content's parts what stands beside answers, where the
// model would answer such a content with nothing. What was taken goes into a
// content of its own right behind: the answers must stay next to their calls.
func (r *repair) split(it items, s *said) {
	if !r.can.LoneAnswers || !r.listed || r.count || s.answers == 0 || s.calls > 0 {
		return
	}
	answers, edits := s.places, r.edits[s.edits:] // both in the order of the parts
	for i := range it.list {
		m := &it.list[i]
		if len(answers) > 0 && answers[0] == i {
			answers = answers[1:]
			continue
		}
		if m.fate == cut {
			continue
		}
		for len(edits) > 0 && edits[0].from < m.from {
			edits = edits[1:]
		}
		n := 0
		for n < len(edits) && edits[n].from < m.to {
			n++
		}
		if len(s.moved) > 0 {
			s.moved = append(s.moved, ',')
		}
		s.moved = append(s.moved, r.applied(m.from, m.to, edits[:n])...)
		m.fate = cut
	}
}

// follow writes what split took out of the content that ends here.
func (r *repair) follow(s *said) {
	if len(s.moved) == 0 {
		return
	}
	r.warn(fmt.Sprintf("contents[%d].parts", r.content), "what stood beside function responses went into a content of its own: this model answers mixed ones with nothing")
	r.replace(r.at(), r.at(), `,{"role":"user","parts":[`+string(s.moved)+`]}`)
}
