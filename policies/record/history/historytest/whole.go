package historytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

func testEmpty(t *testing.T, s history.Store) {
	if p := query(t, s, history.Filter{}, 0, 10); len(p.Items) != 0 || p.Next != 0 {
		t.Errorf("an empty store has %+v", p)
	}
	if _, err := s.Get(t.Context(), "id-1"); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// What was told is what is found, to the last field.
func testWhole(t *testing.T, s history.Store) {
	told := Request("id-1", func(r *record.Request) {
		r.TraceID, r.ParentSpan, r.KeyID, r.Client, r.Replica, r.BrokenBy, r.Aborted = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "k1", "10.0.0.7", "replica-a", "stream_stalled", true
		r.Resume = &record.Resume{Result: "resume_failed", Cause: "stream_stalled", Requests: 2, Backend: "studio", Account: "studio-2", Error: "no"}
		r.Warnings, r.PriceVersion, r.Estimated, r.Waited = "thinking: lowered", "2026-11", true, ms(5)
		r.Attempts = []record.Attempt{Attempt(1, func(a *record.Attempt) {
			a.Group, a.TierAsked, a.TierServed, a.Estimated, a.PriceVersion = "ai_studio/p", "flex", "standard", true, "2026-11"
			a.Usage = &record.Usage{Input: 10, Cached: 4, Output: 5, Thinking: 1, Estimated: true, InputBy: &record.Modalities{Text: 9, Image: 1}}
			a.Error, a.Repairs, a.Hedged = "words", "strip_signatures", "won"
			a.Began, a.Wait, a.Waited, a.Headers, a.Content = ms(3), ms(4), ms(5), ms(60), ms(70)
		})}
		r.Usage = r.Attempts[0].Usage
	})
	s.Request(told)
	flush(t, s)
	page := query(t, s, history.Filter{}, 0, 10)
	if len(page.Items) != 1 || page.Next != 0 || page.Items[0].Cursor <= 0 {
		t.Fatalf("%+v", page)
	}
	if diff := cmp.Diff(told, page.Items[0].Request); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(page.Items[0], get(t, s, "id-1")); diff != "" {
		t.Error(diff)
	}
	if _, err := s.Get(t.Context(), "id"); !errors.Is(err, history.ErrNotFound) {
		t.Error("Get takes the beginning of an id for the id")
	}
}

// An item that was returned does not change any more.
func testSnapshots(t *testing.T, s history.Store) {
	r, others := joined("id-1")
	s.Request(r)
	flush(t, s)
	item := get(t, s, "id-1")
	before, err := json.Marshal(item)
	if err != nil {
		t.Fatal(err)
	}
	s.Attempt(others[0])
	flush(t, s)
	if after, _ := json.Marshal(item); string(before) != string(after) {
		t.Errorf("was %s, is %s", before, after)
	}
}

// Clients choose ids and names of models.
func testHostile(t *testing.T, s history.Store) {
	for _, id := range []string{"'; DROP TABLE requests; --", "\x00", "ü\"\n", strings.Repeat("x", 5000)} {
		s.Request(Request(id, func(r *record.Request) { r.Alias = id }))
		flush(t, s)
		if item := get(t, s, id); item.RequestID != id || item.Alias != id {
			t.Errorf("%q: %q", id, item.RequestID)
		}
	}
	if _, err := s.Get(t.Context(), strings.Repeat("x", 5001)); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

// Many tell and ask at the same time; nothing is lost, and nothing is told twice.
func testConcurrent(t *testing.T, s history.Store) {
	const tellers, each = 4, 200
	var wg sync.WaitGroup
	for n := range tellers {
		wg.Go(func() {
			for i := range each {
				r, others := joined(fmt.Sprintf("%d-%d", n, i))
				s.Attempt(others[0])
				s.Request(r)
				s.Attempt(others[1])
			}
		})
		wg.Go(func() {
			for range 20 {
				if _, err := s.Query(t.Context(), history.Filter{Text: "peek_eof"}, 0, 50); err != nil {
					t.Error(err)
				}
				if _, err := s.Get(t.Context(), fmt.Sprintf("%d-0", n)); err != nil && !errors.Is(err, history.ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	flush(t, s)
	p := query(t, s, history.Filter{}, 0, history.MaxPage)
	if len(p.Items) != tellers*each {
		t.Fatalf("%d requests", len(p.Items))
	}
	if !slices.IsSortedFunc(p.Items, func(a, b history.Item) int { return int(b.Cursor - a.Cursor) }) {
		t.Error("not the newest first")
	}
	for _, item := range p.Items {
		checkJoined(t, item)
	}
}
