package redis

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

const (
	replicas = 3
	accounts = 3
	slots    = 9 // of each account
	workers  = 4 // of each replica

	beat = 5 * time.Second
	hang = 2 * time.Minute // what takes longer never ends
)

// fleet are replicas, each a guard over a store of its own, whose workers take
// slots at once. They work in rounds. The clock that says who is silent stands
// still but for pass, which has each replica beat that can: a slow machine makes
// nobody silent. Deadlines are real, and a call that misses its own on a slow
// machine must do no harm.
type fleet struct {
	t      *testing.T
	clock  *clock
	stores []*Store
	guards []*state.Guard
	reach  [replicas]bool // the replicas that reach the server
	inUse  [accounts]atomic.Int64
	most   [accounts]atomic.Int64
	local  atomic.Int64 // attempts that a replica admitted by itself
	shared atomic.Int64 // and those that the store admitted
	errors atomic.Int64

	// A replica whose call misses its deadline counts on its part of what was free
	// lately, which others may get from the store: sums hold once nothing was.
	saturated bool
}

var (
	everyone = [replicas]bool{true, true, true}
	nobody   [replicas]bool
)

// launch starts a replica for each URL, and returns when they have shared all
// slots.
func launch(t *testing.T, urls [replicas]string) *fleet {
	t.Helper()
	f := &fleet{t: t, clock: newClock(), reach: everyone}
	for _, url := range urls {
		// A settlement that a slow machine has given up and that arrives after the
		// heartbeat that corrected it would count twice until the next one.
		s, err := New(Config{URL: url, Timing: Timing{
			SnapshotAge: time.Millisecond, Background: 3 * time.Second, now: f.clock.text, byHand: true}})
		if err != nil {
			t.Fatal(err)
		}
		f.stores = append(f.stores, s)
		f.guards = append(f.guards, state.NewGuard(s, memory.New(), state.GuardConfig{Now: f.clock.Now,
			Deadline: 300 * time.Millisecond, Pause: 20 * time.Millisecond, LongestPause: 200 * time.Millisecond}))
	}
	f.beat() // all are known before the first is lost
	f.round(nil)
	f.saturated = true
	f.pass(1)
	f.allInUse()
	return f
}

// three are the URLs of three replicas at one server.
func three(server *redistest.Server) [replicas]string {
	return [...]string{server.URL(), server.URL(), server.URL()}
}

// eventually waits until something holds.
func (f *fleet) eventually(what string, holds func() bool) {
	f.t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > hang {
			f.t.Fatalf("never: %s", what)
		}
	}
}

// beat has all replicas beat that reach the server.
func (f *fleet) beat() {
	f.t.Helper()
	for i, s := range f.stores {
		if f.reach[i] {
			f.eventually("a heartbeat", func() bool { return !s.alone.Load() && s.Beat(f.t.Context()) == nil })
		}
	}
}

// pass lets as much time pass as there is between heartbeats, so many times, with
// a round after each.
func (f *fleet) pass(beats int) {
	f.t.Helper()
	for range beats {
		f.clock.Sleep(beat)
		f.beat()
		f.round(f.beat)
	}
}

// disturb does something while all slots are in use, and waits until those are
// back that reach the server from then on: what they hold they hold on to.
func (f *fleet) disturb(reach [replicas]bool, do func()) {
	f.t.Helper()
	f.round(func() {
		do()
		for i, s := range f.stores {
			if reach[i] {
				f.eventually("a replica back at the store", func() bool { return !s.alone.Load() })
			}
		}
	})
	f.reach = reach
	f.round(nil) // all see before time passes that nothing is free
}

// allInUse works until all slots are in use at once, without more time to pass.
func (f *fleet) allInUse() {
	f.t.Helper()
	var got [accounts]int64
	f.eventually("all slots in use", func() bool {
		f.beat() // an answer that was late may have cost a slot until now
		got = f.round(nil)
		return got == [accounts]int64{slots, slots, slots}
	})
}

// round has all workers take slots until no more are given, and returns how many
// are in use then. Afterwards slots change hands while something is done: first at
// one replica, while the others keep what they hold and call nobody, then at
// those. At the end all are given back.
func (f *fleet) round(during func()) (inUse [accounts]int64) {
	f.t.Helper()
	var filled, first, work sync.WaitGroup
	begin, done, others := make(chan struct{}), make(chan struct{}), make(chan struct{})
	chosen := rand.IntN(replicas)
	for i, g := range f.guards {
		until := itself
		if f.reach[i] {
			until = store
		}
		for range workers {
			filled.Add(1)
			if i == chosen {
				first.Add(1)
			}
			work.Go(func() {
				held := f.fill(g, until, nil)
				filled.Done()
				if i == chosen {
					<-begin
					for going := true; going; {
						select {
						case <-done:
							going = false // and once more
						default:
						}
						held = f.exchange(g, held)
					}
					first.Done()
				} else {
					<-others
					held = f.exchange(g, f.exchange(g, held))
				}
				f.giveBack(g, held)
			})
		}
	}
	filled.Wait()
	for i := range inUse {
		inUse[i] = f.inUse[i].Load()
	}
	close(begin)
	if during != nil {
		during()
	}
	close(done)
	first.Wait()
	close(others)
	work.Wait()
	for _, s := range f.stores {
		s.waiting.Wait()
	}
	for i := range f.most {
		if n := f.most[i].Swap(0); n > slots && f.saturated {
			f.t.Errorf("account %d: %d of %d slots in use at once", i, n, slots)
		}
	}
	if f.t.Failed() {
		f.t.FailNow()
	}
	return inUse
}

// exchange gives half of the slots back, and takes what it can.
func (f *fleet) exchange(g *state.Guard, held []state.Receipt) []state.Receipt {
	rand.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
	half := len(held) / 2
	f.giveBack(g, held[half:])
	return f.fill(g, anyone, held[:half])
}

// refuser is who must have refused a slot, so that a worker asks for no more.
type refuser int

const (
	anyone refuser = iota
	store
	itself // the replica, since it does not reach the store
)

// fill takes slots until one is refused.
func (f *fleet) fill(g *state.Guard, until refuser, held []state.Receipt) []state.Receipt {
	ctx := context.Background()
	for begin := time.Now(); time.Since(begin) < hang; {
		if _, err := g.Snapshot(ctx); err != nil {
			f.errors.Add(1)
		}
		want := &state.Want{}
		for _, i := range rand.Perm(accounts) {
			want.Places = append(want.Places, state.Place{Account: fmt.Sprint(i), Slots: slots, Group: "g", Model: "m"})
		}
		taken, err := g.Take(ctx, want)
		switch {
		case err != nil:
			f.errors.Add(1)
			return held
		case taken.Place >= 0:
			held = append(held, taken.Receipt)
			f.count(taken)
			continue
		case until == anyone, taken.Local == (until == itself):
			return held
		}
		time.Sleep(5 * time.Millisecond)
	}
	f.t.Errorf("a worker waits in vain for the answer of %d", until)
	return held
}

func (f *fleet) count(taken state.Taken) {
	if taken.Local {
		f.local.Add(1)
	} else {
		f.shared.Add(1)
	}
	i := accountOf(taken.Receipt)
	n := f.inUse[i].Add(1)
	for old := f.most[i].Load(); n > old && !f.most[i].CompareAndSwap(old, n); old = f.most[i].Load() {
	}
}

func accountOf(r state.Receipt) int { return int(r.Place.Account[0] - '0') }

func (f *fleet) giveBack(g *state.Guard, held []state.Receipt) {
	for _, r := range held {
		f.inUse[accountOf(r)].Add(-1)
		if err := g.Settle(context.Background(), state.Settlement{Receipt: r, Tokens: -1}); err != nil {
			f.errors.Add(1)
		}
	}
}

// land checks that no call has failed and that nothing is in use at the store,
// and closes the replicas.
func (f *fleet) land(server *redistest.Server) {
	f.t.Helper()
	if n := f.errors.Load(); n > 0 {
		f.t.Errorf("%d calls failed; a request must never see that the store is gone", n)
	}
	f.t.Logf("%d attempts admitted by the store, %d locally", f.shared.Load(), f.local.Load())
	atRest(f.t, server, f.stores...)
	for _, g := range f.guards {
		if err := g.Close(); err != nil {
			f.t.Error(err)
		}
	}
}
