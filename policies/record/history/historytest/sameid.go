package historytest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// An id that is used again is that of the newest request.
func testSameID(t *testing.T, s history.Store) {
	s.Request(Request("id-1"))
	again := Request("id-1", func(r *record.Request) { r.Outcome, r.Reason = "failed", "refused" })
	s.Request(again)
	flush(t, s)
	if item := get(t, s, "id-1"); item.Outcome != "failed" {
		t.Errorf("Get returns the older one, %s", item.Outcome)
	}
	if p := query(t, s, history.Filter{}, 0, 10); len(p.Items) != 2 {
		t.Errorf("%d requests", len(p.Items))
	}
}

// Each of several requests with an id is found by when it began.
func testSameIDAt(t *testing.T, s history.Store) {
	began := []time.Time{Start, Start.Add(1500 * time.Millisecond), Start.Add(1501 * time.Millisecond), Start.Add(1700*time.Millisecond + time.Nanosecond), Start.Add(time.Hour)}
	for i, at := range began {
		s.Request(Request("id-1", func(r *record.Request) { r.Time, r.Alias, r.Duration = at, fmt.Sprint(i), ms(100+i) }))
		s.Request(Request("id-10", func(r *record.Request) { r.Time = at })) // begins with the other
	}
	flush(t, s)
	sec := func(n float64) time.Time { return Start.Add(time.Duration(n * float64(time.Second))) }
	for _, c := range []struct {
		id   string
		at   time.Time
		want string // Alias; "" is none
	}{
		{"id-1", began[0], "0"}, {"id-1", began[1], "1"}, {"id-1", began[2], "2"}, {"id-1", began[3], "3"}, {"id-1", began[4], "4"},
		{"id-1", time.Time{}, "4"},
		{"id-1", sec(1), "3"},      // the newest that began in this second
		{"id-1", sec(1.7), "3"},    // as the log has it, in milliseconds
		{"id-1", sec(1.4998), "1"}, // the nearest
		{"id-1", sec(2), ""}, {"id-1", sec(1.6), ""}, {"id-1", sec(-1), ""}, {"id", began[0], ""}, {"", began[0], ""},
	} {
		item, err := history.GetAt(t.Context(), s, c.id, c.at)
		if c.want == "" {
			if !errors.Is(err, history.ErrNotFound) {
				t.Errorf("%s at %v: got %s, %v", c.id, c.at, item.Alias, err)
			}
			continue
		}
		if err != nil || item.RequestID != c.id || item.Alias != c.want {
			t.Errorf("%s at %v: got %s, want %s, %v", c.id, c.at, item.Alias, c.want, err)
		}
	}
	for most, want := range map[int]bool{2: true, 4: true, 5: false, 50: false} {
		items, more, err := history.SameID(t.Context(), s, "id-1", most)
		if err != nil || len(items) != min(most, len(began)) || more != want || items[0].Alias != "4" || items[1].Alias != "3" {
			t.Errorf("at most %d: %d requests, more %v, %v", most, len(items), more, err)
		}
	}
	// What is told later of an attempt before moves the beginning.
	lost := Failed("id-1", 1, "canceled", 200)
	lost.Time, lost.Duration, lost.Wait = Start.Add(2*time.Hour), ms(60_000), 0
	second := lost.Time.Add(61 * time.Second)
	s.Request(Request("id-1", func(r *record.Request) {
		r.Time, r.Alias, r.Tried, r.Attempts = second, "moved", 2, []record.Attempt{Attempt(2)}
	}))
	s.Attempt(lost)
	flush(t, s)
	for _, at := range []time.Time{lost.Time, second} {
		if item, err := history.GetAt(t.Context(), s, "id-1", at); err != nil || item.Alias != "moved" || !item.Time.Equal(lost.Time) {
			t.Errorf("at %v: %s at %v, %v", at, item.Alias, item.Time, err)
		}
	}
}

// A client that uses its id again at once gets its requests apart: an attempt of the
// second changes nothing of the first, though that may have ended within the time
// by which clocks differ.
func testSameIDSoon(t *testing.T, s history.Store) {
	began := func(at time.Duration) func(*record.Request) {
		return func(r *record.Request) { r.Time = Start.Add(at) }
	}
	s.Request(Request("id-1", began(0)))                          // one attempt
	s.Request(Request("id-2", began(0), func(r *record.Request) { // two, of which the first is told later
		r.Tried, r.Attempts = 2, []record.Attempt{{Number: 1, Account: "studio-1", Verdict: "retry", Reason: "rate_limited"}, Attempt(2)}
	}))
	flush(t, s)
	again := func(id string, number int) record.Attempt {
		a := Failed(id, number, "upstream_error", 503)
		a.Time, a.Account, a.Duration = Start.Add(20*time.Second), "studio-9", ms(900)
		return a
	}
	s.Attempt(again("id-1", 1))
	s.Attempt(again("id-1", 2)) // the first had no second
	s.Attempt(again("id-2", 1))
	flush(t, s)
	for _, id := range []string{"id-1", "id-2"} {
		for _, a := range get(t, s, id).Attempts {
			if a.Account == "studio-9" {
				t.Errorf("%s got attempt %d of a later request", id, a.Number)
			}
		}
	}
	second := func(id string, last int) record.Request {
		return Request(id, began(20*time.Second), func(r *record.Request) { r.Tried, r.Attempts = last, []record.Attempt{Attempt(last)} })
	}
	s.Request(second("id-1", 3))
	s.Attempt(Failed("id-2", 1, "rate_limited", 429)) // the first request's, from another replica
	s.Request(second("id-2", 2))
	flush(t, s)
	for id, want := range map[string][]int{"id-1": {1, 3}, "id-2": {2, 2}} {
		p := query(t, s, history.Filter{ID: id}, 0, 10)
		if len(p.Items) != 2 || len(p.Items[1].Attempts) != want[0] || len(p.Items[0].Attempts) != want[1] {
			t.Errorf("%s: %+v", id, p.Items)
			continue
		}
		for _, a := range p.Items[0].Attempts[:want[1]-1] {
			if a.Account != "studio-9" {
				t.Errorf("%s: the later request got %+v", id, a)
			}
		}
		for _, a := range p.Items[1].Attempts {
			if a.Account == "studio-9" {
				t.Errorf("%s: the earlier request got %+v", id, a)
			}
		}
	}
	if item := query(t, s, history.Filter{ID: "id-2"}, 0, 10).Items[1]; item.Attempts[0].Error == "" {
		t.Errorf("the first request did not get its own: %+v", item.Attempts)
	}
}

// Requests without an id are kept, each by itself.
func testNoID(t *testing.T, s history.Store) {
	s.Attempt(Failed("", 1, "rate_limited", 429))
	for range 2 {
		s.Request(Request("", func(r *record.Request) { r.Attempts[0].Number, r.Tried = 2, 2 }))
	}
	s.Attempt(Failed("", 1, "peek_eof", 200))
	flush(t, s)
	p := query(t, s, history.Filter{}, 0, 10)
	if len(p.Items) != 2 {
		t.Fatalf("%d requests", len(p.Items))
	}
	for _, item := range p.Items {
		if len(item.Attempts) != 1 {
			t.Errorf("got the attempt of somebody: %+v", item.Attempts)
		}
	}
	if _, err := s.Get(t.Context(), ""); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}
