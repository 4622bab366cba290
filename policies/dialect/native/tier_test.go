package native

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// The owner's tier takes the place of the client's, wherever that stands and
// however it is spelled.
func TestOwnersTier(t *testing.T) {
	studio, vertex := gemini.Target{Model: "gemini-3.5-flash"}, gemini.Target{Kind: gemini.Vertex, Model: "gemini-3.5-flash", Project: "p", Location: "l"}
	const contents = `"contents":[{"role":"user","parts":[{"text":"hi"}]}]`
	for _, body := range []string{
		`{` + contents + `}`, `{"serviceTier":"flex",` + contents + `}`, `{` + contents + `,"service_tier":"SERVICE_TIER_FLEX"}`,
		`{"service_tier":7,` + contents + `,"serviceTier":null}`,
	} {
		for _, c := range []struct {
			target  gemini.Target
			want    string
			headers int
		}{
			{studio, `{"serviceTier":"priority",` + contents + `}`, 0},
			{vertex, `{` + contents + `}`, 1},
		} {
			opts := gemini.Options{Tier: gemini.Priority, Resource: func(r conversation.Resource) (bool, error) {
				t.Errorf("%s: the client's tier %q was asked for", body, r.Name)
				return true, nil
			}}
			got, headers, err := New().Repair(&conversation.Request{}, []byte(body), c.target, opts)
			if err != nil || string(got) != c.want || len(headers) != c.headers || c.headers > 0 && headers.Get(gemini.TierHeader) != gemini.Priority {
				t.Errorf("%s:\ngot  %s\nwant %s; headers %v, error %v", body, got, c.want, headers, err)
			}
		}
	}
	// A body without anything kept still becomes one.
	if got, _, err := New().Repair(&conversation.Request{}, []byte(`{}`), studio, gemini.Options{Tier: gemini.Flex}); err != nil || string(got) != `{"serviceTier":"flex"}` {
		t.Errorf("got %s, error %v", got, err)
	}
}
