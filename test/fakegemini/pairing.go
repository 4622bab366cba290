package fakegemini

import "slices"

const (
	pairCount       = "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn."
	pairCallPlace   = "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
	pairAnswerPlace = "Please ensure that function response turn comes immediately after a function call turn."
)

// run is a maximal stretch of contents with one role; the API reads adjacent
// contents of a role as one turn.
type run struct {
	role     string
	contents []*node
}

func runs(contents []*node) []run {
	var out []run
	for _, c := range contents {
		if n := len(out); n > 0 && out[n-1].role == role(c) {
			out[n-1].contents = append(out[n-1].contents, c)
			continue
		}
		out = append(out, run{role(c), []*node{c}})
	}
	return out
}

// collect gathers a part field over a run, in order.
func (r run) collect(name string) []*node {
	var out []*node
	for _, c := range r.contents {
		for _, p := range c.get("parts").list() {
			if v := p.get(name); v != nil {
				out = append(out, v)
			}
		}
	}
	return out
}

// pairing checks that calls and answers meet.
func (j *validator) pairing() {
	turns := runs(j.body.get("contents").list())
	for i, r := range turns {
		switch r.role {
		case "model":
			calls := r.collect("functionCall")
			if len(calls) == 0 {
				continue
			}
			if i == 0 {
				j.fault(RulePairing, pairCallPlace)
			}
			var next run
			if i+1 < len(turns) {
				next = turns[i+1]
			}
			j.pair(calls, next)
		case "user":
			answered := i > 0 && len(turns[i-1].collect("functionCall")) > 0
			if len(r.collect("functionResponse")) > 0 && !answered {
				j.fault(RulePairing, pairAnswerPlace)
			}
		}
	}
}

// pair checks one function call turn against the turn after it.
func (j *validator) pair(calls []*node, next run) {
	answers := next.collect("functionResponse")
	if len(answers) != len(calls) {
		j.fault(RulePairing, pairCount)
		return
	}
	// the answers come in the very next content, before anything else
	if first := next.contents[0]; len((run{contents: []*node{first}}).collect("functionResponse")) == 0 {
		j.fault(RulePairing, pairCount)
	}
	j.layout(next)
	if j.matchIDs(calls, answers) {
		return
	}
	for i, call := range calls {
		if want, got := call.get("name").str(), answers[i].get("name").str(); want != got {
			j.fault(RuleAnswerName, "Please ensure that function response names match function call names: answer %d is named `%s`, its call `%s`.", i, got, want)
		}
	}
}

// layout checks that the answers of a turn fill one content by themselves.
func (j *validator) layout(r run) {
	holders := 0
	for _, c := range r.contents {
		answers := len((run{contents: []*node{c}}).collect("functionResponse"))
		if answers == 0 {
			continue
		}
		holders++
		if answers < len(c.get("parts").list()) {
			rule := RuleMixedAnswers
			if j.cap.generation < 35 {
				rule = RuleOldMixedAnswers
			}
			j.fault(rule, "Function response parts can not be mixed with other parts in one content.")
		}
	}
	if holders > 1 {
		j.fault(RuleSplitAnswers, "%s", pairCount)
	}
}

// matchIDs pairs by id where ids exist; false means: pair by position.
func (j *validator) matchIDs(calls, answers []*node) bool {
	callIDs, answerIDs := ids(calls), ids(answers)
	match := len(callIDs) == len(calls) && len(answerIDs) == len(answers) && sameSet(callIDs, answerIDs)
	switch {
	case match:
	case j.target.vertex && j.cap.generation >= 30 && !j.opts.VertexWithoutIDs:
		j.lost = true
		return false
	case len(callIDs) == 0 && len(answerIDs) == 0:
		if !j.target.vertex && j.cap.generation >= 35 {
			j.fault(RuleMissingID, "functionCall.id and functionResponse.id are required for this model.")
		}
		return false
	default:
		j.fault(RuleAnswerID, "functionResponse.id does not match functionCall.id.")
		return false
	}
	for _, a := range answers {
		call := calls[slices.Index(callIDs, a.get("id").str())]
		if want, got := call.get("name").str(), a.get("name").str(); want != got {
			j.fault(RuleAnswerName, "Please ensure that function response names match function call names: the answer to `%s` is named `%s`, its call `%s`.", a.get("id").str(), got, want)
		}
	}
	return true
}

func ids(nodes []*node) []string {
	var out []string
	for _, n := range nodes {
		if id := n.get("id").str(); id != "" {
			out = append(out, id)
		}
	}
	return out
}

// sameSet reports equal ids without repeats.
func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b) && len(slices.Compact(a)) == len(b)
}
