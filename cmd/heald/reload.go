package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"reflect"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/account/credential"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

// reloadable is a policy that can be swapped: a stream keeps the one it began
// with.
type reloadable struct {
	current atomic.Pointer[exchange.Exchange]
}

// accounts are those of the running configuration; nil before there is one.
func (r *reloadable) accounts() *account.Accounts {
	if x := r.current.Load(); x != nil {
		return x.Accounts()
	}
	return nil
}

// modelLabel is the label of a model in metrics.
func (r *reloadable) modelLabel(model string) string { return r.current.Load().ModelLabel(model) }

func (r *reloadable) Begin(ctx context.Context, req *policies.Request) policies.Attempt {
	return r.current.Load().Begin(ctx, req)
}

func (r *reloadable) OneHop() bool { return r.current.Load().OneHop() }

func (r *reloadable) Refuse(req *policies.Request, f *policies.Fault) *policies.Reply {
	return r.current.Load().Refuse(req, f)
}

// take makes a configuration the current one, whole or not at all.
func (s *sidecar) take(cfg *config.Config) error {
	next, err := s.prepare(cfg)
	if err != nil {
		return err
	}
	s.access.Store(&next.access)
	if next.tls != nil {
		s.tls.Store(next.tls)
		s.log.Info("certificates loaded", zap.String("cert", cfg.Listen.TLS.Cert), zap.Time("not_after", next.tls.Certificates[0].Leaf.NotAfter))
	}
	if next.tenants != nil {
		s.policy.current.Load().UseTenants(next.tenants)
		s.records.labels.SetNames(*s.policy.current.Load().Names())
		s.log.Info("tenants loaded", zap.Int("tenants", len(next.tenants.Tenants())))
	}
	if next.exchange != nil {
		limits := s.limitMemory(cfg)
		s.inFlight.SetLimit(limits.Held)
		s.tokensOf.Store(&next.tokensOf)
		retire := next.tokens.Take()
		s.records.labels.SetNames(*next.exchange.Names())
		s.policy.current.Store(next.exchange)
		retire()
		next.tell(s, limits)
		s.fit.tell(s.log, cfg)
	}
	s.level.follow(cfg.Log.Level)
	s.running, s.loaded = cfg.Sum(), time.Now()
	return nil
}

// prepared is everything made from a configuration.
type prepared struct {
	exchange *exchange.Exchange // nil if the settings are those that run
	access   config.Access      // who may ask the admin listener
	tls      *tls.Config        // nil if there is none, or it has not changed
	tenants  *tenant.Registry   // nil if they have not changed, or come with exchange

	tokens   *credential.Generation
	tokensOf map[account.Tokens][]string

	settings exchange.Config
	adminTLS bool // the file has admin.tls where none runs, or the other way round
	listen   bool // the file has another listen than runs
	record   bool // the same for record
	state    bool // and for state
	maxBody  int  // that the file asks for
	notes    []*setting.Problem
}

// prepare does all that can fail. A change of certificates alone, or of the files
// of tenants, keeps the policy, since a new one would forget what cools down.
func (s *sidecar) prepare(cfg *config.Config) (prepared, error) {
	var p prepared
	var err error
	changed := s.loaded.IsZero() || cfg.Sum().Settings != s.running.Settings
	if changed {
		if p, err = s.build(cfg); err != nil {
			return p, err
		}
	} else if cfg.Sum().Tenants != s.running.Tenants {
		if p.tenants, err = cfg.Registry(); err != nil {
			return p, err
		}
	}
	if p.access, err = s.accessOf(cfg); err != nil {
		return p, err
	}
	if cfg.Listen.TLS != nil && s.listen.TLS != nil && (changed || cfg.Sum().TLS != s.running.TLS) {
		p.tls, err = cfg.Listen.TLS.Load()
	}
	return p, err
}

// accessOf is who may ask the admin listener. The running listeners may be open
// to more peers than the new file expects.
func (s *sidecar) accessOf(cfg *config.Config) (config.Access, error) {
	at := cfg.Listen.Admin
	if !s.loaded.IsZero() {
		at = s.listen.Admin
		cfg.Admin.Keep(s.adminTLS)
	}
	if err := cfg.Admin.CheckAt(at); err != nil {
		return config.Access{}, fmt.Errorf("until heald is restarted, it listens as before: %w", err)
	}
	return cfg.Access()
}

// build makes the policy of a configuration.
func (s *sidecar) build(cfg *config.Config) (p prepared, err error) {
	p.tokens, p.tokensOf = s.tokens.Prepare(), map[account.Tokens][]string{}
	cfg.UseTokens(func(source *credential.Source) account.Tokens { return p.tokens.Refresher(source) })
	defer cfg.UseTokens(nil)
	if p.settings, err = cfg.Exchange(); err != nil {
		return p, err
	}
	for _, a := range p.settings.Accounts {
		if a.Tokens != nil {
			p.tokensOf[a.Tokens] = append(p.tokensOf[a.Tokens], a.ID)
		}
	}
	x := &p.settings
	if p.listen = cfg.Listen.Keep(s.listen); p.listen {
		// The running listeners may be open to more peers than the new file expects.
		if err := cfg.Listen.Check(x.Hop != ""); err != nil {
			return p, fmt.Errorf("until heald is restarted, it listens as before: %w", err)
		}
	}
	p.adminTLS = (cfg.Admin.TLS == nil) != (s.adminTLS == nil)
	p.state = !reflect.DeepEqual(cfg.State, s.stateAt)
	p.record = !reflect.DeepEqual(cfg.Record, s.recordTo)
	p.maxBody, x.MaxBody = x.MaxBody, min(x.MaxBody, s.room)
	if len(x.MemoryKeys) == 0 {
		x.MemoryKeys = [][]byte{s.key}
	}
	p.notes = cfg.Notes()
	p.exchange, err = exchange.New(*x, exchange.Deps{
		Log: s.log, Metrics: s.metrics, Signatures: s.signatures, InFlight: s.inFlight,
		Recorder: s.records.fan, Bodies: s.records.bodies, Prices: price.New(cfg.Prices), Replica: s.state.replica(), State: s.state, Shared: s.state.guard != nil,
	})
	return p, err
}

// tell logs what has taken effect, and what needs a restart.
func (p *prepared) tell(s *sidecar, limits config.Limits) {
	x := &p.settings
	s.log.Info("configuration loaded", zap.Int("backends", len(x.Backends)), zap.Int("accounts", len(x.Accounts)),
		zap.Bool("keys_asked", x.Tenants.Asks()), zap.Int("tenants", len(x.Tenants.Tenants())), zap.Int("max_body", x.MaxBody),
		zap.String("memory_key_id", p.exchange.KeyIDs()[0]), zap.Strings("memory_key_ids", p.exchange.KeyIDs()),
		zap.Int64("memory_limit", limits.Limit), zap.String("memory_limit_from", limits.Source),
		zap.Int64("collector_aims_at", limits.Soft), zap.String("gogc", tellGOGC(s.heapBudget(limits))))
	if n := s.inFlight.LargestBody(); n > 0 && n < int64(x.MaxBody) {
		s.log.Warn("memory is short: request bodies above largest_body are refused while others are held; raise memory.limit, or lower max_body",
			zap.Int64("largest_body", n), zap.Int("max_body", x.MaxBody), zap.Int64("memory_limit", limits.Limit), zap.String("memory_limit_from", limits.Source))
	}
	for _, n := range p.notes {
		s.log.Warn("a setting may not do what is meant", zap.String("setting", n.Path), zap.String("found", n.Found),
			zap.String("consequence", n.Consequence), zap.String("fix", n.Fix))
	}
	if p.adminTLS {
		s.log.Warn("whether there is admin.tls has changed: restart heald to use it; everything else in heald.yaml has taken effect", zap.Bool("running_tls", s.adminTLS != nil))
	}
	if p.listen {
		s.log.Warn("listen has changed: restart heald to use it; everything else in heald.yaml has taken effect",
			zap.Strings("running_grpc", s.listen.GRPC), zap.String("running_admin", s.listen.Admin), zap.Bool("running_tls", s.listen.TLS != nil))
	}
	if p.state {
		s.log.Warn("state has changed: restart heald to use it; everything else in heald.yaml has taken effect")
	}
	if p.record {
		s.log.Warn("record has changed: restart heald to use it; everything else in heald.yaml has taken effect")
	}
	if p.maxBody > s.room {
		s.log.Warn("max_body has grown beyond what it was at the start, and gRPC's limit on messages cannot: restart heald to use it; until then running_max_body counts",
			zap.Int("max_body", p.maxBody), zap.Int("running_max_body", s.room))
	}
}

// reload reads the files again and takes them if they have changed: an event may
// have changed nothing, and a reload forgets what cools down. With a bad file
// the running configuration stays.
func (s *sidecar) reload() {
	s.reloading.Lock()
	defer s.reloading.Unlock()
	defer s.describe()
	defer func() { s.amiss.Store(s.complaint != "") }()
	defer func() { // it runs on a timer's goroutine, where a panic would end the process
		if p := recover(); p != nil {
			s.log.Error("panic while reloading, the old configuration stays", zap.String("panic", fmt.Sprint(p)), zap.Stack("stack"))
		}
	}()
	cfg, err := s.flags.Load()
	switch {
	case err != nil:
	case cfg.Sum() == s.running:
		if s.complaint != "" {
			s.log.Info("the files are again those that run")
			s.files.Restored()
		}
		s.complaint, s.refused = "", config.Sum{}
		s.follow(cfg.Watched(s.flags.File)) // links may lead elsewhere
		return
	case cfg.Sum() == s.refused:
		return
	default:
		if err = s.take(cfg); err != nil {
			s.refused = cfg.Sum()
		}
	}
	if err != nil {
		// Only once: the log may be written in a watched directory, and so be
		// heard as a change.
		text := redact.Text(err.Error())
		if s.complaint != text {
			s.log.Error("configuration not reloaded, the old one stays", zap.String("error", text), zap.Time("old_loaded", s.loaded))
			s.files.Refused()
		}
		s.complaint = text
		return
	}
	s.complaint = ""
	s.files.Loaded(s.loaded)
	s.follow(cfg.Watched(s.flags.File))
}

// follow watches files, if they are others than before.
func (s *sidecar) follow(files config.Watched) {
	s.watching.Lock()
	defer s.watching.Unlock()
	if files.Equal(s.watched) {
		return
	}
	s.watched = files
	if s.rewatch != nil {
		s.rewatch()
	}
}

// describe publishes which configuration runs, for other goroutines.
func (s *sidecar) describe() {
	s.configuration.Store(&accounts.Configuration{Loaded: s.loaded, Refused: s.complaint})
}

// configurationWords is the text for /readyz. The complaint itself is in the
// log and in /accounts.
func configurationWords(c *accounts.Configuration) string {
	if c.Refused != "" {
		return "configuration: running the one of " + c.Loaded.UTC().Format(time.RFC3339) + "; the newer files were refused: see the log"
	}
	return "configuration: of " + c.Loaded.UTC().Format(time.RFC3339)
}

// watch reloads when files change, and then watches the files that the new
// configuration names. It ends with ctx and does not wait for a running reload.
func (s *sidecar) watch(ctx context.Context) error {
	changes := newSettling(s.reload)
	defer func() {
		s.watching.Lock()
		defer s.watching.Unlock()
		s.rewatch = nil
		changes.stop()
	}()
	for ctx.Err() == nil {
		watching, cancel := context.WithCancel(ctx)
		s.watching.Lock()
		files := s.watched
		s.rewatch = func() {
			cancel()
			changes.heard() // so a change in between is seen
		}
		s.watching.Unlock()
		if len(files.Dirs()) == 0 { // everything is from flags and the environment
			cancel()
			return nil
		}
		err := config.Watch(watching, files, s.amiss.Load, changes.heard)
		cancel()
		if err != nil {
			s.log.Warn("files are not watched; restart heald after a change", zap.Error(err))
			return nil
		}
	}
	return nil
}
