package main

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/accounts"
	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis"
)

// shared is the store of a process. It outlives a reload.
type shared struct {
	state.Store
	used  state.Used
	guard *state.Guard // nil where nothing is shared
	redis *redis.Store // likewise
}

// openState opens the store that the section names. A Redis that cannot be
// reached is no error: the guard keeps asking.
func openState(cfg *config.State, reg prometheus.Registerer, log *zap.Logger) (*shared, error) {
	if !cfg.Shared() {
		own := memory.New()
		return &shared{Store: own, used: own}, nil
	}
	c, err := cfg.Redis.Config()
	if err != nil {
		return nil, err
	}
	c.Metrics = redis.NewMetrics(reg)
	s := &shared{}
	if s.redis, err = redis.New(c); err != nil {
		return nil, err
	}
	s.guard = state.NewGuard(s.redis, memory.New(), state.GuardConfig{OnError: c.OnError, Log: log, Metrics: state.NewGuardMetrics(reg)})
	s.Store, s.used = s.guard, s.guard
	return s, nil
}

// stream takes records; nil if there is none.
func (s *shared) stream() record.Appender {
	if s.redis == nil {
		return nil
	}
	return s.redis
}

// replica names this process among those that share the store; "" where there are
// no others.
func (s *shared) replica() string {
	if s.redis == nil {
		return ""
	}
	return s.redis.Replica()
}

// report describes the store, and says when it last reported replicas.
func (s *shared) report() (replica string, st accounts.State, seen time.Time) {
	if s.guard == nil {
		return "", accounts.State{Store: "memory", Up: true}, time.Time{}
	}
	g := s.guard.Status()
	return s.replica(), accounts.State{Store: "redis", Up: g.Up, Why: g.Why, Trouble: g.Trouble, Replicas: g.Replicas, Gone: g.Gone}, g.Seen
}
