package historytest

import (
	"errors"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

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
