package exchange

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
)

// Long bodies wait for room in the order in which they came, hold nothing
// until they have it, and give up after a while.
func TestWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit, size = 100 << 20, 5 << 20 // a body takes 50, new ones may use 90
		r := newRig(t, nil).bounded(limit, 60<<20)
		others := share{of: r.inFlight, bytes: 60 << 20}
		got := make(chan string, 3)
		var attempts []*attempt
		for i := range 3 {
			a := r.begin(1, "")
			a.RequestHeaders()
			attempts = append(attempts, a)
			go func() {
				reply := a.Receive(t.Context(), size)
				got <- strconv.Itoa(i) + " " + strconv.FormatBool(reply == nil)
			}()
			synctest.Wait()
		}
		time.Sleep(roomWait - time.Second)
		if len(got) != 0 || r.inFlight.held.Load() != 60<<20 {
			t.Errorf("%d came through, %d held", len(got), r.inFlight.held.Load())
		}
		others.set(40<<20, false)
		if s := <-got; s != "0 true" {
			t.Errorf("first: %s", s)
		}
		attempts[0].Close(policies.EndCancelled)
		if s := <-got; s != "1 true" {
			t.Errorf("second: %s", s)
		}
		time.Sleep(time.Second)
		if s := <-got; s != "2 false" {
			t.Errorf("third: %s", s)
		}
		attempts[1].Close(policies.EndCancelled)
		attempts[2].Close(policies.EndComplete)
		if held := r.inFlight.held.Load(); held != 40<<20 {
			t.Errorf("%d held in the end", held)
		}
	})
}

// What waits has its window full, so not everybody may.
func TestTooManyWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 32 << 20 // room for the windows of two beside it, and one more
		r := newRig(t, nil).bounded(limit, limit)
		refused := make(chan *policies.Reply, 9)
		for range 5 {
			a := r.begin(1, "")
			a.RequestHeaders()
			go func() { refused <- a.Receive(t.Context(), 5<<20) }()
		}
		synctest.Wait()
		if n := len(refused); n != 2 {
			t.Errorf("%d refused at once, want 2 of 5", n)
		}
		r.inFlight.SetLimit(0) // a reload takes the bound away
		for range 3 {
			defer func() {
				if reply := <-refused; reply != nil {
					t.Errorf("refused without a bound: %s", reply.Body)
				}
			}()
		}
		for range 2 {
			wantOverloaded(t, <-refused)
		}
	})
}

// Whole bodies that were collected are made into requests one after the other,
// also those that fit only alone: what they hold is in nobody's way. As many may
// wait as there are.
func TestCollectedWait(t *testing.T) {
	for name, size := range map[string]int{"larger than the bound": 10 << 20, "many": 2 << 20} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil).bounded(96<<20, 0)
				var all []*attempt
				for range 24 << 20 / size { // all that may arrive
					all = append(all, r.arrives(t, size))
				}
				began, replies := time.Now(), make(chan *policies.Reply)
				for _, a := range all {
					go func() {
						reply := a.Receive(t.Context(), size)
						time.Sleep(time.Millisecond) // to make the request
						a.Close(policies.EndComplete)
						replies <- reply
					}()
				}
				for range all {
					if reply := <-replies; reply != nil {
						t.Errorf("refused after %s: %s", time.Since(began), reply.Body)
					}
				}
				if f := r.inFlight; f.held.Load() != 0 || f.collected.Load() != 0 || f.reserved.Load() != 0 {
					t.Errorf("%d held, %d arrive, %d within the share", f.held.Load(), f.collected.Load(), f.reserved.Load())
				}
			})
		})
	}
}
