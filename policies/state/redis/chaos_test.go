package redis

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// In each of these scenarios no account has more slots in use than it has, and
// when the store is back, all slots can be used, and none is left behind.

// aLongTime are heartbeats after which a replica that is alone uses its part of
// all limits: more than twice the 15 s after which it is taken for dead. After
// 90 s the others take its part.
const aLongTime = 8

func TestPaused(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server))
	f.disturb(nobody, server.Pause)
	f.pass(aLongTime)
	f.allInUse() // each has its third
	f.disturb(everyone, server.Resume)
	f.pass(2)
	f.allInUse()
	f.land(server)
}

// Where all slots are taken and the server goes, replicas go on at once with what
// they held.
func TestSaturatedAndGone(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server))
	f.disturb(nobody, server.Pause)
	for range 3 { // no time has passed
		got := f.round(nil)
		t.Logf("in use: %v of %d each", got, slots)
		if got == [accounts]int64{} {
			t.Fatal("nothing is admitted")
		}
	}
	f.disturb(everyone, server.Resume)
	f.pass(2)
	f.allInUse()
	f.land(server)
}

func TestClientsPaused(t *testing.T) {
	t.Run("reads go on", func(t *testing.T) {
		server := redistest.Start(t)
		f := launch(t, three(server))
		f.disturb(nobody, func() { server.Must("CLIENT PAUSE 3600000 WRITE") })
		f.pass(1)
		f.disturb(everyone, func() { server.Must("CLIENT UNPAUSE") })
		f.pass(1)
		f.allInUse()
		f.land(server)
	})
	t.Run("nothing is answered", func(t *testing.T) {
		server := redistest.Start(t)
		f := launch(t, three(server))
		f.disturb(everyone, func() { server.Must("CLIENT PAUSE 700 ALL") })
		f.pass(1)
		f.allInUse()
		f.land(server)
	})
}

func TestKilledAndRestartedEmpty(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		server := redistest.Start(t)
		f := launch(t, three(server))
		f.disturb(everyone, func() {
			server.Kill()
			server.Restart()
		})
		f.pass(3)
		f.allInUse()
		f.land(server)
	})
	t.Run("soon", func(t *testing.T) {
		server := redistest.Start(t)
		f := launch(t, three(server))
		f.disturb(nobody, server.Kill)
		f.disturb(everyone, server.Restart)
		f.pass(3)
		f.allInUse()
		f.land(server)
	})
	t.Run("late", func(t *testing.T) {
		server := redistest.Start(t)
		f := launch(t, three(server))
		f.disturb(nobody, server.Kill)
		f.pass(aLongTime)
		f.allInUse() // each has its third
		f.disturb(everyone, server.Restart)
		f.pass(3)
		f.allInUse()
		f.land(server)
	})
}

func TestFlushed(t *testing.T) {
	server := redistest.Start(t)
	f := launch(t, three(server))
	for range 5 {
		f.disturb(everyone, func() { server.Must("FLUSHALL") })
		f.pass(2)
		f.allInUse()
	}
	f.land(server)
}

func TestDownAtStart(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	s, err := New(Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	g := state.NewGuard(s, memory.New(), state.GuardConfig{Pause: 20 * time.Millisecond, LongestPause: 50 * time.Millisecond})
	defer g.Close()
	want := &state.Want{Places: []state.Place{{Account: "a", Slots: 1}}}
	taken, err := g.Take(t.Context(), want)
	if err != nil || !taken.Local || taken.Place != 0 {
		t.Fatalf("got %+v, %v", taken, err)
	}
	for range 3 {
		if _, err := g.Get(t.Context(), state.Key{Space: state.Attempts}); !errors.Is(err, state.ErrUnavailable) {
			t.Fatalf("a value of the store that is down: %v", err)
		}
	}
	server.Restart()
	for begin := time.Now(); time.Since(begin) < hang; time.Sleep(10 * time.Millisecond) {
		got, err := g.Take(t.Context(), want)
		if err != nil {
			t.Fatal(err)
		}
		if got.Place >= 0 {
			t.Fatalf("the account's only slot was given twice: %+v", got)
		}
		if !got.Local { // the store knows the slot that was taken without it
			return
		}
	}
	t.Error("the store is there, and not used")
}

func TestFailover(t *testing.T) {
	master := redistest.Start(t)
	replica := redistest.Start(t, "--replicaof", "127.0.0.1", fmt.Sprint(master.Port))
	url, sentinels := redistest.StartSentinels(t, master)
	f := &fleet{t: t}
	answers := func(s *redistest.Server, command, want string) {
		t.Helper()
		f.eventually(command, func() bool {
			answer, err := s.Do(command)
			return err == nil && strings.HasPrefix(answer, want)
		})
	}
	answers(master, "WAIT 1 1000", ":1")
	for _, s := range sentinels { // they say hello to each other every 2 s
		answers(s, "SENTINEL CKQUORUM main", "+OK 3 usable")
		answers(s, "SENTINEL REPLICAS main", "*1")
	}
	f = launch(t, [...]string{url, url, url})
	f.disturb(everyone, func() {
		master.Kill()
		for _, s := range sentinels {
			s.Must("SENTINEL SET main down-after-milliseconds 300")
		}
	})
	f.pass(2)
	f.allInUse()
	f.land(replica)
}

// One replica of three cannot reach the store; the others can.
func TestCutOff(t *testing.T) {
	server := redistest.Start(t)
	p := newProxy(t, server.Addr())
	f := launch(t, [...]string{server.URL(), server.URL(), "redis://" + p.addr()})
	for range 2 {
		f.disturb([...]bool{true, true, false}, p.cut)
		local := f.local.Load()
		f.pass(aLongTime)
		f.allInUse() // the others leave it its third
		if f.local.Load() == local {
			t.Error("the replica that is cut off admits nothing")
		}
		f.disturb(everyone, p.mend)
		f.pass(2)
		f.allInUse()
	}
	f.land(server)
}

// A replica that dies leaves its slots to the others, after it was silent.
func TestKilledReplica(t *testing.T) {
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) { cfg.Timing.now, cfg.Timing.byHand = c.text, true }
	dies, lives := open(t, server, change), open(t, server, change)
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 4}, Places: []state.Place{{Account: "a", Slots: 4}}}
	for range 4 {
		if taken, err := dies.Take(t.Context(), want); err != nil || taken.Place != 0 {
			t.Fatal(taken, err)
		}
	}
	dies.abandon()
	var silent time.Duration
	for ; silent <= 15*time.Second; silent += beat {
		if err := lives.Beat(t.Context()); err != nil {
			t.Fatal(err)
		}
		if taken, err := lives.Take(t.Context(), want); err != nil || taken.Place == 0 {
			t.Fatalf("after %v: %+v, %v, though a replica may be silent for 15 s", silent, taken, err)
		}
		c.Sleep(beat)
	}
	if err := lives.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
	taken, err := lives.Take(t.Context(), want)
	if err != nil || taken.Place != 0 {
		t.Fatalf("after %v the slots of the dead replica are not back: %+v, %v", silent, taken, err)
	}
	_ = lives.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt})
	atRest(t, server, lives)
	consistent(t, lives)
}
