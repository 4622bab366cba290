package monitor

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
	"github.com/heald-proxy/heald/policies/record/history/historytest"
)

type shelf struct{}

func (shelf) Bodies(_ context.Context, id string, ended time.Time) (record.Bodies, error) {
	if id == "again" {
		return record.Bodies{RequestID: id, Time: ended}, nil
	}
	switch id {
	case "id-1":
		return record.Bodies{RequestID: id, Outcome: "failed", Request: record.Body{Text: "<script>", Size: 8}, Answer: record.Body{Binary: []byte{0xff}, Size: 900, Cut: true}}, nil
	case "id-2":
		return record.Bodies{}, errors.New("/secret/path: disk failure")
	}
	return record.Bodies{}, history.ErrNotFound
}

func TestBodies(t *testing.T) {
	for _, c := range []struct {
		from       BodyReader
		method, id string
		status     int
		want       string
	}{
		{shelf{}, "GET", "id-1", 200, `"request":{"text":"\u003cscript\u003e","size":8},"answer":{"base64":"/w==","size":900,"cut":true}`},
		{shelf{}, "GET", "id-2", 503, `{"error":"the history on disk cannot be read`},
		{shelf{}, "GET", "id-3", 404, `{"error":"no bodies of this request are kept`},
		{nil, "GET", "id-1", 404, `record.bodies is off`},
		{shelf{}, "POST", "id-1", 405, `can only be read`},
		{shelf{}, "DELETE", "id-1", 405, `can only be read`},
	} {
		mux := http.NewServeMux()
		mux.Handle(BodiesPath, Bodies(c.from, nil))
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(c.method, "/api/requests/"+c.id+"/bodies", nil))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || strings.Contains(w.Body.String(), "/secret") {
			t.Errorf("%s %s: %d %s", c.method, c.id, w.Code, w.Body)
		}
		if w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("headers %v", w.Header())
		}
	}
}

// The bodies of an earlier request with the same id are asked for by when it ended.
func TestBodiesOfOneOfSeveral(t *testing.T) {
	store := history.NewMemory(history.MemoryOptions{})
	for i := range 2 {
		store.Request(historytest.Request("again", func(r *record.Request) { r.Time = r.Time.Add(time.Duration(i) * time.Hour) }))
	}
	m := New(Options{Store: store, Bodies: shelf{}})
	defer m.Close()
	for query, want := range map[string]string{"": "0001-01-01T00:00:00Z", "?at=2026-11-29T12:00:00Z": "2026-11-29T12:00:01.2Z", "?at=2026-11-29T13:00:00Z": "2026-11-29T13:00:01.2Z"} {
		if w := get(m, "/api/requests/again/bodies"+query); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"time":"`+want+`"`) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
	for query, want := range map[string]int{"?at=2026-11-29T12:30:00Z": http.StatusNotFound, "?at=noon": http.StatusBadRequest} {
		if w := get(m, "/api/requests/again/bodies"+query); w.Code != want {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}
