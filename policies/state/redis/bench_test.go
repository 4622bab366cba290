package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// BenchmarkScript prints what each script takes of the server's one thread, as
// the server counts it (µs-server/op), beside the round trip.
func BenchmarkScript(b *testing.B) {
	server := redistest.Start(b)
	s := open(b, server, func(cfg *Config) { cfg.Timing.Beat = time.Hour })
	ctx := context.Background()
	tenant := &state.TenantWant{Name: "t", Slots: 1 << 20, Budgets: []state.Budget{
		{Name: "requests/minute", Ends: time.Now().Add(time.Hour), Limit: 1 << 50, Amount: 1},
		{Name: "tokens/day", Ends: time.Now().Add(time.Hour), Limit: 1 << 50, Amount: 1000},
	}}
	place := func(i int) state.Place {
		return state.Place{Account: fmt.Sprint("account", i), Slots: 1 << 20, Group: fmt.Sprint("g", i), Model: "gemini-3.5-flash",
			Rates: state.Rates{Requests: 1 << 40, Tokens: 1 << 50, Day: 1 << 40}, Tokens: 1000, DayEnds: time.Now().Add(time.Hour)}
	}
	full := make([]state.Place, 4) // three have no room
	for i := range full {
		full[i] = place(i)
		if i < 3 {
			full[i].Tokens = 1 << 51
		}
	}
	for range 61 { // a window with requests in many seconds is what a busy group has
		if _, err := s.Take(ctx, &state.Want{Places: full[3:]}); err != nil {
			b.Fatal(err)
		}
	}
	taken := func(want *state.Want) state.Receipt {
		taken, err := s.Take(ctx, want)
		if err != nil {
			b.Fatal(err)
		}
		return taken.Receipt
	}
	places := taken(&state.Want{Places: full[3:]})
	both := taken(&state.Want{Tenant: tenant})
	for i := range 100 {
		taken(&state.Want{Places: []state.Place{place(i)}})
	}
	for _, c := range []struct {
		name string
		run  func()
	}{
		{"count, for comparison", func() { s.run(ctx, &call{script: countScript, keys: []string{"h1:count"}, args: []any{"", 1000}}) }},
		{"take one place", func() { s.run(ctx, s.placeCall(full[3:])) }},
		{"take the fourth place", func() { s.run(ctx, s.placeCall(full)) }},
		{"take for a tenant and one place", func() { _, _, _ = s.runBoth(ctx, s.tenantCall(tenant), s.placeCall(full[3:])) }},
		{"settle", func() {
			s.run(ctx, s.placeEnd(&state.Settlement{Receipt: places, Tokens: 900}, s.known.Load().incarnation))
		}},
		{"tenant take", func() { s.run(ctx, s.tenantCall(tenant)) }},
		{"tenant settle", func() {
			s.run(ctx, s.tenantEnd(&state.Settlement{Receipt: both, Used: []int64{1, 900}, Service: 1000}))
		}},
		{"beat with 100 accounts", func() { _ = s.Beat(ctx) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			server.Must("CONFIG RESETSTAT")
			for b.Loop() {
				c.run()
			}
			b.ReportMetric(microseconds(b, s), "µs-server/op")
		})
	}
	b.Run("snapshot of 100 accounts", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.fetch(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// microseconds is the median of what the server took for a script: a server that
// is waiting for a core counts on.
func microseconds(b *testing.B, s *Store) float64 {
	b.Helper()
	for _, line := range strings.Split(s.client.Info(context.Background(), "latencystats").Val(), "\n") {
		if rest, is := strings.CutPrefix(line, "latency_percentiles_usec_evalsha:p50="); is {
			median, _, _ := strings.Cut(rest, ",")
			if n, err := strconv.ParseFloat(median, 64); err == nil {
				return n
			}
		}
	}
	b.Fatal("the server does not say what it took")
	return 0
}
