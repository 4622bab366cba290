package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/heald-proxy/heald/cmd/heald/admin"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
)

// sidecar is heald without Envoy: what `serve` runs alone and `up` beside
// Envoy.
type sidecar struct {
	flags   *config.Flags
	log     *zap.Logger
	metrics *exchange.Metrics
	// signatures outlive a reload, like the counters.
	signatures *heal.Signatures
	policy     reloadable
	server     *extproc.Server
	admin      *admin.Server
	stopped    atomic.Bool
	// key is used where none is configured; it lives as long as the process,
	// so that a reload does not change it.
	key []byte

	reloading sync.Mutex
	sum       [sha256.Size]byte // of what was last taken, or refused
	complaint string            // about the files as they are; "" if there is none
	dirs      []string          // that are to be watched
	rewatch   func()            // has them watched; nil before watch
}

// reloadable is a policy that can be swapped: a stream keeps the one it began
// with.
type reloadable struct {
	current atomic.Pointer[exchange.Exchange]
}

func (r *reloadable) Begin(ctx context.Context, req *policies.Request) policies.Attempt {
	return r.current.Load().Begin(ctx, req)
}

func (r *reloadable) Refuse(req *policies.Request, f *policies.Fault) *policies.Reply {
	return r.current.Load().Refuse(req, f)
}

// newSidecar builds everything that can be wrong, before anything listens.
func newSidecar(flags *config.Flags, cfg *config.Config, log *zap.Logger) (*sidecar, error) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s := &sidecar{flags: flags, log: log, metrics: exchange.NewMetrics(reg), key: make([]byte, 32), sum: cfg.Sum(), dirs: cfg.Dirs(flags.File)}
	s.signatures = exchange.NewSignatures(s.metrics)
	if _, err := rand.Read(s.key); err != nil {
		return nil, err
	}
	if err := s.load(cfg); err != nil {
		return nil, err
	}
	var err error
	s.server, err = extproc.New(extproc.Config{MaxBody: cfg.MaxBody}, extproc.Deps{Policy: &s.policy, Logger: log, Registerer: reg})
	if err != nil {
		return nil, err
	}
	s.admin = admin.New(reg, func() error {
		if s.stopped.Load() {
			return errors.New("draining")
		}
		return nil
	})
	return s, nil
}

// load makes the policy of a configuration the current one.
func (s *sidecar) load(cfg *config.Config) error {
	x, err := cfg.Exchange()
	if err != nil {
		return err
	}
	if len(x.MemoryKeys) == 0 {
		x.MemoryKeys = [][]byte{s.key}
	}
	ex, err := exchange.New(x, exchange.Deps{Log: s.log, Metrics: s.metrics, Signatures: s.signatures})
	if err != nil {
		return err
	}
	s.policy.current.Store(ex)
	s.log.Info("configuration loaded", zap.Int("backends", len(x.Backends)), zap.Int("accounts", len(x.Accounts)),
		zap.String("memory_key_id", ex.KeyIDs()[0]), zap.Strings("memory_key_ids", ex.KeyIDs()))
	for _, n := range cfg.Notes() {
		s.log.Warn("a setting hardly does what is meant", zap.String("setting", n.Path), zap.String("found", n.Found),
			zap.String("consequence", n.Consequence), zap.String("fix", n.Fix))
	}
	return nil
}

// reload reads the files again and takes them if they have changed: their
// directories may hold others, and a reload forgets what cools down. A bad file
// keeps what runs.
func (s *sidecar) reload() {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	defer func() { // it runs on a timer's goroutine, where a panic would end the process
		if p := recover(); p != nil {
			s.log.Error("panic while reloading, the old configuration stays", zap.String("panic", fmt.Sprint(p)), zap.Stack("stack"))
		}
	}()
	cfg, err := s.flags.Load()
	if err == nil && cfg.Sum() == s.sum {
		s.complaint = ""
		return
	}
	if err == nil {
		s.sum = cfg.Sum()
		err = s.load(cfg)
	}
	if err != nil {
		// Once: the log may be written where it is watched, and be heard as a
		// change.
		text := redact.Text(err.Error())
		if s.complaint != text {
			s.log.Error("configuration not reloaded, the old one stays", zap.String("error", text))
		}
		s.complaint = text
		return
	}
	s.complaint = ""
	if dirs := cfg.Dirs(s.flags.File); !slices.Equal(dirs, s.dirs) {
		s.dirs = dirs
		if s.rewatch != nil {
			s.rewatch()
		}
	}
}

// settleTime joins the several events of one change of files into one reload.
const settleTime = 200 * time.Millisecond

// run serves until ctx ends, then lets running streams finish, at most for
// drain. Listeners are closed on return.
func (s *sidecar) run(ctx context.Context, grpc []net.Listener, adminListener net.Listener, drain time.Duration) error {
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
	group.Go(func() error { return watch(s.admin.Serve(serving, adminListener)) })
	group.Go(func() error { return s.watch(serving) })
	select {
	case <-ctx.Done():
		s.log.Info("draining", zap.Duration("at_most", drain))
	case <-failed:
	}
	s.stopped.Store(true)
	bounded, cancel := context.WithTimeout(serving, drain)
	defer cancel()
	if err := s.server.Drain(bounded); err != nil {
		s.log.Warn("not every stream finished in time", zap.Error(err))
	}
	stop()
	return group.Wait()
}

// watch reloads when files change, and follows the configuration to those that
// it names anew.
func (s *sidecar) watch(ctx context.Context) error {
	timer := time.AfterFunc(time.Hour, s.reload)
	timer.Stop()
	defer func() {
		s.reloading.Lock()
		defer s.reloading.Unlock()
		s.rewatch = nil
		timer.Stop()
	}()
	for ctx.Err() == nil {
		watching, cancel := context.WithCancel(ctx)
		s.reloading.Lock()
		dirs := s.dirs
		s.rewatch = func() {
			cancel()
			timer.Reset(settleTime) // what changed in between is seen then
		}
		s.reloading.Unlock()
		if len(dirs) == 0 { // all comes from flags and the environment
			cancel()
			return nil
		}
		err := config.Watch(watching, dirs, func() { timer.Reset(settleTime) })
		cancel()
		if err != nil {
			s.log.Warn("files are not watched; restart heald after a change", zap.Error(err))
			return nil
		}
	}
	return nil
}

// listen opens host:port or unix:///path. A socket file that nobody listens
// on any more is replaced.
func listen(address string) (net.Listener, error) {
	path, unix := strings.CutPrefix(address, "unix://")
	if !unix {
		l, err := net.Listen("tcp", address)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("listen on %s: the port is in use; stop what uses it or choose another address", address)
		}
		return l, err
	}
	if conn, err := net.Dial("unix", path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("listen on %s: another process listens there; stop it or choose another path", address)
	} else if errors.Is(err, syscall.ECONNREFUSED) {
		_ = os.Remove(path)
	}
	return net.Listen("unix", path)
}
