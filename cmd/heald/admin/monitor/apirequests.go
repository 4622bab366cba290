package monitor

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/story"
)

// Bounds of a question.
const (
	defaultLimit = 200
	// listLimit is how many values one filter may have, and textLimit how long each
	// may be, in bytes.
	listLimit = 50
	textLimit = 300
)

// filterOf reads the filter of a request to the API.
func filterOf(q url.Values) (f history.Filter, err error) {
	for name, to := range map[string]*[]string{"api": &f.APIs, "tenant": &f.Tenants, "backend": &f.Backends, "account": &f.Accounts,
		"model": &f.Models, "outcome": &f.Outcomes, "reason": &f.Reasons} {
		values := slices.DeleteFunc(slices.Clone(q[name]), func(s string) bool { return s == "" })
		if len(values) > listLimit {
			return f, fmt.Errorf("%s: at most %d values", name, listLimit)
		}
		*to = values
	}
	f.ID, f.Text = q.Get("id"), q.Get("q")
	for name, values := range q {
		for _, s := range values {
			if len(s) > textLimit {
				return f, fmt.Errorf("%s: at most %d bytes", name, textLimit)
			}
		}
	}
	for name, to := range map[string]*time.Time{"since": &f.Since, "until": &f.Until} {
		if *to, err = timeOf(q, name); err != nil {
			return f, err
		}
	}
	return f, nil
}

// timeOf reads a time; the zero time where none stands.
func timeOf(q url.Values, name string) (time.Time, error) {
	s := q.Get(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%s: write a time as in 2026-11-29T12:00:00Z", name)
	}
	return t, nil
}

// numberOf reads a number that is not negative; 0 where none stands.
func numberOf(q url.Values, name string) (int64, error) {
	s := q.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: write a number", name)
	}
	return n, nil
}

// requests answers with a page of requests, the newest first.
func (m *Monitor) requests(w http.ResponseWriter, r *http.Request) {
	if !m.remembers(w) {
		return
	}
	q := r.URL.Query()
	f, err := filterOf(q)
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	before, err := numberOf(q, "before")
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	limit, err := numberOf(q, "limit")
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return
	}
	if limit == 0 {
		limit = defaultLimit
	}
	page, err := m.o.Store.Query(r.Context(), f, history.Cursor(before), int(min(limit, history.MaxPage)))
	if err != nil {
		unavailable(w, err)
		return
	}
	if page.Items == nil {
		page.Items = []history.Item{} // programs iterate over lists
	}
	answer(w, page)
}

// told answers with one request and its story.
type told struct {
	Request history.Item     `json:"request"`
	Story   []story.Sentence `json:"story"`
	TraceID string           `json:"trace_id"`
}

// one finds the request that the address names: the newest with its id, or the one that
// began at the time "at", since clients use ids again. It answers the client if there is
// none.
func (m *Monitor) one(w http.ResponseWriter, r *http.Request) (item history.Item, ok bool) {
	if !m.remembers(w) {
		return item, false
	}
	at, err := timeOf(r.URL.Query(), "at")
	if err != nil {
		fail(w, http.StatusBadRequest, err.Error())
		return item, false
	}
	item, err = history.GetAt(r.Context(), m.o.Store, r.PathValue("id"), at)
	if err != nil {
		unavailable(w, err)
	}
	return item, err == nil
}

func (m *Monitor) request(w http.ResponseWriter, r *http.Request) {
	if item, ok := m.one(w, r); ok {
		answer(w, told{item, story.Tell(&item.Request), item.TraceID})
	}
}

func (m *Monitor) report(w http.ResponseWriter, r *http.Request) {
	item, ok := m.one(w, r)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(story.Report(&item.Request, m.o.Info.Version)))
}
