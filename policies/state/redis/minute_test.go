package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// The last release writes whole seconds, of which the newest request may be as late
// as their end. They count so long, and what was taken in them is settled there.
func TestWholeSeconds(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	c.Sleep(c.Now().Truncate(time.Second).Add(time.Second + 200*time.Millisecond).Sub(c.Now()))
	s := open(t, server, func(cfg *Config) { cfg.Timing.now = c.text })
	want := &state.Want{Places: []state.Place{{Account: "a", Group: "g", Model: "m", Rates: state.Rates{Tokens: 100}, Tokens: 60}}}
	take := func() state.Taken {
		t.Helper()
		taken, err := s.Take(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	taken := take()
	second := c.Now().Unix()
	pack := fmt.Sprintf("redis.call('HSET', KEYS[1], 'w:m', cmsgpack.pack({1, 60, 0, 0, %d, 1, 60}))", second)
	if err := s.client.Eval(t.Context(), pack+" return 1", []string{s.keys.groups + "g"}).Err(); err != nil {
		t.Fatal(err)
	}
	got := take()
	if in := time.Unix(second+1, 0).Add(state.Minute).Sub(c.Now()); got.Place >= 0 || got.Full[0].In != in {
		t.Fatalf("%+v, want room in %v", got, in)
	}
	_ = s.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt, Tokens: 40})
	s.waiting.Wait()
	if got = take(); got.Place != 0 {
		t.Fatalf("what was taken in a second that an older release has written is not settled there: %+v", got)
	}
	_ = s.Settle(t.Context(), state.Settlement{Receipt: got.Receipt, Tokens: 60})
	s.waiting.Wait()
}
