package account

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// counting is a store that refuses all of a group while it says so, and tells of
// load and data what it is set to.
type counting struct {
	state.Store
	full        time.Duration // 0: not full
	load        state.Load
	incarnation string
	broken      bool
	takes       int
}

func (c *counting) Take(ctx context.Context, w *state.Want) (state.Taken, error) {
	c.takes++
	if c.full > 0 {
		return state.Taken{Place: -1, Full: []state.Full{{Limit: "rpm", In: c.full}}}, nil
	}
	return c.Store.Take(ctx, w)
}

func (c *counting) Snapshot(context.Context) (*state.Snapshot, error) {
	if c.broken {
		return nil, errors.New("the store is silent")
	}
	return &state.Snapshot{
		At: time.Now(), Incarnation: c.incarnation, Replicas: 2, InUse: map[string]int{"c": 3},
		Load: map[state.GroupModel]state.Load{{Group: "y/p", Model: "m"}: c.load},
	}, nil
}

func counted(t *testing.T) (*counting, *Accounts) {
	t.Helper()
	c := &counting{Store: store(t), incarnation: "one", load: state.Load{Requests: 40}}
	return c, accounts(t, []Account{{ID: "c", Backend: "y", Project: "p", Secret: NewSecret("s"), Slots: 4, Rates: state.Rates{Requests: 40}}}, Deps{Store: c, Shared: true})
}

// What a store has said of a minute holds until it says otherwise: that it has
// room, or that its data is another.
func TestNoRoomEnds(t *testing.T) {
	for name, c := range map[string]struct {
		then func(*counting)
		want string
	}{
		"nothing is new":      {func(*counting) {}, "rate_limit"},
		"there is room":       {func(c *counting) { c.load.Requests = 39 }, "c"},
		"the data is another": {func(c *counting) { c.incarnation = "two" }, "c"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := counted(t)
				told(p)
				s.full = time.Minute
				if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != "rate_limit" {
					t.Fatalf("got %s of a store that is full", got)
				}
				s.full, s.takes = 0, 0
				c.then(s)
				told(p)
				if got, _ := acquired(t, p, plan("m", "y"), Want{}); got != c.want {
					t.Errorf("got %s, want %s", got, c.want)
				}
			})
		})
	}
}

// A store that goes on refusing what its snapshots have room for, as while it keeps
// back the part of replicas that are missing, is asked once for each snapshot.
func TestNoRoomIsAskedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := counted(t)
		s.full, s.load = time.Minute, state.Load{}
		for range 1000 {
			acquired(t, p, plan("m", "y"), Want{})
			time.Sleep(10 * time.Millisecond)
			synctest.Wait()
		}
		if s.takes < 10 || s.takes > 41 {
			t.Errorf("it was asked %d times in 10 s", s.takes)
		}
	})
}

// The status tells what all replicas use though no request comes, and where the
// store does not say, as of when it tells.
func TestStatusIsFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := counted(t)
		p.Refresh(t.Context())
		if got := p.Status(time.Now()); got.Accounts[0].InUse != 3 || !got.AsOf.IsZero() {
			t.Errorf("%d in use as of %v, want 3 as of now", got.Accounts[0].InUse, got.AsOf)
		}
		before := time.Now()
		time.Sleep(time.Minute)
		s.broken = true
		p.Refresh(t.Context())
		if got := p.Status(time.Now()); !got.AsOf.Equal(before) {
			t.Errorf("as of %v, want %v", got.AsOf, before)
		}
		synctest.Wait()
	})
}
