package redis

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// While a dead replica is left its part, a prompt that is larger than what the others
// may use takes all of that where nothing is used; it could not be sent for 75 s
// otherwise. It counts whole, and what waits for it is told how long.
func TestLargeRequestBesideAGoneReplica(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) { cfg.Timing.now, cfg.Timing.Beat = c.text, time.Hour }
	gone, other := open(t, server, change), open(t, server, change)
	for _, s := range []*Store{gone, other, other} {
		if err := s.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s == other {
			c.Sleep(16 * time.Second)
		}
	}
	if err := other.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	take := func(tokens int64) state.Taken {
		t.Helper()
		taken, err := other.Take(t.Context(), &state.Want{Places: []state.Place{
			{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Tokens: 250_000}, Tokens: tokens}}})
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if got := take(250_001); got.Place >= 0 || got.Full[0] != (state.Full{Limit: "tpm"}) {
		t.Errorf("more than the whole limit never fits: %+v", got)
	}
	large := take(150_000)
	if large.Place != 0 {
		t.Fatalf("150,000 of 250,000 tokens, of which nothing is used: %+v", large.Full)
	}
	for _, tokens := range []int64{1, 150_000} {
		if got := take(tokens); got.Place >= 0 || got.Full[0].In <= 0 {
			t.Errorf("%d tokens beside 150,000: %+v", tokens, got)
		}
	}
	snapshot, err := other.fetch(t.Context())
	if used := snapshot.Load[state.GroupModel{Group: "g", Model: "m"}].Tokens; err != nil || used != 150_000 {
		t.Errorf("%d tokens count, %v", used, err)
	}
	other.settle(t.Context(), []ending{{Settlement: state.Settlement{Receipt: large.Receipt, Tokens: 100_000}}})
	if got := take(25_001); got.Place >= 0 {
		t.Error("more than 125,000 tokens")
	}
	got := take(150_000)
	c.Sleep(got.Full[0].In)
	if got := take(150_000); got.Place != 0 {
		t.Errorf("after the time that was named: %+v", got)
	}
}
