package redis

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// Whatever replicas do, die and are told, n is the sum of shares, and it is what
// they hold.
func TestSharesProperty(t *testing.T) {
	server := redistest.Start(t)
	rapid.Check(t, func(p *rapid.T) {
		server.Must("FLUSHALL")
		c := newClock()
		var stores []*Store
		start := func() {
			stores = append(stores, open(t, server, func(cfg *Config) {
				cfg.Timing.now = c.text
				cfg.Timing.Beat = time.Hour
				cfg.Timing.Silent = 15 * time.Second
			}))
		}
		start()
		start()
		open := make(map[*Store][]state.Taken)
		defer func() {
			for _, s := range stores {
				_ = s.Close()
			}
		}()
		for range rapid.IntRange(1, 20).Draw(p, "steps") {
			s := stores[rapid.IntRange(0, len(stores)-1).Draw(p, "store")]
			switch rapid.IntRange(0, 6).Draw(p, "what") {
			default:
				account := rapid.SampledFrom([]string{"a", "b"}).Draw(p, "account")
				taken, err := s.Take(t.Context(), &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 6}, Places: []state.Place{{Account: account, Slots: 4}}})
				if err != nil {
					p.Fatal(err)
				}
				if taken.Place >= 0 {
					open[s] = append(open[s], taken)
				}
			case 2, 3:
				if held := open[s]; len(held) > 0 {
					_ = s.Settle(t.Context(), state.Settlement{Receipt: held[0].Receipt})
					s.waiting.Wait()
					open[s] = held[1:]
				}
			case 4:
				c.Sleep(time.Duration(rapid.IntRange(1, 20).Draw(p, "seconds")) * time.Second)
				for _, s := range stores {
					if err := s.Beat(t.Context()); err != nil {
						p.Fatal(err)
					}
				}
			case 5:
				if len(stores) > 1 { // it dies
					s.abandon()
					delete(open, s)
					stores = slices.DeleteFunc(stores, func(other *Store) bool { return other == s })
				}
			case 6:
				start()
			}
			consistent(t, stores[0])
		}
		c.Sleep(16 * time.Second) // each says that it lives before the dead are looked for
		for range 2 {
			for _, s := range stores {
				if err := s.Beat(t.Context()); err != nil {
					p.Fatal(err)
				}
			}
		}
		want := map[string]int{}
		for _, held := range open {
			for _, taken := range held {
				want[taken.Receipt.Place.Account]++
			}
		}
		c.Sleep(100 * time.Millisecond)
		snapshot, err := stores[0].Snapshot(t.Context())
		if err != nil || !maps.Equal(snapshot.InUse, want) {
			p.Fatalf("in use %v, want %v; %v", snapshot.InUse, want, err)
		}
		consistent(t, stores[0])
	})
}
