package why

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// The lines of a log, as heald writes them, between others, behind the names of
// pods, and cut off.
const aLog = `{"level":"info","time":"2026-11-29T12:00:00Z","msg":"serving metrics and health","address":"127.0.0.1:9001"}
[pod/heald-7d4/heald] {"level":"info","time":"2026-11-29T12:00:01.5Z","msg":"attempt finished","request_id":"id-1","trace_id":"0af7651916cd43dd8448eb211c80319c","tenant":"search","api":"anthropic","attempt":1,"verdict":"failover","reason":"rate_limited","backend":"studio","account":"studio-1","model":"gemini-2.5-pro","upstream_status":429,"error":"Quota exceeded","held_ms":400,"duration_ms":400}
[pod/heald-9x2/heald] {"level":"info","time":"2026-11-29T12:00:03Z","msg":"attempt finished","request_id":"id-1","trace_id":"0af7651916cd43dd8448eb211c80319c","tenant":"search","api":"anthropic","attempt":2,"verdict":"pass","reason":"ok","backend":"studio","account":"studio-2","model":"gemini-2.5-pro","upstream_status":200,"usage":{"input":10,"cached":0,"output":5,"thinking":0},"began_ms":500,"held_ms":300,"duration_ms":1400}
[pod/heald-9x2/heald] {"level":"info","time":"2026-11-29T12:00:03Z","msg":"request finished","request_id":"id-1","trace_id":"0af7651916cd43dd8448eb211c80319c","tenant":"search","api":"anthropic","outcome":"passed","reason":"ok","status":200,"alias":"best","model":"gemini-2.5-pro","backend":"studio","account":"studio-2","stream":true,"tried":2,"attempts":[{"attempt":1,"verdict":"failover","reason":"rate_limited","backend":"studio","account":"studio-1","upstream_status":429}],"first_byte_ms":800,"duration_ms":1900}
{"level":"info","time":"2026-11-29T12:00:09Z","msg":"attempt finished","request_id":"id-2","api":"chat","attempt":1,"verdict":"retry","reason":"canceled","backend":"studio","account":"studio-1","duration_ms":7000}
{"level":"info","time":"2026-11-29T12:00:0`

func logOf(t *testing.T, text, only string) Source {
	t.Helper()
	w := Where{Logs: []string{"-"}}
	s, err := w.Open(t.Context(), strings.NewReader(text), only, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return s.List[0]
}

func tell(t *testing.T, id string, sources ...Source) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Tell(t.Context(), &out, sources, id, time.Time{}, false)
	return out.String(), err
}

func inOrder(text string, words ...string) bool {
	for _, w := range words {
		i := strings.Index(text, w)
		if i < 0 {
			return false
		}
		text = text[i+len(w):]
	}
	return true
}

// The story comes from the lines of a log, also packed, also of a request that has
// not ended, by its id, its trace and the beginning of either.
func TestWhyOfALog(t *testing.T) {
	for _, id := range []string{"id-1", "0af7651916cd43dd8448eb211c80319c", "0af76"} {
		got, err := tell(t, id, logOf(t, aLog, id))
		if err != nil || !inOrder(got, "request id-1, trace 0af7", "standard input", "12:00:01.100", "tenant search", "asked best", "attempt 1 at studio-1", "429", "another account",
			"Quota exceeded", "attempt 2 at studio-2", "first byte after 0.8 s", "the answer was complete after 1.9 s", "OPERATING.md#") {
			t.Errorf("%s: %v\n%s", id, err, got)
		}
	}
	got, err := tell(t, "id-2", logOf(t, aLog, "id-2"))
	if err != nil || !inOrder(got, "request id-2", "12:00:02.000", "studio-1", "before an answer began") {
		t.Errorf("%v\n%s", err, got)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(aLog))
	_ = z.Close()
	path := filepath.Join(t.TempDir(), "log.gz")
	if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	w := Where{Logs: []string{path}}
	s, err := w.Open(t.Context(), nil, "", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tell(t, "id-1", s.List...); err != nil || !strings.Contains(got, path) {
		t.Errorf("%v\n%s", err, got)
	}
}

// Files of records are read as well.
func TestWhyOfRecords(t *testing.T) {
	var text strings.Builder
	r := historytest.Request("id-9")
	for _, e := range []record.Entry{{Attempt: new(historytest.Failed("id-9", 1, "peek_eof", 200))}, {Request: &r}} {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
	}
	if got, err := tell(t, "id-9", logOf(t, text.String(), "id-9")); err != nil || !inOrder(got, "request id-9", "the answer was complete") {
		t.Errorf("%v\n%s", err, got)
	}
}

// If no source knows the request, the error says which were asked and how far back each
// reaches.
func TestNotFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	store, err := OpenStore("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	_, err = tell(t, "id-77", logOf(t, aLog, "id-77"), store)
	if err == nil || !inOrder(err.Error(), "nothing is known of id-77", "the log in standard input, which reaches back to "+time.Date(2026, 11, 29, 12, 0, 1, 100e6, time.UTC).Local().Format("2006-01-02 15:04:05"), "the file "+path+", which has no requests", "--log", "x-heald-request-id") {
		t.Errorf("got %v", err)
	}
	if _, err = tell(t, "id-77", logOf(t, "no log\n", "id-77")); err == nil || !strings.Contains(err.Error(), "which has none of heald's lines about requests") {
		t.Errorf("got %v", err)
	}
	if _, err = tell(t, "id-1", broken{}, logOf(t, aLog, "")); err != nil {
		t.Errorf("a source that fails hides the others: %v", err)
	}
	if _, err = tell(t, "id-3", broken{}, logOf(t, aLog, "")); err == nil || !inOrder(err.Error(), "broken: it burns", "nothing is known of id-3") {
		t.Errorf("got %v", err)
	}
	// A beginning that several have.
	two := aLog[:len(aLog)-40] + "\n" + strings.ReplaceAll(aLog, "id-1", "id-1b")
	if _, err = tell(t, "0af7", logOf(t, two, "")); err == nil || !inOrder(err.Error(), "several requests begin with 0af7", "id-1b, id-1") {
		t.Errorf("got %v", err)
	}
}

// Requests that have not ended are told from their attempts, of a store as well.
func TestUnfinishedInAStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history.db")
	f, err := sqlite.Open(sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a := historytest.Failed("id-5", 1, "peek_eof", 200)
	a.Time = historytest.Start
	if err := f.Write(t.Context(), []record.Entry{{Attempt: &a}}); err != nil {
		t.Fatal(err)
	}
	s, err := OpenStore("sqlite:" + path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := tell(t, "id-5", s); err != nil || !inOrder(got, "request id-5", "attempt 1 at studio-1") {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := tell(t, "id-6", s); !errors.Is(err, history.ErrNotFound) {
		t.Error(err)
	}
}

// Several requests that begin alike are named, the first five.
func TestManyBeginAlike(t *testing.T) {
	for n, want := range map[int]string{2: "id-2, id-1; write more", 5: "id-5, id-4, id-3, id-2, id-1; write more", 6: "id-6, id-5, id-4, id-3, id-2, …; write more", 9: "id-9, id-8, id-7, id-6, id-5, …; write more"} {
		m := newTold("the log")
		for i := range n {
			m.Request(historytest.Request(fmt.Sprintf("id-%d", i+1), func(r *record.Request) {
				r.Time, r.TraceID = historytest.Start.Add(time.Duration(i)*time.Minute), "0af7651916cd43dd8448eb211c80319c"
			}))
		}
		if _, err := tell(t, "0af7", m); err == nil || !strings.Contains(err.Error(), "begin with 0af7: "+want) {
			t.Errorf("%d: %v", n, err)
		}
	}
}

type broken struct{}

func (broken) Name() string { return "broken" }

func (broken) Get(context.Context, string) (history.Item, error) {
	return history.Item{}, errors.New("it burns")
}

func (broken) Query(context.Context, history.Filter, history.Cursor, int) (history.Page, error) {
	return history.Page{}, errors.New("it burns")
}

func (broken) Reach(context.Context) string { return "" }

// A running heald is asked by its API: the same questions give the same answers.
func TestAdmin(t *testing.T) {
	s := filled(t, 30)
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, value any, err error) {
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			value = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(value)
	}
	var asked string
	mux.HandleFunc("GET /api/requests/{id}", func(w http.ResponseWriter, r *http.Request) {
		item, err := s.Get(r.Context(), r.PathValue("id"))
		answer(w, map[string]any{"request": item}, err)
	})
	mux.HandleFunc("GET /api/requests", func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.RawQuery
		q := r.URL.Query()
		f := history.Filter{Outcomes: q["outcome"], ID: q.Get("id")}
		if text := q.Get("until"); text != "" {
			var err error
			if f.Until, err = time.Parse(time.RFC3339, text); err != nil {
				t.Error(err)
			}
		}
		page, err := s.Query(r.Context(), f, 0, 3)
		page.Next = 0
		answer(w, page, err)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	client, err := accounts.NewClient(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	a := Ask(client)
	if got, err := tell(t, "id-0003", a); err != nil || !inOrder(got, "request id-0003", "the heald at http://127.0.0.1", "429") {
		t.Errorf("%v\n%s", err, got)
	}
	if _, err := tell(t, "id-9999", a); err == nil || !inOrder(err.Error(), "nothing is known of id-9999", "the heald at", "reaches back") {
		t.Errorf("got %v", err)
	}
	var out bytes.Buffer
	f := history.Filter{Outcomes: []string{"failed"}, Tenants: []string{"a", "b"}, Text: "x&y", Since: historytest.Start}
	if err := List(t.Context(), &out, io.Discard, a, f, 3, false); err != nil || !strings.Contains(out.String(), "id-0027") || asked != "limit=3&outcome=failed&q=x%26y&since=2026-11-29T12%3A00%3A00Z&tenant=a&tenant=b" {
		t.Errorf("asked %s: %v\n%s", asked, err, out.String())
	}

	// One that remembers nothing, one that is too old, and none at all.
	for words, handler := range map[string]http.HandlerFunc{
		"record.history is 0": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, nil, errors.New("no requests are remembered: record.history is 0"))
		},
		"it is too old for questions about requests": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/livez" {
				_, _ = w.Write([]byte("ok\n"))
				return
			}
			http.NotFound(w, r)
		},
		"is not heald's admin listener (it answered 404)": http.NotFound,
		"is not heald's admin listener (it answered 500)": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/livez" {
				_, _ = w.Write([]byte("ok\n"))
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
		},
		"is not heald's admin listener (it answered 200)": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"it refuses: not from here":                       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not from here", http.StatusForbidden) },
		"it asks for authentication: a token": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, accounts.AsksToken, http.StatusUnauthorized)
		},
	} {
		server := httptest.NewServer(handler)
		client, err := accounts.NewClient(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tell(t, "id-0003", Ask(client)); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("want %q, got %v", words, err)
		}
		server.Close()
	}
}
