package monitor

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/policies/record/history"
)

// Options say what the page shows.
type Options struct {
	// Store has the requests; nil where none are remembered.
	Store history.Source
	// Now has the numbers of an hour and a day; nil where nothing is counted.
	Now *history.Now
	// Bodies has what clients sent and got; nil where none are kept.
	Bodies BodyReader
	// Accounts makes the report on accounts; nil has none.
	Accounts func() accounts.Report
	// Trouble says what is wrong with the store; nil, like its result, means nothing.
	Trouble func() *Trouble
	Info    Info
}

// Trouble is what is wrong with the store of requests.
type Trouble struct {
	// Since is the first write that failed, Until the last one; it is zero while
	// writing fails. Both are zero where the file is damaged and can be written.
	Since time.Time `json:"since,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Words say what is wrong with the file, as in "cannot grow: the disk is full".
	Words string `json:"words"`
	// Records is how many records of attempts and requests are not in the store.
	Records int `json:"records"`
	// Memory says that the newest requests are shown from memory.
	Memory bool `json:"memory"`
}

// Info says what the page shows.
type Info struct {
	Version string `json:"version"`
	// Replica identifies this process among others; "" where there are none.
	Replica string `json:"replica"`
	// Store is where requests are remembered: memory, sqlite, redis (in memory,
	// those of all replicas), or off.
	Store string `json:"store"`
	// Bodies says of which requests the bodies are kept: off, failed or all.
	Bodies   string   `json:"bodies"`
	Currency string   `json:"currency"`
	API      []string `json:"api"`
	// Trouble is what is wrong with the store; nil means nothing.
	Trouble *Trouble `json:"trouble,omitempty"`
}

// Monitor serves the page. It is an http.Handler for "/", "/monitor/" and "/api/".
type Monitor struct {
	o    Options
	mux  *http.ServeMux
	ctx  context.Context // of the streams
	stop context.CancelFunc
	// asking counts the readers of a store without a live stream; history.Followers
	// bounds it.
	asking atomic.Int32
}

// New makes a page. Close ends the streams.
func New(o Options) *Monitor {
	m := &Monitor{o: o, mux: http.NewServeMux()}
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.mux.HandleFunc("GET /{$}", m.page)
	m.mux.HandleFunc("GET /monitor/{path...}", m.file)
	m.mux.HandleFunc("GET /api/requests", m.requests)
	m.mux.HandleFunc("GET /api/requests/{id}", m.request)
	m.mux.HandleFunc("GET /api/requests/{id}/report", m.report)
	m.mux.Handle("GET "+BodiesPath, Bodies(o.Bodies, o.Store))
	m.mux.HandleFunc("GET /api/follow", m.follow)
	m.mux.HandleFunc("GET /api/export", m.export)
	m.mux.HandleFunc("GET /api/facets", m.facets)
	m.mux.HandleFunc("GET /api/now", m.now)
	m.mux.HandleFunc("GET /api/accounts", m.accounts)
	m.mux.HandleFunc("GET /api/info", m.info)
	m.mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, "there is nothing under this path")
	})
	return m
}

// Close ends the streams that run, and at once those that begin later.
func (m *Monitor) Close() { m.stop() }

// policy lets the page load embedded files and ask this listener, and nothing
// else: no data that it shows can run as a script or be sent elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// ServeHTTP implements http.Handler.
func (m *Monitor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		fail(w, http.StatusMethodNotAllowed, "everything here is read by GET")
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cache-Control", "no-store") // static files have another
	m.mux.ServeHTTP(w, r)
}
