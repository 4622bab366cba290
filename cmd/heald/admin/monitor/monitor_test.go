package monitor

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// page makes a monitor with some requests.
func page(t *testing.T, change ...func(*Options)) (*Monitor, *history.Memory) {
	t.Helper()
	store, now := history.NewMemory(history.MemoryOptions{}), history.NewNow()
	o := Options{Store: store, Now: now, Accounts: func() accounts.Report {
		return accounts.Report{Replica: "r1", State: accounts.State{Store: "memory", Up: true}}
	},
		Info: Info{Version: "1.4.0", Store: "memory", Bodies: "off", Currency: "USD", API: []string{"anthropic", "chat"}}}
	for _, c := range change {
		c(&o)
	}
	for _, r := range []record.Request{
		historytest.Request("id-1"),
		historytest.Request("id-2", func(r *record.Request) {
			r.API, r.Outcome, r.Reason, r.Status, r.TraceID = "anthropic", "failed", "rate_limited", 429, "0af7651916cd43dd8448eb211c80319c"
			r.Attempts[0].Verdict, r.Attempts[0].Reason, r.Attempts[0].Error = "fail", "rate_limited", `=cmd|' /C calc'!A0`
			r.Alias = "@SUM(1+1)"
			r.Time = historytest.Start.Add(3600e9)
		}),
		historytest.Request("id/3 ü", func(r *record.Request) { r.Tenant = "search" }),
	} {
		store.Request(r)
		now.Request(r)
	}
	m := New(o)
	t.Cleanup(m.Close)
	return m, store
}

func get(m http.Handler, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w
}

// read decodes an answer.
func read[T any](t *testing.T, w *httptest.ResponseRecorder) (out T) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// onlyError reports whether an answer is one error and nothing after it.
func onlyError(w *httptest.ResponseRecorder) bool {
	var said map[string]string
	return json.Unmarshal(w.Body.Bytes(), &said) == nil && len(said) == 1 && said["error"] != ""
}

func TestRequests(t *testing.T) {
	m, _ := page(t)
	for query, want := range map[string]string{
		"": "id/3 ü,id-2,id-1", "limit=1": "id/3 ü", "outcome=failed": "id-2", "api=chat&api=anthropic&limit=9999": "id/3 ü,id-2,id-1",
		"tenant=search": "id/3 ü", "q=CALC": "id-2", "id=id-": "id-2,id-1", "id=0af7": "id-2", "reason=ok": "id/3 ü,id-1", "outcome=": "id/3 ü,id-2,id-1",
		"since=2026-11-29T14:00:00%2B01:00": "id-2", "until=2026-11-29T13:00:00Z": "id/3 ü,id-1", "backend=none": "", "account=studio-1&model=fast": "id/3 ü,id-1",
	} {
		p := read[history.Page](t, get(m, "/api/requests?"+query))
		var ids []string
		for _, item := range p.Items {
			ids = append(ids, item.RequestID)
		}
		if got := strings.Join(ids, ","); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}
	first := read[map[string]any](t, get(m, "/api/requests?limit=2"))
	cursor, _ := json.Marshal(first["next"])
	w := get(m, "/api/requests?before="+string(cursor))
	if strings.Contains(w.Body.String(), `"next"`) || !strings.Contains(w.Body.String(), `"request_id":"id-1"`) || !strings.Contains(w.Body.String(), `"cursor":`) {
		t.Errorf("the last page: %s", w.Body)
	}
	if body := get(m, "/api/requests?backend=none").Body.String(); strings.Contains(body, "null") {
		t.Error(body)
	}
	for query, want := range map[string]string{
		"before=x": "before: write a number", "before=-1": "before", "limit=ten": "limit", "since=yesterday": "since: write a time as in", "until=1": "until",
		"q=" + strings.Repeat("x", 301): "q: at most 300 bytes", strings.Repeat("api=x&", 51): "api: at most 50 values",
	} {
		if w := get(m, "/api/requests?"+query); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), want) || !onlyError(w) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

// A page has 200 requests unless the question says how many, and a bound; what is
// asked for is bounded, too.
func TestPageSize(t *testing.T) {
	m, store := page(t)
	for i := range history.MaxPage + 100 {
		store.Request(historytest.Request(fmt.Sprint(i)))
	}
	for query, want := range map[string]int{
		"": 200, "limit=0": 200, "limit=201": 201, "limit=100000": history.MaxPage,
		"limit=1&q=" + strings.Repeat("x", 300): 0, "limit=1&" + strings.Repeat("api=chat&", 50): 1, "limit=1&" + strings.Repeat("api=&", 60): 1,
	} {
		if p := read[history.Page](t, get(m, "/api/requests?"+query)); len(p.Items) != want {
			t.Errorf("%s: %d requests, want %d", query, len(p.Items), want)
		}
	}
}

// The page has bodies where they are kept.
func TestBodiesOnThePage(t *testing.T) {
	with, _ := page(t, func(o *Options) { o.Bodies = shelf{} })
	without, _ := page(t)
	if w := get(with, "/api/requests/id-1/bodies"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "script") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(without, "/api/requests/id-1/bodies"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "record.bodies is off") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestOneRequest(t *testing.T) {
	m, _ := page(t)
	got := read[struct {
		Request history.Item
		Story   []struct{ Text, Word, Link string }
		TraceID string `json:"trace_id"`
	}](t, get(m, "/api/requests/id-2"))
	if got.Request.RequestID != "id-2" || got.TraceID != "0af7651916cd43dd8448eb211c80319c" || len(got.Story) < 3 ||
		got.Story[1].Word != "rate_limited" || !strings.HasSuffix(got.Story[1].Link, "/OPERATING.md#429-storms") {
		t.Errorf("%+v", got)
	}
	if got := read[told](t, get(m, "/api/requests/id%2F3%20%C3%BC")); got.Request.RequestID != "id/3 ü" {
		t.Errorf("%+v", got)
	}
	w := get(m, "/api/requests/id-2/report")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(w.Body.String(), "heald 1.4.0, request id-2") || strings.Contains(w.Body.String(), "studio-1") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/api/requests/none", "/api/requests/none/report", "/api/nothing", "/api/"} {
		if w := get(m, path); w.Code != http.StatusNotFound || !onlyError(w) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// Of requests with the same id, each has its own story and report; without a time the
// newest is meant.
func TestRequestsOfOneID(t *testing.T) {
	m, store := page(t)
	for i, reason := range []string{"rate_limited", "peek_timeout", "ok"} {
		store.Request(historytest.Request("again", func(r *record.Request) {
			r.Time = historytest.Start.Add(time.Duration(i) * 1234567890)
			if r.Reason = reason; reason != "ok" {
				r.Outcome, r.Attempts[0].Verdict, r.Attempts[0].Reason = "failed", "fail", reason
			}
		}))
	}
	list := read[struct {
		Requests []struct {
			Time   string `json:"time"`
			Reason string `json:"reason"`
		} `json:"requests"`
	}](t, get(m, "/api/requests?id=again"))
	if len(list.Requests) != 3 {
		t.Fatalf("%+v", list)
	}
	for _, row := range list.Requests {
		at := "?at=" + url.QueryEscape(row.Time)
		if got := read[told](t, get(m, "/api/requests/again"+at)); got.Request.Reason != row.Reason {
			t.Errorf("the row of %s opens that of %s", row.Reason, got.Request.Reason)
		}
		if w := get(m, "/api/requests/again/report"+at); !strings.Contains(w.Body.String(), row.Reason) {
			t.Errorf("the report of %s: %s", row.Reason, w.Body)
		}
	}
	if got := read[told](t, get(m, "/api/requests/again")); got.Request.Reason != "ok" {
		t.Errorf("without a time %s", got.Request.Reason)
	}
	for query, want := range map[string]int{"?at=2026-11-29T11:00:00Z": http.StatusNotFound, "?at=1": http.StatusBadRequest} {
		if w := get(m, "/api/requests/again"+query); w.Code != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestNumbers(t *testing.T) {
	m, _ := page(t)
	if f := read[history.Facets](t, get(m, "/api/facets")); len(f.APIs) != 2 || len(f.Reasons) != 2 {
		t.Errorf("%+v", f)
	}
	if s := read[history.Series](t, get(m, "/api/now?span=24h")); len(s.RateLimited) != 144 {
		t.Errorf("%+v", s)
	}
	if s := read[history.Series](t, get(m, "/api/now")); len(s.RateLimited) != 60 {
		t.Errorf("%+v", s)
	}
	if w := get(m, "/api/now?span=1w"); w.Code != http.StatusBadRequest || !onlyError(w) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if i := read[Info](t, get(m, "/api/info")); i.Version != "1.4.0" || i.Currency != "USD" {
		t.Errorf("%+v", i)
	}
	if a := read[accounts.Report](t, get(m, "/api/accounts")); a.Replica != "r1" || a.Accounts == nil {
		t.Errorf("%+v", a)
	}
}

// Where nothing is remembered, the page says so.
func TestNothingRemembered(t *testing.T) {
	m := New(Options{Info: Info{Store: "off"}})
	defer m.Close()
	for _, path := range []string{"/api/requests", "/api/requests/x", "/api/requests/x/report", "/api/follow", "/api/facets", "/api/export?format=csv", "/api/now"} {
		if w := get(m, path); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "record.history is 0") || !onlyError(w) {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	if w := get(m, "/api/accounts"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), accounts.NotTold) || !onlyError(w) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := get(m, "/"); w.Code != http.StatusOK {
		t.Errorf("%d", w.Code)
	}
}

// Nothing can be changed, and browsers are told to load nothing from elsewhere.
func TestHeadersAndMethods(t *testing.T) {
	m, _ := page(t)
	for _, target := range []string{"/", "/monitor/index.html", "/api/requests", "/api/info", "/monitor/none", "/api/none"} {
		h := get(m, target).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if !strings.HasPrefix(h.Get(name), want) {
				t.Errorf("%s: %s is %q", target, name, h.Get(name))
			}
		}
		if strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
			t.Error("the policy lets inline code run")
		}
		if strings.HasPrefix(target, "/api/") && h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: is kept: %s", target, h.Get("Cache-Control"))
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			w := httptest.NewRecorder()
			if m.ServeHTTP(w, httptest.NewRequest(method, target, nil)); w.Code != http.StatusMethodNotAllowed || !onlyError(w) || w.Header().Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: %d %s", method, target, w.Code, w.Body)
			}
		}
	}
}

// Files come with a type and a tag, and none from outside web/.
func TestFiles(t *testing.T) {
	m, _ := page(t)
	w := get(m, "/")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(w.Body.String(), "<title>") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if kept := w.Header().Get("Cache-Control"); kept != "no-cache" { // asked for again each time, since an update must be seen
		t.Errorf("kept: %s", kept)
	}
	if again := get(m, "/", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%d", again.Code)
	}
	if other := get(m, "/monitor/index.html", "If-None-Match", `"x"`); other.Code != http.StatusOK || other.Body.String() != w.Body.String() {
		t.Errorf("%d", other.Code)
	}
	for _, target := range []string{"/monitor/", "/monitor/index.html/", "/monitor/vendor", "/monitor/vendor/", "/monitor/..%2fmonitor.go", "/monitor/%2e%2e/doc.go", "/monitor/web/index.html", "/monitor/none.js"} {
		if w := get(m, target); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", target, w.Code)
		}
	}
	err := fs.WalkDir(embedded, "web", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		w := get(m, "/monitor/"+strings.TrimPrefix(name, "web/"))
		if w.Code != http.StatusOK || w.Header().Get("Content-Type") == "" {
			t.Errorf("%s: %d %v", name, w.Code, w.Header())
		}
		if path.Ext(name) == ".html" {
			if found := inline.FindString(w.Body.String()); found != "" {
				t.Errorf("%s has what the policy forbids: %s", name, found)
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// inline is code and style within a page, and what is loaded from elsewhere.
var inline = regexp.MustCompile(`(?i)<script(?:[^>]*[^>\w]src=)?[^>]*>\s*[^<\s]|<style|\sstyle=|\son[a-z]+=|(?:src|href)="(?:https?:)?//[^"]*\.(?:js|css|woff2?|png|svg)`)
