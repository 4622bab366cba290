package history_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// plain hides what a store can do beside Store.
type plain struct{ history.Store }

func TestFacets(t *testing.T) {
	m := history.NewMemory(history.MemoryOptions{})
	if f, err := m.Facets(t.Context()); err != nil || f.APIs == nil || f.Reasons == nil {
		t.Errorf("programs iterate over lists: %+v, %v", f, err)
	}
	m.Request(historytest.Request("id-1"))
	m.Request(historytest.Request("id-2", func(r *record.Request) {
		r.API, r.Outcome, r.BrokenBy, r.Tenant, r.Tried, r.Attempts[0].Number = "anthropic", "broken", "stream_stalled", "", 2, 2
	}))
	m.Attempt(historytest.Failed("id-2", 1, "peek_eof", 200))
	want := history.Facets{APIs: []string{"anthropic", "chat"}, Tenants: []string{"default"}, Backends: []string{"studio"}, Accounts: []string{"studio-1"},
		Models: []string{"fast", "gemini-2.5-flash"}, Outcomes: []string{"broken", "passed"}, Reasons: []string{"ok", "peek_eof", "stream_stalled"}}
	for name, s := range map[string]history.Store{"its own": m, "of any store": plain{m}} {
		got, err := history.FacetsOf(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for i := range 1000 { // clients choose names of models
		m.Request(historytest.Request("", func(r *record.Request) { r.Alias = fmt.Sprint("m", i) }))
	}
	f, _ := m.Facets(t.Context())
	if len(f.Models) != 200 || !slices.Contains(f.Models, "gemini-2.5-flash") || !slices.IsSorted(f.Models) {
		t.Errorf("%d models", len(f.Models))
	}
}
