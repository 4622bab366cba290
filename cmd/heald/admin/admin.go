// Package admin is the second listener, for operators and orchestrators:
// metrics, health, the accounts' states, the monitor page and, if asked for, profiles. It should not be reachable by
// clients; on a loopback address web pages get nothing from it.
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

	"github.com/heald-proxy/heald/cmd/heald/accounts"
)

// Server serves the admin endpoints.
type Server struct{ http *http.Server }

// shutdownTimeout bounds the wait for a profile or scrape that is running.
const shutdownTimeout = 2 * time.Second

// Options say what is served.
type Options struct {
	Registry *prometheus.Registry
	// Ready says why heald should get no new requests, or, with a nil error,
	// what there is to know about one that should.
	Ready func() (string, error)
	// Accounts tells of accounts at /accounts; nil has nothing to tell.
	Accounts func() accounts.Report
	// Page is the monitor page, at / and with what it asks for; nil has none. It is
	// closed when the server ends.
	Page Page
	// Profiles serves /debug/pprof/. They show parts of the memory, which holds
	// prompts and credentials.
	Profiles bool
}

// Page is the monitor page. Close ends what it streams.
type Page interface {
	http.Handler
	Close()
}

// New makes a server.
func New(o Options) *Server {
	mux := http.NewServeMux()
	// OpenMetrics, where it is asked for, has examples with trace ids.
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
	s := &Server{http: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}}
	if o.Page != nil {
		s.http.RegisterOnShutdown(o.Page.Close) // else it would wait for who follows
	}
	return s
}

// Serve answers on l until ctx ends. On a loopback address it refuses what web
// pages send. It may be called once.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if loopback(l.Addr()) {
		s.http.Handler = localOnly(s.http.Handler)
	}
	stop := context.AfterFunc(ctx, func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
		defer cancel()
		if s.http.Shutdown(bounded) != nil {
			_ = s.http.Close()
		}
	})
	defer stop()
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
