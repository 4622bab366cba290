// Package admin is the second listener, for operators and orchestrators:
// metrics, health, the accounts' states, the monitor page and, if asked for,
// profiles. Web pages of other sites get nothing from it.
//
// A request passes two doors before it is answered: one that keeps web pages out
// (local.go), and one that asks for the token or a client certificate where the
// configuration has one (access.go). Orchestrators, which have neither, always
// get /livez and /readyz. A browser is let in by a form (login.go). Nothing here
// changes anything, except whether a browser is let in.
package admin

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// Server serves the admin endpoints.
type Server struct {
	http   *http.Server
	access func() Access
	log    *zap.Logger
}

// shutdownTimeout bounds the wait for a running profile or scrape.
const shutdownTimeout = 2 * time.Second

// Options say what is served.
type Options struct {
	Registry *prometheus.Registry
	// Ready returns an error that says why heald should get no new requests, or
	// a text about a heald that should.
	Ready func() (string, error)
	// Accounts makes the report at /accounts; nil has none.
	Accounts func() accounts.Report
	// Page is the monitor page at /, with its API; nil has none. It is closed when
	// the server ends.
	Page Page
	// Profiles serves /debug/pprof/. They show parts of the memory, which holds
	// prompts and credentials.
	Profiles bool
	// Access says who may ask, as of now; nil is its zero value.
	Access func() Access
	Log    *zap.Logger // nil logs nothing
}

// Page is the monitor page. Close ends its streams.
type Page interface {
	http.Handler
	Close()
}

// New makes a server.
func New(o Options) *Server {
	mux := http.NewServeMux()
	// Only OpenMetrics, if it is asked for, has exemplars with trace ids.
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("ok\n"))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		more, err := o.Ready()
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ok\n" + more + "\n"))
	})
	mux.HandleFunc("GET "+accounts.Path, tellAccounts(o.Accounts))
	if o.Page != nil {
		for _, path := range []string{"/{$}", "/monitor/", "/api/"} {
			mux.Handle("GET "+path, o.Page)
		}
	}
	if o.Profiles {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	access := o.Access
	if access == nil {
		access = func() Access { return Access{} }
	}
	open := &connections{log: o.Log}
	s := &Server{access: access, log: o.Log, http: &http.Server{
		Handler: mux, ReadHeaderTimeout: headerTime, IdleTimeout: idleTime, WriteTimeout: answerTime, MaxHeaderBytes: longestHeader,
		ConnContext: open.add, ConnState: open.changed,
	}}
	if o.Page != nil {
		s.http.RegisterOnShutdown(o.Page.Close) // else it would wait for open event streams
	}
	if o.Log != nil { // handshakes that fail, which a port scan can cause
		s.http.ErrorLog, _ = zap.NewStdLogAt(o.Log, zap.DebugLevel)
	}
	return s
}

// Serve answers on l until ctx ends, and returns once what was being answered is
// done or was cut off. On TCP it refuses what web pages of other sites send. It may
// be called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	s.guard(l.Addr())
	down := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(down)
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if s.http.Shutdown(bounded) != nil {
			_ = s.http.Close()
		}
	})
	err := s.http.Serve(l)
	if !stop() {
		<-down
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// guard puts the two doors before what is served at an address.
func (s *Server) guard(a net.Addr) {
	socket := a.Network() == "unix"
	near := loopback(a) || socket
	var h http.Handler = &gate{next: s.http.Handler, access: s.access, near: near, socket: socket, log: s.log}
	switch {
	case loopback(a):
		h = localOnly(h)
	case !near:
		h = sameSite(h)
	}
	s.http.Handler = punctual(h)
}
