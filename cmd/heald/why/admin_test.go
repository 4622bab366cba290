package why

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

// adminThat is a source whose heald answers queries so.
func adminThat(t *testing.T, answer func(r *http.Request) (page history.Page, ok bool)) Source {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := answer(r)
		if !ok {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_ = json.NewEncoder(w).Encode(page)
	}))
	t.Cleanup(server.Close)
	client, err := accounts.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return Ask(client)
}

// A running heald is asked for all that the filter says, and for nothing else.
func TestAdminIsAskedForAll(t *testing.T) {
	zone := time.FixedZone("", 3600)
	for _, c := range []struct {
		f      history.Filter
		before history.Cursor
		limit  int
		want   string
	}{
		{history.Filter{}, 0, 1, "limit=1"},
		{history.Filter{}, 7, 20, "before=7&limit=20"},
		{history.Filter{
			APIs: []string{"chat"}, Tenants: []string{"t"}, Backends: []string{"b1", "b2"}, Accounts: []string{"a"}, Models: []string{"m"},
			Outcomes: []string{"failed"}, Reasons: []string{"ok"}, ID: "id-1", Text: "words",
			Since: time.Date(2026, 11, 29, 1, 2, 3, 4, zone), Until: time.Date(2026, 11, 29, 2, 2, 3, 0, zone),
		}, 0, 1, "account=a&api=chat&backend=b1&backend=b2&id=id-1&limit=1&model=m&outcome=failed&q=words&reason=ok" +
			"&since=2026-11-29T00%3A02%3A03.000000004Z&tenant=t&until=2026-11-29T01%3A02%3A03Z"},
	} {
		var asked string
		s := adminThat(t, func(r *http.Request) (history.Page, bool) { asked = r.URL.RequestURI(); return history.Page{}, true })
		if _, err := s.Query(t.Context(), c.f, c.before, c.limit); err != nil || asked != "/api/requests?"+c.want {
			t.Errorf("asked %s, want %s: %v", asked, c.want, err)
		}
	}
}

// How far back a running heald reaches is found out by asking for what is older.
func TestAdminReach(t *testing.T) {
	for _, c := range []struct {
		oldest time.Duration // its age; 0 is none
		paged  bool          // it is told that there is a next page, without an item
		asked  int
		want   string
	}{
		{0, false, 6, "has no requests"},
		{time.Minute, false, 6, "reaches back less than 10 minutes"},
		{20 * time.Minute, false, 5, "reaches back to " + time.Now().Add(-10*time.Minute).Local().Format("2006-01-02 15:04")},
		{2 * time.Hour, true, 4, "reaches back to " + time.Now().Add(-time.Hour).Local().Format("2006-01-02 15:04")},
		{40 * 24 * time.Hour, false, 1, "reaches back to " + time.Now().Add(-30*24*time.Hour).Local().Format("2006-01-02")},
	} {
		asked := 0
		s := adminThat(t, func(r *http.Request) (page history.Page, ok bool) {
			asked++
			until, err := time.Parse(time.RFC3339, r.URL.Query().Get("until"))
			if err != nil || r.URL.Query().Get("limit") != "1" {
				t.Errorf("%s: %v", r.URL.RawQuery, err)
			}
			if c.oldest > 0 && time.Since(until) < c.oldest {
				if page.Next = 7; !c.paged {
					page = history.Page{Items: []history.Item{{Request: historytest.Request("id")}}}
				}
			}
			return page, true
		})
		got := s.Reach(t.Context())
		if !strings.HasPrefix(got, c.want[:len(c.want)-1]) || asked != c.asked { // the minute may have ended
			t.Errorf("oldest %v: %s, asked %d times", c.oldest, got, asked)
		}
		if strings.HasPrefix(got, "reaches back to") && !strings.HasSuffix(got, " at least") {
			t.Error(got)
		}
	}
	failing := adminThat(t, func(*http.Request) (history.Page, bool) { return history.Page{}, false })
	if got := failing.Reach(t.Context()); got != "does not say how far back it reaches" {
		t.Error(got)
	}
}
