// Package historytest says what every history.Store does.
package historytest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// Flusher is a store that writes in the background: the tests call Flush before
// they read, and it returns once all is readable that was told before.
type Flusher interface{ Flush(context.Context) error }

// Test runs the tests. open makes an empty store that has room for 5,000 requests
// and ends it with the test.
func Test(t *testing.T, open func(*testing.T) history.Store) {
	for name, test := range map[string]func(*testing.T, history.Store){
		"empty": testEmpty, "whole": testWhole, "join": testJoin, "join others": testJoinOthers, "join lost": testJoinLost, "same id": testSameID, "same id at": testSameIDAt, "same id soon": testSameIDSoon,
		"orphans": testOrphans, "no id": testNoID, "pages": testPages, "filters": testFilters, "limits": testLimits,
		"snapshots": testSnapshots, "hostile": testHostile, "concurrent": testConcurrent,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// Start is when the first request of the tests began.
var Start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// Request makes a request with one attempt, the last of which a store is told.
func Request(id string, change ...func(*record.Request)) record.Request {
	r := record.Request{
		Origin: record.Origin{Time: Start, RequestID: id, Tenant: "default", API: "chat", Path: "/v1/chat/completions", Operation: record.Generate},
		Alias:  "fast", Model: "gemini-2.5-flash", Stream: true, Outcome: "passed", Reason: "ok", Status: 200, StopReason: "stop",
		Tried: 1, Attempts: []record.Attempt{Attempt(1)}, Usage: &record.Usage{Input: 10, Output: 5}, Cost: new(int64),
		FirstByte: ms(300), FirstContent: ms(310), Duration: ms(1200),
	}
	*r.Cost = 700
	for _, c := range change {
		c(&r)
	}
	return r
}

// Attempt makes an attempt that went well.
func Attempt(number int, change ...func(*record.Attempt)) record.Attempt {
	cost := int64(700)
	a := record.Attempt{Number: number, Backend: "studio", Kind: "ai_studio", Account: "studio-1", Model: "gemini-2.5-flash", Verdict: "pass", Reason: "ok",
		Status: 200, Usage: &record.Usage{Input: 10, Output: 5}, Cost: &cost, Held: ms(250), Duration: ms(1200)}
	for _, c := range change {
		c(&a)
	}
	return a
}

// Failed makes an attempt that failed, as it is told on its own.
func Failed(id string, number int, reason string, status int) record.Attempt {
	return Attempt(number, func(a *record.Attempt) {
		a.Origin = record.Origin{Time: Start, RequestID: id, Tenant: "default", API: "chat"}
		a.Verdict, a.Reason, a.Status, a.Usage, a.Cost, a.Error, a.Wait = "retry", reason, status, nil, nil, "the provider's words", ms(100)
	})
}

func ms(n int) record.Duration { return record.Duration(time.Duration(n) * time.Millisecond) }

func flush(t *testing.T, s history.Store) {
	t.Helper()
	if f, ok := s.(Flusher); ok {
		if err := f.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func query(t *testing.T, s history.Store, f history.Filter, before history.Cursor, limit int) history.Page {
	t.Helper()
	page, err := s.Query(t.Context(), f, before, limit)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func get(t *testing.T, s history.Store, id string) history.Item {
	t.Helper()
	item, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return item
}

func ids(p history.Page) string {
	var out []string
	for _, item := range p.Items {
		out = append(out, item.RequestID)
	}
	return strings.Join(out, " ")
}

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

// sums are those of the two attempts of testJoin.
func checkJoined(t *testing.T, item history.Item) {
	t.Helper()
	if len(item.Attempts) != 3 || item.Tried != 3 {
		t.Fatalf("%d attempts of %d", len(item.Attempts), item.Tried)
	}
	for i, want := range []struct{ reason, words string }{{"rate_limited", "the provider's words"}, {"peek_eof", "the provider's words"}, {"ok", ""}} {
		a := item.Attempts[i]
		if a.Number != i+1 || a.Reason != want.reason || a.Error != want.words || a.Duration == 0 || a.Origin != (record.Origin{}) {
			t.Errorf("attempt %d: %+v", i+1, a)
		}
	}
	if item.Usage == nil || item.Usage.Input != 30 || item.Cost == nil || *item.Cost != 1400 {
		t.Errorf("the sums are %+v, %v", item.Usage, item.Cost)
	}
}

// joined is a request of three attempts as its last replica tells it: of those
// before it knows little.
func joined(id string) (record.Request, [2]record.Attempt) {
	r := Request(id, func(r *record.Request) {
		r.Tried = 3
		r.Attempts = []record.Attempt{
			{Number: 1, Backend: "studio", Account: "studio-1", Model: "gemini-2.5-flash", Verdict: "retry", Reason: "rate_limited", Status: 429},
			{Number: 2, Backend: "studio", Account: "studio-2", Model: "gemini-2.5-flash", Verdict: "retry", Reason: "peek_eof", Status: 200},
			Attempt(3),
		}
	})
	first, second := Failed(id, 1, "rate_limited", 429), Failed(id, 2, "peek_eof", 200)
	cost := int64(700)
	second.Account = "studio-2"
	second.Usage, second.Cost = &record.Usage{Input: 20}, &cost // heartbeats are billed
	return r, [2]record.Attempt{first, second}
}

// Attempts of one replica are told before their request.
func testJoin(t *testing.T, s history.Store) {
	r, before := joined("id-1")
	for _, a := range before {
		s.Attempt(a)
	}
	last := r.Attempts[2]
	last.Origin = r.Origin
	s.Attempt(last)
	s.Request(r)
	flush(t, s)
	checkJoined(t, get(t, s, "id-1"))
	if p := query(t, s, history.Filter{Text: "THE PROVIDER'S words"}, 0, 10); ids(p) != "id-1" {
		t.Error("the words of a joined attempt are not found")
	}
}

// Attempts of other replicas may be told after the request, and twice, and some
// never.
func testJoinOthers(t *testing.T, s history.Store) {
	r, others := joined("id-1")
	s.Request(r)
	flush(t, s)
	cursor := get(t, s, "id-1").Cursor
	s.Attempt(others[1])
	s.Attempt(others[0])
	s.Attempt(others[0])
	r, others = joined("id-2")
	s.Attempt(others[0])
	s.Request(r)
	r, _ = joined("id-3")
	r.Attempts = r.Attempts[1:] // the memory has forgotten the first
	s.Request(r)
	s.Attempt(Failed("id-3", 1, "upstream_error", 500))
	flush(t, s)
	item := get(t, s, "id-1")
	checkJoined(t, item)
	if item.Cursor != cursor {
		t.Error("a joined attempt changes the request's place")
	}
	if item := get(t, s, "id-2"); len(item.Attempts) != 3 || item.Attempts[0].Duration == 0 || item.Attempts[1].Duration != 0 {
		t.Errorf("%+v", item.Attempts)
	}
	if item := get(t, s, "id-3"); len(item.Attempts) != 3 || item.Attempts[0].Number != 1 || item.Attempts[0].Reason != "upstream_error" {
		t.Errorf("%+v", item.Attempts)
	}
	if p := query(t, s, history.Filter{Reasons: []string{"upstream_error"}}, 0, 10); ids(p) != "id-3" {
		t.Errorf("by the reason of a joined attempt: %q", ids(p))
	}
}

// An attempt that left no memory is told by another replica, which knows when the
// request began.
func testJoinLost(t *testing.T, s history.Store) {
	for _, first := range []string{"attempt", "request"} {
		lost := Failed(first, 1, "canceled", 200)
		lost.Duration, lost.Wait = ms(90_000), 0
		r := Request(first, func(r *record.Request) {
			r.Time, r.Tried, r.Attempts = Start.Add(90100*time.Millisecond), 2, []record.Attempt{Attempt(2)}
		})
		if first == "attempt" {
			s.Attempt(lost)
			s.Request(r)
		} else {
			s.Request(r)
			s.Attempt(lost)
		}
		flush(t, s)
		got := get(t, s, first)
		if len(got.Attempts) != 2 || !got.Time.Equal(Start) || got.Duration != ms(91_300) || got.FirstByte != ms(90_400) || got.FirstContent != ms(90_410) ||
			got.Attempts[0].Began != 0 || got.Attempts[1].Began != ms(90_100) {
			t.Errorf("%s first: %+v", first, got)
		}
	}
	// Clocks of replicas differ: that of an attempt whose end is remembered tells
	// nothing of the beginning.
	r, others := joined("id-3")
	r.Time = Start.Add(30 * time.Second)
	r.Attempts[2].Began = ms(300)
	s.Request(r)
	s.Attempt(others[1])
	s.Attempt(others[0])
	flush(t, s)
	if got := get(t, s, "id-3"); !got.Time.Equal(r.Time) || got.Duration != r.Duration || got.Attempts[2].Began != ms(300) {
		t.Errorf("clocks that differ: %+v", got)
	}
}

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

// An attempt makes no request. (What happens to its request if nothing more is told
// for a long time is the store's own affair.)
func testOrphans(t *testing.T, s history.Store) {
	s.Attempt(Failed("id-1", 1, "rate_limited", 429))
	flush(t, s)
	if p := query(t, s, history.Filter{}, 0, 10); len(p.Items) != 0 {
		t.Errorf("%+v", p)
	}
	if _, err := s.Get(t.Context(), "id-1"); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("got %v", err)
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

func testFilters(t *testing.T, s history.Store) {
	s.Request(Request("aaaa-1", func(r *record.Request) { r.TraceID = "0af7651916cd43dd8448eb211c80319c" }))
	s.Request(Request("aaaa-2", func(r *record.Request) {
		r.API, r.Tenant, r.Time = "anthropic", "search", Start.Add(time.Minute)
		r.Outcome, r.Reason, r.Status = "failed", "rate_limited", 429
		r.Attempts[0].Backend, r.Attempts[0].Account, r.Attempts[0].Model = "vertex", "vertex-1", "gemini-3.5-pro"
		r.Attempts[0].Reason, r.Attempts[0].Error = "rate_limited", "Quota 50% of the_day used"
	}))
	s.Request(Request("bbbb-1", func(r *record.Request) {
		r.Time = Start.Add(2 * time.Minute)
		r.Outcome, r.BrokenBy = "broken", "stream_stalled"
		r.Alias, r.Model = "best", "gemini-3.5-pro"
		r.Tried, r.Attempts = 2, []record.Attempt{Attempt(1, func(a *record.Attempt) { a.Backend, a.Account, a.Reason = "vertex", "vertex-2", "peek_eof" }), Attempt(2)}
	}))
	s.Request(Request("cccc-1", func(r *record.Request) { // answered by heald itself
		r.Time, r.Outcome, r.Reason, r.Tenant, r.Attempts[0] = Start.Add(3*time.Minute), "local", "model_list", "", record.Attempt{Number: 1, Verdict: "pass", Reason: "model_list"}
		r.Model, r.Alias = "", ""
	}))
	flush(t, s)
	for _, c := range []struct {
		name   string
		filter history.Filter
		want   string
	}{
		{"all", history.Filter{}, "cccc-1 bbbb-1 aaaa-2 aaaa-1"},
		{"api", history.Filter{APIs: []string{"anthropic", "none"}}, "aaaa-2"},
		{"tenant", history.Filter{Tenants: []string{"search"}}, "aaaa-2"},
		{"outcomes", history.Filter{Outcomes: []string{"failed", "broken"}}, "bbbb-1 aaaa-2"},
		{"backend of any attempt", history.Filter{Backends: []string{"vertex"}}, "bbbb-1 aaaa-2"},
		{"account", history.Filter{Accounts: []string{"vertex-2"}}, "bbbb-1"},
		{"model asked", history.Filter{Models: []string{"best"}}, "bbbb-1"},
		{"model of an attempt or answer", history.Filter{Models: []string{"gemini-3.5-pro"}}, "bbbb-1 aaaa-2"},
		{"reason of the request", history.Filter{Reasons: []string{"model_list"}}, "cccc-1"},
		{"reason of an attempt", history.Filter{Reasons: []string{"peek_eof"}}, "bbbb-1"},
		{"reason of the break", history.Filter{Reasons: []string{"stream_stalled"}}, "bbbb-1"},
		{"two fields", history.Filter{Backends: []string{"vertex"}, Outcomes: []string{"failed"}}, "aaaa-2"},
		{"nothing", history.Filter{Backends: []string{"vertex"}, Outcomes: []string{"local"}}, ""},
		{"id", history.Filter{ID: "bbbb-1"}, "bbbb-1"},
		{"beginning of an id", history.Filter{ID: "AAAA"}, "aaaa-2 aaaa-1"},
		{"not its middle", history.Filter{ID: "aa-1"}, ""},
		{"trace", history.Filter{ID: "0af765"}, "aaaa-1"},
		{"no pattern", history.Filter{ID: "%"}, ""},
		{"since", history.Filter{Since: Start.Add(2 * time.Minute)}, "cccc-1 bbbb-1"},
		{"until", history.Filter{Until: Start.Add(2 * time.Minute)}, "aaaa-2 aaaa-1"},
		{"between, elsewhere", history.Filter{Since: Start.Add(time.Minute).In(time.FixedZone("x", 7200)), Until: Start.Add(2 * time.Minute)}, "aaaa-2"},
		{"text", history.Filter{Text: "quota 50%"}, "aaaa-2"},
		{"text is no pattern", history.Filter{Text: "the%day"}, ""},
		{"text is no pattern", history.Filter{Text: "the.day"}, ""},
		{"a status", history.Filter{Text: "429"}, "aaaa-2"},
		{"a path", history.Filter{Text: "CHAT/completions", Outcomes: []string{"local"}}, "cccc-1"},
		{"not across words", history.Filter{Text: "gemini-2.5-flash passed"}, ""},
	} {
		if got := ids(query(t, s, c.filter, 0, 10)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
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
