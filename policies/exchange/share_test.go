package exchange

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/tenant"
)

func TestShare(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name        string
		limit, held int64 // held by others
		from, to    int64
		isNew       bool
		fits        bool
		left        int64 // held in the end
	}{
		{"no bound", 0, 100 * mib, 0, 1000 * mib, true, true, 1100 * mib},
		{"room", 100 * mib, 50 * mib, 0, 40 * mib, true, true, 90 * mib},
		{"no room", 100 * mib, 50 * mib, 0, 51 * mib, false, false, 50 * mib},
		{"the last tenth is not for new ones", 100 * mib, 50 * mib, 0, 45 * mib, true, false, 50 * mib},
		{"but for retries and answers", 100 * mib, 50 * mib, 0, 45 * mib, false, true, 95 * mib},
		{"larger than the bound, alone", 100 * mib, 0, 0, 200 * mib, true, true, 200 * mib},
		{"more of what was let in", 100 * mib, 50 * mib, 10 * mib, 50 * mib, false, true, 100 * mib},
		{"more than there is", 100 * mib, 50 * mib, 10 * mib, 51 * mib, false, false, 60 * mib},
		{"less", 100 * mib, 50 * mib, 40 * mib, 10 * mib, false, true, 60 * mib},
		{"less, though there is too much", 100 * mib, 500 * mib, 40 * mib, 10 * mib, true, true, 510 * mib},
		{"nothing any more", 100 * mib, 50 * mib, 40 * mib, 0, false, true, 50 * mib},
		{"too little to be counted", 100 * mib, 100 * mib, 0, grain - 1, true, true, 100 * mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &InFlight{}
			f.SetLimit(c.limit)
			f.held.Store(c.held + c.from)
			s := share{of: f, bytes: c.from}
			if got := s.set(c.to, c.isNew); got != c.fits || f.held.Load() != c.left || s.bytes != c.left-c.held {
				t.Errorf("fits %t, %d held, share %d; want %t, %d, %d", got, f.held.Load(), s.bytes, c.fits, c.left, c.left-c.held)
			}
		})
	}
	if none := (share{}); !none.set(1<<40, true) {
		t.Error("a share of nothing is bounded")
	}
}

// What bodies hold within their share of the bound while they arrive has room of
// its own: requests are made beside it as if it were not there. What is past it
// counts, and so does what is made of them.
func TestShareBesideArriving(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name         string
		others, mine use // what the 24 MiB of others arrive as, and the 4 of the body
		most         int64
	}{
		{"within", arriving, arriving, 40 * mib},
		{"within, and not collected", arriving, made, 40 * mib},
		{"one past it", arrivingAlone, arriving, 16 * mib},
		{"itself past it", arriving, arrivingAlone, 40 * mib},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := &InFlight{}
			f.SetLimit(100 * mib) // new ones may use 90
			all := func(int64) bool { return true }
			(&share{of: f}).change(50*mib, made, all)
			(&share{of: f}).change(24*mib, c.others, all)
			s := &share{of: f}
			s.change(4*mib, c.mine, all)
			if s.setBody(c.most+grain, true) {
				t.Error("more fits than may")
			}
			if !s.setBody(c.most, true) {
				t.Error("less fits than may")
			}
			s.set(0, false)
			if held, arrives := f.held.Load(), f.collected.Load(); held != 74*mib || arrives != 24*mib {
				t.Errorf("%d held, %d arrive", held, arrives)
			}
		})
	}
}

// Attempts take and give at the same time, and never exceed the bound.
func TestShareConcurrently(t *testing.T) {
	const limit = 100 * grain
	f := &InFlight{}
	f.SetLimit(limit)
	f.held.Store(grain) // nobody is alone
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			s := share{of: f}
			for n := range int64(1000) {
				s.set((n*7+int64(i))%50*grain, false)
				if held := f.held.Load(); held > limit {
					t.Errorf("%d held", held)
				}
			}
			s.set(0, false)
		})
	}
	wg.Wait()
	if held := f.held.Load(); held != grain {
		t.Errorf("%d held in the end", held)
	}
}

// Whatever bodies arrive, stop or leave at the same time: they keep to their
// bounds, everybody who stays is served or refused, and all is given back.
func TestArriveConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 96 << 20
		r := newRig(t, nil).bounded(limit, grain) // nothing is made alone
		f := r.inFlight
		check := func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if made, reserved := f.held.Load()-f.reserved.Load(), f.reserved.Load(); made > limit || reserved > limit/collectShare || reserved < 0 {
				t.Errorf("%d made or past the share, %d within it", made, reserved)
			}
		}
		served, refused := 0, 0
		var mu sync.Mutex
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(i), 1))
				for range 20 {
					a := r.begin(1, "")
					a.RequestHeaders()
					a.caller.KeyID, a.caller.Tenant = "k", &tenant.Tenant{Name: string(rune('a' + i%3))}
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rng.IntN(30))*time.Second)
					size, n := 1<<(17+rng.IntN(7)), 128<<10
					var reply *policies.Reply
					for ; reply == nil && n <= size; n *= 2 {
						reply = a.Collect(ctx, n, n)
						check()
						time.Sleep(time.Duration(rng.IntN(500)) * time.Millisecond)
					}
					if reply == nil && rng.IntN(5) > 0 {
						reply = a.Receive(ctx, n/2)
						check()
						time.Sleep(time.Duration(rng.IntN(50)) * time.Millisecond)
					}
					mu.Lock()
					if reply == nil {
						served++
					} else {
						refused++
					}
					mu.Unlock()
					cancel()
					a.Close(policies.EndCancelled)
				}
			})
		}
		wg.Wait()
		t.Logf("%d served, %d refused", served, refused)
		if held := f.held.Load(); held != grain || f.collected.Load() != 0 || f.reserved.Load() != 0 || len(f.tenants) != 0 ||
			len(f.growing.first) != 0 || len(f.waiting.first) != 0 || f.growing.count.Load() != 0 || f.waiting.cost.Load() != 0 {
			t.Errorf("%d held, %d arrive, %d within the share, %v in the end", held, f.collected.Load(), f.reserved.Load(), f.tenants)
		}
	})
}
