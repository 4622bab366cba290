package monitor

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/admin/monitor/web"
	"github.com/heald-proxy/heald/policies/record/history"
)

// server is the page with the API that it asks, over requests that a test makes.
// POST /fixture/… changes what happens, for the scripts.
type server struct {
	t     *testing.T
	maker *maker

	mu        sync.Mutex
	items     []history.Item // oldest first
	down      bool           // the API answers 503
	bodies    string
	followers map[chan history.Item]url.Values
	stop      chan struct{} // closed and replaced to cut the followers
	strange   []string      // requests that no page of ours should send
}

func newServer(t *testing.T, n int) *httptest.Server {
	s := &server{t: t, maker: newMaker(), bodies: "off", followers: map[chan history.Item]url.Values{}, stop: make(chan struct{})}
	s.items = s.maker.day(n, time.Now())
	mux := http.NewServeMux()
	mux.Handle("GET /", web.Handler())
	mux.HandleFunc("GET /api/info", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		answer(w, map[string]any{"version": "1.9.0", "replica": "heald-7c4d-x2x9q", "store": "memory", "bodies": s.bodies, "currency": "USD", "api": apis})
	})
	mux.HandleFunc("GET /api/requests", s.requests)
	mux.HandleFunc("GET /api/requests/{id}", s.request)
	mux.HandleFunc("GET /api/requests/{id}/report", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, "heald 1.9.0, request %s\nRepeat it with: heald translate --dialect chat request.json\n", r.PathValue("id"))
	})
	mux.HandleFunc("GET /api/follow", s.follow)
	mux.HandleFunc("GET /api/accounts", func(w http.ResponseWriter, _ *http.Request) { answer(w, pool(time.Now())) })
	mux.HandleFunc("GET /api/now", s.now)
	mux.HandleFunc("GET /api/facets", s.facets)
	mux.HandleFunc("GET /api/export", s.export)
	mux.HandleFunc("POST /fixture/emit", s.emit)
	mux.HandleFunc("POST /fixture/set", s.set)
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		down := s.down
		site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
		if r.Method == "GET" && (site == "cross-site" || site == "same-site" || origin != "" && origin != "http://"+r.Host) {
			s.strange = append(s.strange, r.URL.Path)
		}
		s.mu.Unlock()
		if down && strings.HasPrefix(r.URL.Path, "/api/") {
			w.WriteHeader(http.StatusServiceUnavailable)
			answer(w, map[string]string{"error": "the history cannot be read: disk I/O error"})
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.cut()
		h.Close()
		for _, path := range s.strange {
			t.Errorf("the admin listener would refuse %s", path)
		}
	})
	return h
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // the browser may have left
}

// matches reports whether a filter asks for the item.
func matches(q url.Values, r *history.Item) bool {
	values := map[string][]string{"api": {r.API}, "tenant": {r.Tenant}, "model": {r.Alias, r.Model}, "outcome": {r.Outcome}, "reason": {r.Reason, r.BrokenBy}}
	for i := range r.Attempts {
		a := &r.Attempts[i]
		values["backend"], values["account"], values["reason"] = append(values["backend"], a.Backend), append(values["account"], a.Account), append(values["reason"], a.Reason)
	}
	for name, has := range values {
		if q.Has(name) && !slices.ContainsFunc(q[name], func(v string) bool { return slices.Contains(has, v) }) {
			return false
		}
	}
	if id := q.Get("id"); !strings.HasPrefix(r.RequestID, id) && !strings.HasPrefix(r.TraceID, id) {
		return false
	}
	if since, err := time.Parse(time.RFC3339, q.Get("since")); err == nil && r.Time.Before(since) {
		return false
	}
	text, _ := json.Marshal(r)
	return strings.Contains(strings.ToLower(string(text)), strings.ToLower(q.Get("q")))
}

func (s *server) page(q url.Values, before, limit int) history.Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	page := history.Page{Items: []history.Item{}}
	for i := len(s.items) - 1; i >= 0; i-- {
		item := &s.items[i]
		if before > 0 && item.Cursor >= history.Cursor(before) || !matches(q, item) {
			continue
		}
		if len(page.Items) == limit {
			page.Next = page.Items[limit-1].Cursor
			break
		}
		page.Items = append(page.Items, *item)
	}
	return page
}

func (s *server) requests(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	before, _ := strconv.Atoi(q.Get("before"))
	limit, _ := strconv.Atoi(q.Get("limit"))
	answer(w, s.page(q, before, cmp.Or(limit, 200)))
}

func (s *server) request(w http.ResponseWriter, r *http.Request) {
	for _, item := range s.page(url.Values{}, 0, math.MaxInt).Items {
		if item.RequestID != r.PathValue("id") {
			continue
		}
		type sentence struct {
			Text string `json:"text"`
			Word string `json:"word,omitempty"`
			Link string `json:"link,omitempty"`
		}
		story := []sentence{}
		for i := range item.Attempts {
			a := &item.Attempts[i]
			one := sentence{Text: fmt.Sprintf("Attempt %d at %s: %d, %s after %.1f s.", a.Number, a.Account, a.Status, a.Reason, time.Duration(a.Duration).Seconds()), Word: a.Reason, Link: "https://example.com/OPERATING.md#200-but-no-tokens"}
			if a.Reason == evil {
				one.Link = "javascript:window.pwned=3"
			}
			story = append(story, one)
		}
		answer(w, map[string]any{"request": item, "story": append(story, sentence{Text: "The client got " + strconv.Itoa(item.Status) + "."}), "trace_id": item.TraceID})
		return
	}
	w.WriteHeader(http.StatusNotFound)
	answer(w, map[string]string{"error": history.ErrNotFound.Error()})
}

func (s *server) follow(w http.ResponseWriter, r *http.Request) {
	news := make(chan history.Item, 20000)
	s.mu.Lock()
	s.followers[news] = r.URL.Query()
	stop := s.stop
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.followers, news)
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = fmt.Fprint(w, ": hello\n\n")
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case item := <-news:
			text, _ := json.Marshal(item)
			_, _ = fmt.Fprintf(w, "id: %d\nevent: request\ndata: %s\n\n", item.Cursor, text)
			_ = http.NewResponseController(w).Flush()
		case <-stop:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// cut ends all streams of news.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.stop)
	s.stop = make(chan struct{})
}

// emit makes n requests of a fate happen; quiet ones are remembered, and nobody
// is told of them.
func (s *server) emit(_ http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	s.mu.Lock()
	defer s.mu.Unlock()
	for range n {
		item := s.maker.request(time.Now(), cmp.Or(r.FormValue("fate"), "passed"))
		s.items = append(s.items, item)
		for news, q := range s.followers {
			if r.FormValue("quiet") == "" && matches(q, &item) {
				news <- item
			}
		}
	}
}

// set changes how the server is.
func (s *server) set(_ http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.down = r.FormValue("down") != ""
	s.bodies = cmp.Or(r.FormValue("bodies"), "off")
	s.mu.Unlock()
	if r.FormValue("cut") != "" {
		s.cut()
	}
}

func (s *server) facets(w http.ResponseWriter, _ *http.Request) {
	sets := map[string]map[string]bool{}
	for _, name := range []string{"api", "tenant", "backend", "account", "model", "outcome", "reason"} {
		sets[name] = map[string]bool{}
	}
	for _, r := range s.page(url.Values{}, 0, math.MaxInt).Items {
		sets["api"][r.API], sets["tenant"][r.Tenant], sets["model"][r.Alias], sets["outcome"][r.Outcome], sets["reason"][r.Reason] = true, true, true, true, true
		for _, a := range r.Attempts {
			sets["backend"][a.Backend], sets["account"][a.Account], sets["reason"][a.Reason] = true, true, true
		}
	}
	out := map[string][]string{}
	for name, set := range sets {
		for v := range set {
			if v != "" {
				out[name] = append(out[name], v)
			}
		}
		slices.Sort(out[name])
	}
	answer(w, out)
}

func (s *server) export(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	format := q.Get("format")
	w.Header().Set("Content-Disposition", `attachment; filename="heald-requests.`+format+`"`)
	out := csv.NewWriter(w)
	defer out.Flush()
	if format == "csv" {
		_ = out.Write([]string{"time", "request_id", "api", "tenant", "alias", "model", "outcome", "reason", "attempts", "duration_ms"})
	}
	for _, item := range s.page(q, 0, math.MaxInt).Items {
		if format == "jsonl" {
			answer(w, item)
			continue
		}
		_ = out.Write([]string{item.Time.Format(time.RFC3339), item.RequestID, item.API, item.Tenant, item.Alias, item.Model, item.Outcome, item.Reason, strconv.Itoa(item.Tried), strconv.FormatInt(time.Duration(item.Duration).Milliseconds(), 10)})
	}
}

// now makes series up: waves with a peak of trouble.
func (s *server) now(w http.ResponseWriter, r *http.Request) {
	steps, step := 60, time.Minute
	if r.FormValue("span") == "24h" {
		steps, step = 96, 15*time.Minute
	}
	wave := func(level, phase float64) []float64 {
		out := make([]float64, steps)
		for i := range out {
			x := float64(i) / float64(steps)
			peak := math.Exp(-math.Pow((x-0.7)*14, 2))
			out[i] = math.Round(level * (1 + 0.35*math.Sin(6*x+phase) + 0.12*math.Sin(41*x+3*phase) + 2*peak*math.Abs(math.Sin(phase))))
		}
		return out
	}
	slow := wave(900, 2.5)
	gap := make([]any, steps)
	for i, v := range slow {
		if i < steps/5 || i > steps/3 {
			gap[i] = v
		}
	}
	answer(w, map[string]any{
		"from": time.Now().Add(-time.Duration(steps) * step).Truncate(step), "step_s": step.Seconds(),
		"first_content_p50": map[string]any{"ai-studio": wave(620, 0), "vertex-eu": wave(800, 1.6), "vertex-us": gap},
		"first_content_p95": map[string]any{"ai-studio": wave(1500, 0.3), "vertex-eu": wave(2300, 1.9), "vertex-us": wave(1800, 2.5)},
		"retries":           map[string]any{"peek_eof": wave(4, 0.4), "rate_limited": wave(7, 1.5), "upstream_overloaded": wave(3, 2.2)},
		"repairs":           map[string]any{"strip_signatures": wave(2, 0.2), "relax_schema": wave(1, 1)},
		"rate_limited":      wave(8, 1.5),
		"requests":          map[string]any{"passed": wave(160, 0.2), "failed": wave(3, 1.5), "broken": wave(2, 0.9), "canceled": wave(5, 0.1), "local": wave(9, 0.5)},
		"tokens":            map[string]any{"search": wave(900000, 0.3), "ads": wave(400000, 1.1), "lab": wave(150000, 2), "support": wave(90000, 0.7), "checkout": wave(60000, 0.4)},
		"cost_nano":         map[string]any{"search": wave(4e8, 0.3), "ads": wave(2e8, 1.1), "lab": wave(8e7, 2), "support": wave(4e7, 0.7), "checkout": wave(2e7, 0.4)},
	})
}
