package history

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
)

// facetNames bounds the names of one facet: clients choose those of models.
const facetNames = 200

// Facets are the names in the remembered requests, by which they can be
// filtered, each list sorted. If there are very many, the less frequent ones are
// left out.
type Facets struct {
	APIs     []string `json:"api"`
	Tenants  []string `json:"tenant"`
	Backends []string `json:"backend"`
	Accounts []string `json:"account"`
	Models   []string `json:"model"`
	Outcomes []string `json:"outcome"`
	Reasons  []string `json:"reason"`
}

// Faceter is a Store that knows its facets.
type Faceter interface {
	Facets(context.Context) (Facets, error)
}

// facetRequests is how many of the newest requests are searched in a store that
// is no Faceter.
const facetRequests = 10_000

// FacetsOf returns the facets of a store.
func FacetsOf(ctx context.Context, s Source) (Facets, error) {
	if f, ok := s.(Faceter); ok {
		return f.Facets(ctx)
	}
	count := newFacetCount()
	var before Cursor
	for range facetRequests / MaxPage {
		page, err := s.Query(ctx, Filter{}, before, MaxPage)
		if err != nil {
			return Facets{}, err
		}
		for i := range page.Items {
			count.add(&page.Items[i])
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	return count.facets(), nil
}

// Facets implements Faceter.
func (m *Memory) Facets(context.Context) (Facets, error) {
	count := newFacetCount()
	m.mu.RLock()
	defer m.mu.RUnlock()
	for c := m.oldest; c < m.next; c++ {
		count.add(&m.ring[m.place(c)].item)
	}
	return count.facets(), nil
}

// With returns the names of both.
func (f Facets) With(more Facets) Facets {
	both := func(a, b []string) []string {
		out := slices.Concat([]string{}, a, b)
		slices.Sort(out)
		return slices.Compact(out)
	}
	return Facets{APIs: both(f.APIs, more.APIs), Tenants: both(f.Tenants, more.Tenants), Backends: both(f.Backends, more.Backends),
		Accounts: both(f.Accounts, more.Accounts), Models: both(f.Models, more.Models), Outcomes: both(f.Outcomes, more.Outcomes), Reasons: both(f.Reasons, more.Reasons)}
}

// facetCount counts how often a name comes, by facet.
type facetCount struct {
	apis, tenants, backends, accounts, models, outcomes, reasons map[string]int
}

func newFacetCount() *facetCount {
	m := func() map[string]int { return map[string]int{} }
	return &facetCount{m(), m(), m(), m(), m(), m(), m()}
}

func (f *facetCount) add(item *Item) {
	f.apis[item.API]++
	f.tenants[item.Tenant]++
	f.models[item.Alias]++
	f.models[item.Model]++
	f.outcomes[item.Outcome]++
	f.reasons[item.Reason]++
	f.reasons[item.BrokenBy]++
	for i := range item.Attempts {
		a := &item.Attempts[i]
		f.backends[a.Backend]++
		f.accounts[a.Account]++
		f.models[a.Model]++
		f.reasons[a.Reason]++
	}
}

func (f *facetCount) facets() Facets {
	return Facets{APIs: frequent(f.apis), Tenants: frequent(f.tenants), Backends: frequent(f.backends), Accounts: frequent(f.accounts),
		Models: frequent(f.models), Outcomes: frequent(f.outcomes), Reasons: frequent(f.reasons)}
}

// frequent returns the most frequent names, sorted.
func frequent(count map[string]int) []string {
	delete(count, "")
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], cmp.Compare(a, b)) })
	names = append([]string{}, names[:min(len(names), facetNames)]...)
	slices.Sort(names)
	for i, n := range names {
		names[i] = strings.Clone(n) // it is a part of an entry
	}
	return names
}
