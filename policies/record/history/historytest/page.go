package historytest

import (
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

func testPages(t *testing.T, s history.Store) {
	const n = 2500
	for i := range n {
		s.Request(Request(fmt.Sprintf("id-%04d", i), func(r *record.Request) {
			r.Time = Start.Add(time.Duration(i) * time.Second)
			if i%5 == 0 {
				r.Outcome = "failed"
			}
		}))
	}
	flush(t, s)
	for _, c := range []struct {
		filter     history.Filter
		limit      int
		want, step int // of requests, newest first
		newest     int
		pages      int
	}{
		{history.Filter{}, 100, n, 1, n - 1, 25},
		{history.Filter{}, 999, n, 1, n - 1, 3},
		{history.Filter{Outcomes: []string{"failed"}}, 100, n / 5, 5, n - 5, 5},
		{history.Filter{Outcomes: []string{"failed"}}, 300, n / 5, 5, n - 5, 2},
	} {
		var before history.Cursor
		var got []history.Item
		pages := 0
		for {
			p := query(t, s, c.filter, before, c.limit)
			if len(p.Items) > c.limit {
				t.Fatalf("a page of %d", len(p.Items))
			}
			got = append(got, p.Items...)
			if pages++; p.Next == 0 || pages > 100 {
				break
			}
			before = p.Next
		}
		if len(got) != c.want || pages != c.pages {
			t.Fatalf("%d requests on %d pages, want %d on %d", len(got), pages, c.want, c.pages)
		}
		for i, item := range got {
			if want := fmt.Sprintf("id-%04d", c.newest-i*c.step); item.RequestID != want {
				t.Fatalf("the %d-th is %s, want %s", i, item.RequestID, want)
			}
		}
	}
	// What comes later does not shift a page.
	first := query(t, s, history.Filter{}, 0, 10)
	s.Request(Request("later"))
	flush(t, s)
	if second := query(t, s, history.Filter{}, first.Next, 10); second.Items[0].RequestID != fmt.Sprintf("id-%04d", n-11) {
		t.Errorf("the next page begins with %s", second.Items[0].RequestID)
	}
	if p := query(t, s, history.Filter{}, 1, 10); len(p.Items) != 0 {
		t.Error("something is before the first cursor")
	}
}

// Nobody gets more than MaxPage, and nobody who asks for nothing waits for nothing.
func testLimits(t *testing.T, s history.Store) {
	for i := range history.MaxPage + 2 {
		s.Request(Request(fmt.Sprint(i)))
	}
	flush(t, s)
	for limit, want := range map[int]int{-1: 1, 0: 1, 1: 1, history.MaxPage: history.MaxPage, history.MaxPage + 1: history.MaxPage} {
		if p := query(t, s, history.Filter{}, 0, limit); len(p.Items) != want || p.Next != p.Items[want-1].Cursor {
			t.Errorf("limit %d: %d requests, next %d", limit, len(p.Items), p.Next)
		}
	}
}
