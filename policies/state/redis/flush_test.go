package redis

import (
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// Redis is flushed again and again while one replica of three has all the traffic,
// half of what minutes that begin half used have room for. No request is refused:
// not while the others are yet to return, whose part is kept back, nor afterwards
// by what was said then.
func TestFlushRefusesNobody(t *testing.T) {
	const replicas, each = 3, 20
	for name, slots := range map[string]int{"slots": 4, "rates alone": 0} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			rates := state.Rates{Requests: 40}
			list := []account.Account{
				{ID: "a", Backend: "b", Project: "p1", Secret: account.NewSecret("ka"), Slots: slots, Rates: rates},
				{ID: "b", Backend: "b", Project: "p2", Secret: account.NewSecret("kb"), Slots: slots, Rates: rates},
			}
			var all []*account.Accounts
			var stores []*Store
			for range replicas {
				s := open(t, server, func(cfg *Config) { cfg.Timing.Beat = 500 * time.Millisecond })
				g := state.NewGuard(s, memory.New(), state.GuardConfig{Deadline: 20 * time.Second})
				defer g.Close()
				p, err := account.New(list, account.Deps{Store: g, Shared: true, Random: func() float64 { return 0 }, Log: zap.NewNop()})
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				all, stores = append(all, p), append(stores, s)
			}
			for flush := range 3 {
				for _, s := range stores { // each knows of all
					if err := s.Beat(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				server.Must("FLUSHALL")
				var work sync.WaitGroup
				for range each {
					work.Go(func() {
						l, err := all[0].Acquire(t.Context(), []account.Candidate{{Backend: "b", Model: "m"}}, account.Want{MaxWait: 40 * time.Second})
						if err != nil {
							t.Errorf("flush %d: %v", flush, err)
							return
						}
						l.Done(account.Outcome{Result: account.Succeeded, Sent: true, Tokens: -1})
					})
				}
				work.Wait()
			}
		})
	}
}
