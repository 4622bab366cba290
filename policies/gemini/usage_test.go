package gemini

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		name   string
		chunks []string // usageMetadata of one chunk after the other
		want   conversation.Usage
	}{
		{"nothing", nil, conversation.Usage{}},
		{"no counters", []string{`{"trafficType":"ON_DEMAND"}`}, conversation.Usage{}},
		{"plain", []string{`{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}`},
			conversation.Usage{Known: true, Input: 10, Output: 5}},
		{"thoughts beside candidates", []string{`{"promptTokenCount":21,"candidatesTokenCount":13,"thoughtsTokenCount":44,"totalTokenCount":78}`},
			conversation.Usage{Known: true, Input: 21, Output: 57, Thoughts: 44}},
		{"thoughts within candidates", []string{`{"promptTokenCount":10,"candidatesTokenCount":50,"thoughtsTokenCount":40,"totalTokenCount":60}`},
			conversation.Usage{Known: true, Input: 10, Output: 50, Thoughts: 40}},
		{"tool prompt and cache", []string{`{"promptTokenCount":100,"cachedContentTokenCount":80,"toolUsePromptTokenCount":7,"candidatesTokenCount":5,"thoughtsTokenCount":2,"totalTokenCount":114}`},
			conversation.Usage{Known: true, Input: 107, Cached: 80, Output: 7, Thoughts: 2}},
		{"no candidates count", []string{`{"promptTokenCount":10,"thoughtsTokenCount":20,"totalTokenCount":33}`},
			conversation.Usage{Known: true, Input: 10, Output: 23, Thoughts: 20}},
		{"no prompt count", []string{`{"candidatesTokenCount":3,"totalTokenCount":13}`},
			conversation.Usage{Known: true, Input: 10, Output: 3}},
		{"total too small", []string{`{"promptTokenCount":263,"totalTokenCount":35}`},
			conversation.Usage{Known: true, Input: 263}},
		{"cumulative", []string{
			`{"promptTokenCount":19,"candidatesTokenCount":1,"totalTokenCount":20}`,
			`{"promptTokenCount":18,"candidatesTokenCount":9,"totalTokenCount":27}`,
		}, conversation.Usage{Known: true, Input: 18, Output: 9}},
		{"a middle chunk wipes nothing", []string{
			`{"promptTokenCount":19,"candidatesTokenCount":1,"totalTokenCount":20}`, `{"trafficType":"ON_DEMAND"}`, `{}`, `null`,
		}, conversation.Usage{Known: true, Input: 19, Output: 1, Tier: "standard"}},
		{"tier at AI Studio", []string{`{"promptTokenCount":1,"serviceTier":"priority"}`, `{"promptTokenCount":1,"candidatesTokenCount":2}`},
			conversation.Usage{Known: true, Input: 1, Output: 2, Tier: "priority"}},
		{"tier at Vertex AI", []string{`{"promptTokenCount":1,"trafficType":"ON_DEMAND_FLEX"}`}, conversation.Usage{Known: true, Input: 1, Tier: "flex"}},
		{"tier that clients do not know", []string{`{"promptTokenCount":1,"trafficType":"PROVISIONED_THROUGHPUT"}`}, conversation.Usage{Known: true, Input: 1}},
		{"tier that is no word", []string{`{"promptTokenCount":1,"serviceTier":{"a":1},"service_tier":null}`}, conversation.Usage{Known: true, Input: 1}},
		{"last chunk without output, with total", []string{
			`{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}`, `{"promptTokenCount":10,"totalTokenCount":18}`,
		}, conversation.Usage{Known: true, Input: 10, Output: 8}},
		{"last chunk without output, without total", []string{
			`{"promptTokenCount":10,"candidatesTokenCount":5,"thoughtsTokenCount":2,"totalTokenCount":17}`, `{"promptTokenCount":12}`,
		}, conversation.Usage{Known: true, Input: 12, Output: 7, Thoughts: 2}},
		{"nulls and strings", []string{`{"promptTokenCount":"10","candidatesTokenCount":5,"totalTokenCount":null}`},
			conversation.Usage{Known: true, Input: 10, Output: 5}},
		{"snake case", []string{`{"prompt_token_count":10,"cached_content_token_count":4,"tool_use_prompt_token_count":1,"candidates_token_count":5,"thoughts_token_count":1,"total_token_count":17}`},
			conversation.Usage{Known: true, Input: 11, Cached: 4, Output: 6, Thoughts: 1}},
		{"nonsense", []string{`{"promptTokenCount":-3,"candidatesTokenCount":1e99,"thoughtsTokenCount":[1]}`}, conversation.Usage{}},
	} {
		d := NewDecoder(nil)
		for _, u := range c.chunks {
			if _, _, err := d.Frame(nil, []byte(`{"usageMetadata":`+u+`}`)); err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
		}
		if got := d.Usage(); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}
