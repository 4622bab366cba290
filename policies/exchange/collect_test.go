package exchange

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// A body that arrives holds what has arrived, and gives it back however it ends.
func TestCollect(t *testing.T) {
	r := newRig(t, nil).bounded(100<<20, 0)
	for name, end := range map[string]func(a *attempt){
		"client left": func(a *attempt) { a.Close(policies.EndCancelled) },
		"whole":       func(a *attempt) { a.RequestBody(t.Context(), make([]byte, 2<<20)); a.Close(policies.EndComplete) },
		"long and whole": func(a *attempt) {
			if reply := a.Receive(t.Context(), 2<<20); reply != nil || r.inFlight.collected.Load() != 0 {
				t.Errorf("%v, %d bytes arrive after the end", reply, r.inFlight.collected.Load())
			}
			a.Close(policies.EndComplete)
		},
	} {
		a := r.begin(1, "")
		a.RequestHeaders()
		for _, n := range []int{128 << 10, 1 << 20, 2 << 20} {
			if reply := a.Collect(t.Context(), n); reply != nil {
				t.Fatalf("%s: refused: %s", name, reply.Body)
			}
			if held, arrives := r.inFlight.held.Load(), r.inFlight.collected.Load(); held != int64(n) || arrives != int64(n) {
				t.Errorf("%s: %d held, %d arrive, want %d", name, held, arrives, n)
			}
		}
		end(a)
		if held, arrives := r.inFlight.held.Load(), r.inFlight.collected.Load(); held != 0 || arrives != 0 {
			t.Errorf("%s: %d held, %d arrive in the end", name, held, arrives)
		}
	}
}

// One that is too long is refused for good, in the client's words.
func TestCollectTooLong(t *testing.T) {
	const most = 200 << 10
	r := newRig(t, func(cfg *Config) { cfg.MaxBody = most })
	a := r.begin(1, "")
	a.RequestHeaders()
	if reply := a.Collect(t.Context(), most); reply != nil {
		t.Errorf("refused: %s", reply.Body)
	}
	reply := a.Collect(t.Context(), most+1)
	if reply == nil || reply.Status != 413 || reply.Verdict != policies.Fail || reply.Reason != heal.ReasonBodyTooLarge {
		t.Errorf("got %+v", reply)
	}
}

// Clients that send slowly cannot take the room in which requests are made.
// Beyond their share one body grows at a time, and the next one after it.
func TestSlowClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const limit = 100 << 20 // a quarter of it is for bodies that arrive
		r := newRig(t, nil).bounded(limit, 0)
		collect := func() (*attempt, chan *policies.Reply) {
			a := r.begin(1, "")
			a.RequestHeaders()
			reply := make(chan *policies.Reply, 1)
			go func() { reply <- a.Collect(t.Context(), 12<<20) }()
			synctest.Wait()
			return a, reply
		}
		var slow []*attempt
		for range 3 { // two within the share, one beyond it
			a, reply := collect()
			if reply := <-reply; reply != nil {
				t.Fatalf("refused: %s", reply.Body)
			}
			slow = append(slow, a)
		}
		if reply := slow[2].Collect(t.Context(), 14<<20); reply != nil {
			t.Errorf("the one that grows alone is refused: %s", reply.Body)
		}
		began := time.Now()
		fourth, refused := collect()
		wantOverloaded(t, <-refused)
		if waited := time.Since(began); waited != roomWait {
			t.Errorf("waited %s, want %s", waited, roomWait)
		}
		fourth.Close(policies.EndComplete)
		// A body that is there gets its room meanwhile.
		whole := r.begin(1, "")
		whole.RequestHeaders()
		if reply := whole.Receive(t.Context(), 4<<20); reply != nil {
			t.Errorf("there is no room for a whole body: %s", reply.Body)
		}
		whole.Close(policies.EndCancelled)
		// The next one grows when the one before has arrived.
		fifth, reply := collect()
		if len(reply) != 0 {
			t.Error("two grow beyond the share")
		}
		if reply := slow[2].Receive(t.Context(), 2<<20); reply != nil {
			t.Errorf("refused: %s", reply.Body)
		}
		if reply := <-reply; reply != nil {
			t.Errorf("refused though it is alone: %s", reply.Body)
		}
		for _, a := range append(slow, fifth) {
			a.Close(policies.EndCancelled)
		}
		if held, arrives := r.inFlight.held.Load(), r.inFlight.collected.Load(); held != 0 || arrives != 0 || len(r.inFlight.growing.first) != 0 {
			t.Errorf("%d held, %d arrive in the end", held, arrives)
		}
	})
}

// A client that leaves does not wait on.
func TestCollectGone(t *testing.T) {
	r := newRig(t, nil).bounded(1<<20, 1<<20)
	a := r.begin(1, "")
	a.RequestHeaders()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if reply := a.Collect(ctx, 512<<10); reply == nil {
		t.Error("there was no room")
	}
	a.Close(policies.EndCancelled)
	if held := r.inFlight.held.Load(); held != 1<<20 {
		t.Errorf("%d held", held)
	}
}
