package route

import (
	"slices"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

func TestPlan(t *testing.T) {
	backends := []Backend{{Name: "a"}, {Name: "b", Kind: Vertex, Models: []string{"gemini-3.5-flash", "gemini-embedding-001"}}}
	hops := func(models ...string) (c Chain) {
		for _, m := range models {
			c = append(c, Hop{Model: m})
		}
		return c
	}
	for _, c := range []struct {
		name string
		req  Request
		want []string
	}{
		{"every backend that serves the model, hop by hop", Request{Chain: hops("gemini-3.5-flash", "gemini-2.5-pro")},
			[]string{"a/gemini-3.5-flash", "b/gemini-3.5-flash", "a/gemini-2.5-pro"}},
		{"a hop with a backend", Request{Chain: Chain{{Model: "gemini-3.5-flash", Backend: "b"}, {Model: "gemini-3.5-flash"}}},
			[]string{"b/gemini-3.5-flash", "a/gemini-3.5-flash"}},
		{"tiers, where there are any", Request{Chain: Chain{{Model: "gemini-3.5-flash", Tier: "dedicated"}, {Model: "gemini-3.5-flash", Tier: "flex"}, {Model: "gemini-3.5-flash"}}, OneModel: true},
			[]string{"b/gemini-3.5-flash (dedicated)", "a/gemini-3.5-flash (flex)", "b/gemini-3.5-flash (flex)", "a/gemini-3.5-flash", "b/gemini-3.5-flash"}},
		{"a backend that the route does not have", Request{Chain: Chain{{Model: "gemini-3.5-flash", Backend: "c"}}}, nil},
		{"one model", Request{Chain: hops("gemini-3.5-flash", "gemini-2.5-pro"), OneModel: true},
			[]string{"a/gemini-3.5-flash", "b/gemini-3.5-flash"}},
		{"no answers of what makes embeddings", Request{Chain: hops("gemini-embedding-001", "gemini-2.5-pro")}, []string{"a/gemini-2.5-pro"}},
		{"no embeddings of what answers", Request{Chain: hops("gemini-embedding-001", "gemini-2.5-flash-image"), Operation: conversation.Embed},
			[]string{"a/gemini-embedding-001", "b/gemini-embedding-001"}},
		{"no tiers of embeddings", Request{Chain: Chain{{Model: "gemini-embedding-001", Tier: "dedicated"}, {Model: "gemini-embedding-001", Tier: "flex"}, {Model: "gemini-embedding-001"}}, Operation: conversation.Embed},
			[]string{"b/gemini-embedding-001", "a/gemini-embedding-001"}},
	} {
		c.req.Backends, c.req.Table = backends, gemini.DefaultTable
		var got []string
		for _, candidate := range Plan(c.req) {
			got = append(got, candidate.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
