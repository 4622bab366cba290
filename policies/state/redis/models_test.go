package redis

import (
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// Names that were invented keep room from others for a minute, not for as long as
// their group is used; and what models used together in a shared window counts on.
func TestInventedModelsAreForgotten(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	s := open(t, server, func(cfg *Config) { cfg.Timing.now, cfg.Timing.Beat = c.text, time.Hour })
	ends := c.Now().Add(20 * time.Hour)
	take := func(model string) bool {
		t.Helper()
		taken, err := s.Take(t.Context(), &state.Want{Places: []state.Place{{Account: "a", Group: "g", Model: model, Rates: state.Rates{Requests: 2, Day: 3}, DayEnds: ends}}})
		if err != nil {
			t.Fatal(err)
		}
		return taken.Place == 0
	}
	sleep := func(d time.Duration) {
		t.Helper()
		c.Sleep(d)
		if err := s.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const models = 256
	take("used")
	take("used")
	for i := range models - 1 {
		take(fmt.Sprint("invented", i))
	}
	if !take("new") || !take("newer") || take("newest") {
		t.Fatal("more models than there is room for do not share a window")
	}
	sleep(62 * time.Second)
	for _, model := range []string{"new", "another"} { // of 3 requests a day 2 were used together
		if first := take(model); !first || take(model) {
			t.Errorf("%s: what was used together does not count on", model)
		}
	}
	if !take("used") || take("used") {
		t.Error("the day of the model that was used more than the others was forgotten")
	}
	for i := range 20 {
		if model := fmt.Sprint("real", i); !take(model) {
			t.Errorf("%s has no room", model)
		}
	}
	bounded := func() {
		t.Helper()
		inGroup, inSummary := s.client.HLen(t.Context(), s.keys.groups+"g").Val(), s.client.HLen(t.Context(), s.keys.summary).Val()
		if inGroup > models+2 || inSummary > models+20 {
			t.Errorf("%d fields of the group, %d of the summary", inGroup, inSummary)
		}
	}
	for minute := range 5 {
		sleep(62 * time.Second)
		for i := range 100 {
			take(fmt.Sprint("more", minute, "-", i))
		}
		bounded()
	}
	sleep(24 * time.Hour) // all is over
	ends = ends.Add(48 * time.Hour)
	for i := range models - 1 {
		for range 2 {
			if model := fmt.Sprint("tomorrow", i); !take(model) {
				t.Fatalf("%s has no room", model)
			}
		}
	}
	bounded()
}
