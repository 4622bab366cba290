package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// The rights that doc.go names are enough.
func TestACL(t *testing.T) {
	server := redistest.Start(t)
	server.Must("ACL SETUSER heald on >secret ~h1:* +@hash +@string +@sortedset +@stream +@keyspace +@scripting +@connection +time -@dangerous")
	s := open(t, server, func(cfg *Config) { cfg.User, cfg.Password = "heald", account.NewSecret("secret") })
	c := newClock()
	for _, test := range []func() error{
		func() error { _, err := s.Snapshot(t.Context()); return err },
		func() error {
			taken, err := s.Take(t.Context(), &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 1, Budgets: []state.Budget{{Name: "b", Ends: c.Now(), Limit: 9, Amount: 1}}}, Places: []state.Place{{Account: "a", Slots: 1, Group: "g", Model: "m"}}})
			if err == nil && taken.Place != 0 {
				t.Errorf("got %+v", taken)
			}
			s.settle(t.Context(), []ending{{Settlement: state.Settlement{Receipt: taken.Receipt, Unsent: true}}})
			return err
		},
		func() error {
			return s.Change(t.Context(), state.Doc{Of: state.OfGroup}, time.Minute, func([]byte) []byte { return []byte("x") })
		},
		func() error { return s.Put(t.Context(), state.Key{Space: state.Attempts}, nil, time.Minute) },
		func() error { _, err := s.Get(t.Context(), state.Key{Space: state.Attempts}); return err },
		func() error {
			_, err := s.Count(t.Context(), state.Key{Space: state.Attempts}, time.Minute)
			return err
		},
		func() error { return s.Beat(t.Context()) },
		func() error { return s.Append(t.Context(), "h1:usage", []byte("{}")) },
		func() error { _, _, err := s.Newer(t.Context(), "h1:usage", "", 1); return err },
		func() error { _, _, err := s.Older(t.Context(), "h1:usage", "", 1); return err },
	} {
		if err := test(); err != nil {
			t.Error(err)
		}
	}
	if n := s.lost.Load(); n > 0 {
		t.Errorf("%d settlements failed", n)
	}
	wrong := open(t, server, func(cfg *Config) { cfg.User, cfg.Password = "heald", account.NewSecret("hunter2") })
	if _, err := wrong.Snapshot(t.Context()); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong password: %v", err)
	}
}
