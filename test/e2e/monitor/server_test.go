package monitor

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	report "github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/admin/monitor"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// server is the page as heald serves it, over requests that a test makes.
// POST /fixture/… changes what happens, for the scripts.
type server struct {
	store *history.Memory
	now   *history.Now

	mu      sync.Mutex
	maker   *maker
	down    bool                        // the API answers 503
	pages   map[string]*monitor.Monitor // by which bodies are kept
	bodies  string
	trouble *monitor.Trouble
	strange []string // requests that no page of ours should send
}

func newServer(t *testing.T, n int) *httptest.Server {
	s := &server{maker: newMaker(), bodies: "off", store: history.NewMemory(history.MemoryOptions{Requests: 2 * n, Bytes: 100 << 20}), now: history.NewNow(), pages: map[string]*monitor.Monitor{}}
	for _, r := range s.maker.day(n, time.Now()) {
		s.tell(r)
	}
	h := httptest.NewServer(s)
	t.Cleanup(func() {
		s.cut()
		h.Close()
		for _, path := range s.strange {
			t.Errorf("the admin listener would refuse %s", path)
		}
	})
	return h
}

// tell hands a request to the stores as heald does: each attempt, then the request.
func (s *server) tell(r record.Request) {
	for _, a := range r.Attempts {
		a.Origin = r.Origin
		a.Time = r.Time.Add(time.Duration(a.Began))
		s.store.Attempt(a)
		s.now.Attempt(a)
	}
	s.store.Request(r)
	s.now.Request(r)
}

// page is the real one.
func (s *server) page() *monitor.Monitor {
	if s.pages[s.bodies] == nil {
		s.pages[s.bodies] = monitor.New(monitor.Options{Store: s.store, Now: s.now, Accounts: func() report.Report { return pool(time.Now()) }, Trouble: s.wrong,
			Info: monitor.Info{Version: "1.9.0", Replica: "heald-7c4d-x2x9q", Store: "memory", Bodies: s.bodies, Currency: "USD", API: apis}})
	}
	return s.pages[s.bodies]
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
	if r.Method == http.MethodGet && (site == "cross-site" || site == "same-site" || origin != "" && origin != "http://"+r.Host) {
		s.strange = append(s.strange, r.URL.Path)
	}
	down, page := s.down, s.page()
	s.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/fixture/emit":
		s.emit(r)
	case r.Method == http.MethodPost && r.URL.Path == "/fixture/set":
		s.set(r)
	case down && strings.HasPrefix(r.URL.Path, "/api/"):
		w.WriteHeader(http.StatusServiceUnavailable)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": "the history cannot be read: disk I/O error"})
	default:
		page.ServeHTTP(w, r)
	}
}

// wrong is what is wrong with the store.
func (s *server) wrong() *monitor.Trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// cut ends all streams of news, as a heald that ends does; another one serves.
func (s *server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, page := range s.pages {
		page.Close()
	}
	clear(s.pages)
}

// emit makes n requests of a fate happen, with an id of their own or the one that is
// given.
func (s *server) emit(r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("n"))
	for range n {
		s.mu.Lock()
		one := s.maker.request(time.Now(), cmp.Or(r.FormValue("fate"), "passed"))
		s.mu.Unlock()
		one.RequestID = cmp.Or(r.FormValue("id"), one.RequestID)
		s.tell(one)
	}
}

// set changes how the server is.
func (s *server) set(r *http.Request) {
	s.mu.Lock()
	s.down = r.FormValue("down") != ""
	s.bodies = cmp.Or(r.FormValue("bodies"), "off")
	s.trouble = nil
	if words := r.FormValue("trouble"); words != "" {
		s.trouble = &monitor.Trouble{Since: time.Now().Add(-time.Hour), Words: words, Records: 1200, Memory: true}
		switch {
		case r.FormValue("over") != "":
			s.trouble.Until = time.Now().Add(-time.Minute)
		case r.FormValue("damaged") != "":
			s.trouble.Since, s.trouble.Records = time.Time{}, 0
		}
	}
	s.mu.Unlock()
	if r.FormValue("cut") != "" {
		s.cut()
	}
}
