package historytest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// TestSearch says what a search does that takes too long: it returns what it has
// found, how far back it has looked, and where to go on. s is an empty store that
// stops each search as early as it can, and is told of each request when it ends.
func TestSearch(t *testing.T, s history.Store) {
	const n = 2000
	began := func(i int) time.Time { return Start.Add(time.Duration(i) * time.Second) }
	ended := func(i int) time.Time { return began(i).Add(1200 * time.Millisecond) }
	for i := range n {
		s.Request(Request(fmt.Sprintf("id-%04d", i), func(r *record.Request) {
			r.Time = began(i)
			if i == 3 || i == 900 || i == n-1 {
				r.Attempts[0].Error, r.Outcome = "The needle", "failed"
			}
		}))
	}
	flush(t, s)
	cursors, top := cursorsOf(t, s, n)
	for _, c := range []struct {
		filter history.Filter
		want   []string
	}{
		{history.Filter{Text: "no such words"}, nil},
		{history.Filter{Text: "NEEDLE"}, []string{"id-1999", "id-0900", "id-0003"}},
		{history.Filter{Text: "ñeedle <&"}, nil},
		{history.Filter{Text: "needle", APIs: []string{"chat"}}, []string{"id-1999", "id-0900", "id-0003"}},
		{history.Filter{Text: "needle", ID: "id-"}, []string{"id-1999", "id-0900", "id-0003"}},
		{history.Filter{Text: "needle", Until: began(901)}, []string{"id-0900", "id-0003"}},
	} {
		var got []string
		before, cut := top+1, 0
		for last := ended(n); ; cut++ {
			p := query(t, s, c.filter, before, 2)
			for _, item := range p.Items {
				got = append(got, item.RequestID)
			}
			if p.Next == 0 {
				if !p.SearchedTo.IsZero() {
					t.Errorf("%+v: the search has ended, and says that it stopped at %v", c.filter, p.SearchedTo)
				}
				break
			}
			if p.SearchedTo.IsZero() && len(p.Items) < 2 {
				t.Errorf("%+v: a page of %d does not say why there are no more", c.filter, len(p.Items))
			}
			if !p.SearchedTo.IsZero() {
				at := cursors[p.Next]
				if !p.SearchedTo.Equal(ended(at)) || !p.SearchedTo.Before(last) {
					t.Errorf("%+v: says that it has searched back to %v, which is request %d, which ended at %v", c.filter, p.SearchedTo, at, ended(at))
				}
				last = p.SearchedTo
			}
			if p.Next >= before {
				t.Fatalf("%+v: does not get on", c.filter)
			}
			before = p.Next
			if cut == 0 { // what comes meanwhile is no part of the search
				s.Request(Request("later", func(r *record.Request) { r.Time, r.Attempts[0].Error = began(n), "needle" }))
				flush(t, s)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %v, want %v", c.filter, got, c.want)
		}
		if cut < 2 {
			t.Errorf("%+v: looked at everything in %d steps", c.filter, cut+1)
		}
	}
}

// cursorsOf returns the number of each of n requests by its cursor, and the newest
// cursor.
func cursorsOf(t *testing.T, s history.Store, n int) (cursors map[history.Cursor]int, top history.Cursor) {
	t.Helper()
	cursors = map[history.Cursor]int{}
	for before := history.Cursor(0); len(cursors) < n; {
		p := query(t, s, history.Filter{}, before, history.MaxPage)
		for _, item := range p.Items {
			cursors[item.Cursor], top = n-1-len(cursors), max(top, item.Cursor)
		}
		if before = p.Next; before == 0 {
			break
		}
	}
	if len(cursors) != n {
		t.Fatalf("%d requests", len(cursors))
	}
	return cursors, top
}
