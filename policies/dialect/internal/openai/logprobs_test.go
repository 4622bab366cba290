package openai

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Upstream's log probabilities are converted as far as possible, and never fail
// the answer.
func TestAppendLogprobs(t *testing.T) {
	const a = `{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}`
	for _, c := range []struct{ name, in, want string }{
		{"one", `{"chosenCandidates":[{"token":"a","tokenId":7,"logProbability":-0.5}]}`, a},
		{"two, with alternatives", `{"topCandidates":[{"candidates":[{"token":"a","logProbability":-0.5},{"token":"é","logProbability":-2}]}],"chosenCandidates":[{"token":"a","logProbability":-0.5},{"token":"a","logProbability":-0.5}]}`,
			`{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.5,"bytes":[97]},{"token":"é","logprob":-2,"bytes":[195,169]}]},` + a},
		{"no probability", `{"chosenCandidates":[{"token":"a"},{"token":"a","logProbability":-0.5}]}`, a},
		{"no token", `{"chosenCandidates":[{"logProbability":-0.5},{"token":"a","logProbability":-0.5}]}`, a},
		{"a token that is none", `{"chosenCandidates":[{"token":1,"logProbability":-0.5},{"token":"a","logProbability":"x"},7]}`, ``},
		{"alternatives that are none", `{"topCandidates":[{"candidates":[{"token":"a"},{"logProbability":-1},{"token":"b","logProbability":-1}]}],"chosenCandidates":[{"token":"a","logProbability":-0.5}]}`,
			`{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-1,"bytes":[98]}]}`},
		{"elements that are no objects", `{"topCandidates":[7,"x"],"chosenCandidates":[7,[1],{"token":"a","logProbability":-0.5}]}`, a},
		{"lists that are none", `{"topCandidates":{},"chosenCandidates":7}`, ``},
		{"nothing", `{}`, ``},
		{"no object", `[{"chosenCandidates":[{"token":"a","logProbability":-0.5}]}]`, ``},
		{"cut off", `{"chosenCandidates":[{"token":"a","logProbability":-0.5}`, ``},
	} {
		if got := string(AppendLogprobs(nil, conversation.Raw(c.in))); got != c.want {
			t.Errorf("%s: got  %s\nwant %s", c.name, got, c.want)
		}
	}
	if got := string(AppendLogprobs([]byte(a), conversation.Raw(`{"chosenCandidates":[{"token":"a","logProbability":-0.5}]}`))); got != a+","+a {
		t.Errorf("appended: %s", got)
	}
}
