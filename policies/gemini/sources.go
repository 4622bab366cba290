package gemini

import (
	"cmp"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// sources returns the sources of the answer; nil if there are none.
func (c *candidate) sources() *conversation.Sources {
	g := &c.grounding
	out := &conversation.Sources{Queries: g.queries, Pages: g.pages}
	named := make(map[string]bool, len(g.pages))
	for _, p := range g.pages {
		named[p.URL] = true
	}
	for _, url := range g.fetched {
		if len(out.Pages) < maxPages && !named[url] {
			out.Pages = append(out.Pages, conversation.Page{URL: url})
		}
	}
	if len(out.Queries)+len(out.Pages) == 0 {
		return nil
	}
	out.Cited = fitting(c.said.cite(g.supports), out.Pages)
	return out
}

// maxCitedBytes bounds what citations take when they are written out: each
// repeats its page.
const maxCitedBytes = 4 << 20

// fitting returns the first citations, as far as there is room for them.
func fitting(cited []conversation.Cited, pages []conversation.Page) []conversation.Cited {
	left := maxCitedBytes
	for i, c := range cited {
		for _, p := range c.Pages {
			left -= len(pages[p].URL) + len(pages[p].Title) + len(`{"start_index":,"end_index":}`)
		}
		if left < 0 {
			return cited[:i]
		}
	}
	return cited
}

// cite returns the citations of supports, in the order of the text and without
// overlaps.
func (s *textSoFar) cite(supports []support) []conversation.Cited {
	if !s.keep {
		return nil
	}
	var found []conversation.Cited
	for i := range supports {
		if start, end, ok := s.span(&supports[i]); ok {
			found = append(found, conversation.Cited{Start: start, End: end, Pages: supports[i].chunks})
		}
	}
	slices.SortStableFunc(found, func(a, b conversation.Cited) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.End, b.End))
	})
	var out []conversation.Cited
	for _, c := range found {
		if n := len(out); n > 0 && c.Start < out[n-1].End {
			if c.End <= out[n-1].End { // within the one before
				out[n-1].Pages = unite(out[n-1].Pages, c.Pages)
				continue
			}
			c.Start = out[n-1].End
		}
		out = append(out, c)
	}
	for i := range out {
		out[i].Text = string(s.text[out[i].Start:out[i].End])
	}
	return out
}

// unite returns the union of two lists.
func unite(a, b []int) []int {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
