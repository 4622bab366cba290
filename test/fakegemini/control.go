package fakegemini

import (
	"net/http"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxScript bounds what the control paths read.
const maxScript = 64 << 20

func isControl(path string) bool { return strings.HasPrefix(path, "/fake/") }

// control serves the paths by which another process scripts the fake.
func (s *Server) control(w http.ResponseWriter, r *http.Request) {
	var err error
	switch r.Method + " " + r.URL.Path {
	case "POST /fake/script":
		err = s.LoadScript(http.MaxBytesReader(w, r.Body, maxScript))
	case "POST /fake/release":
		s.gates.release(r.URL.Query().Get("gate"))
	case "POST /fake/reset":
		s.Reset()
	case "GET /fake/requests":
		s.writeRequests(w)
		return
	default:
		http.Error(w, "fakegemini has POST /fake/script, POST /fake/release?gate=name, POST /fake/reset, GET /fake/requests", http.StatusNotFound)
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) writeRequests(w http.ResponseWriter) {
	type row struct {
		Request
		Body string `json:"body,omitempty"`
	}
	requests := s.Requests()
	rows := make([]row, len(requests))
	for i, r := range requests {
		rows[i] = row{r, string(r.Body)}
	}
	w.Header().Set("Content-Type", "application/json")
	// A write error means that the caller left.
	_ = json.MarshalWrite(w, struct {
		Active   int   `json:"active"`
		Pending  int   `json:"pending"`
		Requests []row `json:"requests"`
	}{s.Active(), s.Pending(), rows}, jsontext.AllowInvalidUTF8(true), jsontext.WithIndent("  "))
}

// gates are named gates, opened over HTTP.
type gates struct {
	mu   sync.Mutex
	open map[string]chan struct{}
}

func (g *gates) gate(name string) chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = map[string]chan struct{}{}
	}
	if g.open[name] == nil {
		g.open[name] = make(chan struct{})
	}
	return g.open[name]
}

// release opens a gate for the requests that wait at it; later ones wait again.
func (g *gates) release(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ch := g.open[name]; ch != nil {
		close(ch)
		delete(g.open, name)
	}
}
