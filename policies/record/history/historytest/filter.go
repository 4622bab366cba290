package historytest

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

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
