package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/admin"
	"github.com/heald-proxy/heald/cmd/heald/collector"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/account/credential"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/heal"
)

// sidecar is heald without Envoy: what `serve` runs alone and `up` beside
// Envoy.
type sidecar struct {
	flags    *config.Flags
	log      *zap.Logger
	level    *logLevel // of log; nil if it does not change
	registry *prometheus.Registry
	metrics  *exchange.Metrics
	// signatures and the count of bytes in flight outlive a reload, like the counters.
	signatures *heal.Signatures
	inFlight   *exchange.InFlight
	records    *records
	collector  *collector.Pacer // nil where the operator's GOGC counts
	// state has the slots and rates in use: a reload must not grant them a
	// second time.
	state    *shared
	access   atomic.Pointer[config.Access] // who may ask the admin listener
	adminTLS *config.AdminTLS              // with which it runs; nil for plain text
	policy   reloadable
	tokens   *credential.Set
	tokensOf atomic.Pointer[map[account.Tokens][]string] // ids of the accounts that show them
	server   *extproc.Server
	admin    *admin.Server
	stopped  atomic.Bool
	// key is used where none is configured; it lives as long as the process,
	// so that a reload does not change it.
	key []byte

	listen config.Listen              // where the process listens
	tls    atomic.Pointer[tls.Config] // for connections that begin; nil for plain text
	room   int                        // the longest body, in bytes, that the server can receive
	// recordTo is where records go until a restart.
	recordTo config.Record
	stateAt  config.State // likewise
	files    *config.Metrics
	fit      *fit // of the Envoy that was started with it; nil for one of the operator's

	reloading sync.Mutex
	running   config.Sum // of what runs
	refused   config.Sum // of what was refused last
	loaded    time.Time  // when what runs was
	complaint string     // about the files as they are; "" if there is none

	// A lock of its own: a reload may wait for ever for a file system, and the
	// end of the process must not wait for the reload.
	watching sync.Mutex
	watched  config.Watched // that are to be watched
	rewatch  func()         // makes watch use them; nil before watch and after it

	// amiss says that the files were refused: then a file of any name may be what they
	// lack.
	amiss atomic.Bool

	configuration atomic.Pointer[accounts.Configuration] // which one runs
}

// newSidecar builds everything that can fail, before anything listens. sinks get
// records, besides those of the configuration.
func newSidecar(flags *config.Flags, cfg *config.Config, log *zap.Logger, profiles bool, sinks ...namedSink) (*sidecar, error) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), buildInfo())
	s := &sidecar{
		flags: flags, log: log, registry: reg, metrics: exchange.NewMetrics(reg), key: make([]byte, 32), watched: cfg.Watched(flags.File),
		listen: cfg.Listen, room: cfg.MaxBody, recordTo: cfg.Record, stateAt: cfg.State, adminTLS: cfg.Admin.TLS, files: config.NewMetrics(reg),
	}
	s.signatures = exchange.NewSignatures(s.metrics)
	s.inFlight = exchange.NewInFlight(reg)
	reg.MustRegister(account.NewMetrics(s.policy.accounts, s.policy.modelLabel), exchange.NewLearnedMetrics(s.policy.current.Load))
	var err error
	if s.state, err = openState(&cfg.State, reg, log); err != nil {
		return nil, err
	}
	if s.records, err = newRecords(&cfg.Record, s.state.stream(), reg, log, sinks...); err != nil {
		return nil, errors.Join(err, s.state.Close())
	}
	s.tokens = credential.NewSet(credential.NewClient(nil), s.tokensChanged)
	s.collector = newPacer()
	if err := s.assemble(cfg, profiles); err != nil {
		s.tokens.Close()
		s.collector.Stop()
		return nil, errors.Join(err, s.records.close(), s.state.Close())
	}
	return s, nil
}

// assemble builds the parts that need others.
func (s *sidecar) assemble(cfg *config.Config, profiles bool) error {
	if _, err := rand.Read(s.key); err != nil {
		return err
	}
	if err := s.take(cfg); err != nil {
		return err
	}
	s.files.Started(s.loaded)
	s.describe()
	deps := extproc.Deps{Policy: &s.policy, Logger: s.log, Registerer: s.registry}
	if s.listen.TLS != nil {
		deps.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.tls.Load(), nil }}
	}
	var err error
	if s.server, err = extproc.New(extproc.Config{MaxBody: s.room}, deps); err != nil {
		return err
	}
	s.admin = admin.New(admin.Options{Registry: s.registry, Ready: s.ready, Accounts: s.report, Page: s.page(), Profiles: profiles, Access: s.mayAsk, Log: s.log})
	return nil
}

// mayAsk says who may ask the admin listener now.
func (s *sidecar) mayAsk() admin.Access {
	a := s.access.Load()
	return admin.Access{Token: a.Token.Reveal(), Certificates: a.Certificates, MetricsOpen: a.MetricsOpen, Open: a.Open}
}

// secured is the admin listener with TLS, where that is configured.
func (s *sidecar) secured(l net.Listener) net.Listener {
	if s.adminTLS == nil || l.Addr().Network() == "unix" {
		return l
	}
	return tls.NewListener(l, &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.access.Load().TLS, nil }})
}

// ready is the answer for orchestrators: why heald should get no new requests,
// or which configuration it uses.
func (s *sidecar) ready() (string, error) {
	if s.stopped.Load() {
		return "", errors.New("draining")
	}
	return configurationWords(s.configuration.Load()), nil
}

// run serves until ctx ends, then lets running streams finish, at most for
// drain. Listeners are closed on return.
func (s *sidecar) run(ctx context.Context, grpc []net.Listener, adminListener net.Listener, drain time.Duration) error {
	defer s.tokens.Close()
	defer s.collector.Stop()
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, _ := errgroup.WithContext(serving)
	failed := make(chan struct{}, 2)
	watch := func(err error) error {
		if err != nil {
			failed <- struct{}{}
		}
		return err
	}
	group.Go(func() error { return watch(s.server.Serve(serving, grpc...)) })
	group.Go(func() error { return watch(s.admin.Serve(serving, s.secured(adminListener))) })
	group.Go(func() error { return s.watch(serving) })
	select {
	case <-ctx.Done():
		s.log.Info("draining", zap.Int64("at_most_ms", drain.Milliseconds()))
	case <-failed:
	}
	s.stopped.Store(true)
	bounded, cancel := context.WithTimeout(serving, drain)
	defer cancel()
	if err := s.server.Drain(bounded); err != nil {
		s.log.Warn("not every stream finished in time", zap.Error(err))
	}
	stop()
	err := group.Wait()
	s.policy.current.Load().Close()             // writes the rest into the store
	if lost := s.records.close(); lost != nil { // after everything that makes records
		s.log.Warn("not every record was written", zap.Error(lost))
	}
	if lost := s.state.Close(); lost != nil { // after the stream of records, and everything that settles
		s.log.Warn("the shared store was not told of everything; its slots come back by themselves", zap.Error(lost))
	}
	return err
}
