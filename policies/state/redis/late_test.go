package redis

import (
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// A replica may be late by more than the 15 s after which the others take it for
// dead, and still hold slots. These tests say what holds then; doc.go says it in
// words.

// late is a replica that holds 5 slots and was taken for dead by two others.
type late struct {
	t           *testing.T
	server      *redistest.Server
	one, others *Store
	held        []state.Receipt // of the late replica
}

func newLate(t *testing.T, onError state.OnError, want *state.Want) *late {
	t.Helper()
	server := redistest.Start(t)
	c := newClock()
	change := func(cfg *Config) {
		cfg.OnError, cfg.Timing.now, cfg.Timing.byHand = onError, c.text, true
	}
	l := &late{t: t, server: server, one: open(t, server, change), others: open(t, server, change)}
	third := open(t, server, change)
	all := []*Store{l.one, l.others, third}
	for range 2 {
		for _, s := range all {
			l.beat(s)
		}
	}
	for range 5 {
		taken := l.take(l.one, want)
		if !admitted(taken, want) {
			t.Fatalf("got %+v", taken)
		}
		l.held = append(l.held, taken.Receipt)
	}
	l.beat(l.one)
	for range 4 { // 20 s
		c.Sleep(beat)
		for _, s := range all[1:] {
			l.beat(s)
		}
	}
	return l
}

func (l *late) beat(s *Store) {
	l.t.Helper()
	if err := s.Beat(l.t.Context()); err != nil {
		l.t.Fatal(err)
	}
}

func (l *late) take(s *Store, want *state.Want) state.Taken {
	l.t.Helper()
	taken, err := s.Take(l.t.Context(), want)
	if err != nil {
		l.t.Fatal(err)
	}
	return taken
}

func admitted(taken state.Taken, want *state.Want) bool {
	return taken.Tenant == "" && (len(want.Places) == 0 || taken.Place >= 0)
}

// fill takes until nothing more is given.
func (l *late) fill(s *Store, want *state.Want) (held []state.Receipt) {
	l.t.Helper()
	for {
		taken := l.take(s, want)
		if !admitted(taken, want) {
			return held
		}
		held = append(held, taken.Receipt)
	}
}

func (l *late) giveBack(s *Store, held ...state.Receipt) {
	for _, r := range held {
		_ = s.Settle(l.t.Context(), state.Settlement{Receipt: r, Tokens: -1})
	}
	s.waiting.Wait()
}

// While a replica is late, the others take what it held beyond its part, or
// with on_error: closed all of it. It admits nothing itself before it has
// stated what it holds, and after that no replica does until fewer are in use
// than there are.
func TestLateReplicaKeepsItsSlots(t *testing.T) {
	for _, test := range []struct {
		name    string
		onError state.OnError
		want    state.Want
		others  int // what they may take of 9, while the late replica holds 5
	}{
		{"account", state.Open, state.Want{Places: []state.Place{{Account: "a", Slots: 9}}}, 6},
		{"account, closed", state.Closed, state.Want{Places: []state.Place{{Account: "a", Slots: 9}}}, 9},
		{"tenant", state.Open, state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 9}}, 9},
		{"both", state.Open, state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 9}, Places: []state.Place{{Account: "a", Slots: 9}}}, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := &test.want
			l := newLate(t, test.onError, want)
			others := l.fill(l.others, want)
			if len(others) != test.others {
				t.Errorf("the others took %d, want %d", len(others), test.others)
			}
			l.giveBack(l.one, l.held[0]) // it is unknown that it held any
			for over := 4 + test.others - 9; over >= 0; over-- {
				for _, s := range []*Store{l.one, l.others} {
					if taken := l.take(s, want); admitted(taken, want) {
						t.Fatalf("admitted, though %d of 9 are in use: %+v", 9+over, taken)
					}
				}
				l.giveBack(l.others, others[over])
			}
			if n := len(l.fill(l.one, want)) + len(l.fill(l.others, want)); n != 1 {
				t.Errorf("%d were admitted, and one was free", n)
			}
			consistent(t, l.one)
		})
	}
}

// A replica that is late, but asks before the others have taken its slots, loses
// none.
func TestLateReplicaAsksFirst(t *testing.T) {
	for _, want := range []*state.Want{
		{Places: []state.Place{{Account: "a", Slots: 9}}},
		{Tenant: &state.TenantWant{Name: "t", Slots: 9}},
	} {
		l := newLate(t, state.Open, want)
		if n := len(l.fill(l.one, want)); n != 4 {
			t.Errorf("%d more of 9 were admitted to a replica that holds 5", n)
		}
		if n := len(l.fill(l.others, want)); n != 0 {
			t.Errorf("%d of 9 more were admitted, though 9 are in use", n)
		}
		l.giveBack(l.one, l.held...)
		if n := len(l.fill(l.others, want)); n != 5 {
			t.Errorf("%d were admitted, though 5 of 9 are free", n)
		}
		consistent(t, l.one)
	}
}

// A late replica's first heartbeat says at once what it holds: in a second step
// the others could take the part in between that was left to it.
func TestLateReplicaStatesAtOnce(t *testing.T) {
	l := newLate(t, state.Open, &state.Want{Places: []state.Place{{Account: "a", Slots: 9}}})
	l.server.Must("CONFIG RESETSTAT")
	l.beat(l.one)
	if stats := l.others.client.Info(t.Context(), "commandstats").Val(); !strings.Contains(stats, "cmdstat_evalsha:calls=1,") {
		t.Errorf("want one script: %s", stats)
	}
	if n := l.others.client.HGet(t.Context(), l.one.keys.accounts+"a", "n").Val(); n != "5" {
		t.Errorf("%s in use, want 5", n)
	}
}

// What a late replica held comes back once, whether it gives it back before or
// after it has said that it lives.
func TestLateReplicaComesToRest(t *testing.T) {
	want := &state.Want{Tenant: &state.TenantWant{Name: "t", Slots: 9}, Places: []state.Place{{Account: "a", Slots: 9}}}
	for before := range 6 {
		l := newLate(t, state.Open, want)
		l.giveBack(l.one, l.held[:before]...)
		l.beat(l.one)
		l.giveBack(l.one, l.held[before:]...)
		consistent(t, l.one)
		time.Sleep(2 * time.Millisecond) // the age of a snapshot
		if s, err := l.others.Snapshot(t.Context()); err != nil || len(s.InUse) != 0 {
			t.Errorf("%d given back before: in use %v, %v", before, s.InUse, err)
		}
		if n := len(l.fill(l.others, &state.Want{Tenant: want.Tenant})); n != 9 {
			t.Errorf("%d given back before: %d of the tenant's 9 slots are free", before, n)
		}
	}
}
