package exchange

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/tenant"
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
			if reply := a.Collect(t.Context(), n, n); reply != nil {
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

// One that is too long is refused for good, in the client's words; not one for
// which only the room would be too long, as after a reload with a smaller max_body.
func TestCollectTooLong(t *testing.T) {
	const most = 200 << 10
	r := newRig(t, func(cfg *Config) { cfg.MaxBody = most })
	a := r.begin(1, "")
	a.RequestHeaders()
	if reply := a.Collect(t.Context(), most, 2*most); reply != nil {
		t.Errorf("refused: %s", reply.Body)
	}
	reply := a.Collect(t.Context(), most+1, 2*most)
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
			go func() { reply <- a.Collect(t.Context(), 12<<20, 12<<20) }()
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
		if reply := slow[2].Collect(t.Context(), 14<<20, 14<<20); reply != nil {
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
	if reply := a.Collect(ctx, 512<<10, 512<<10); reply == nil {
		t.Error("there was no room")
	}
	a.Close(policies.EndCancelled)
	if held := r.inFlight.held.Load(); held != 1<<20 {
		t.Errorf("%d held", held)
	}
}

// arrives begins a request and collects n bytes of its body.
func (r rig) arrives(t *testing.T, n int) *attempt {
	t.Helper()
	a := r.begin(1, "")
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatalf("refused at once: %s", reply.Body)
	}
	if reply := a.Collect(t.Context(), n, n); reply != nil {
		t.Fatalf("%d bytes are refused: %s", n, reply.Body)
	}
	return a
}

// One client that sends slowly keeps nobody else's body from arriving: neither
// within the share, nor a small one past it.
func TestOneSlowClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).bounded(96<<20, 0)
		slow := r.arrives(t, 25<<20)
		full := r.arrives(t, 24<<20) // all of the share
		small := r.arrives(t, 1<<20)
		// One that waits behind the slow one has the share once it is free.
		waits := r.begin(1, "")
		waits.RequestHeaders()
		reply := make(chan *policies.Reply, 1)
		go func() { reply <- waits.Collect(t.Context(), 2<<20, 2<<20) }()
		synctest.Wait()
		if len(reply) != 0 {
			t.Error("there was room")
		}
		if reply := full.Receive(t.Context(), 3<<20); reply != nil { // less than its room
			t.Errorf("refused: %s", reply.Body)
		}
		if reply := <-reply; reply != nil {
			t.Errorf("refused: %s", reply.Body)
		}
		if !slow.turn || small.turn || waits.turn {
			t.Errorf("turns %t, %t, %t", slow.turn, small.turn, waits.turn)
		}
		for _, a := range []*attempt{slow, full, small, waits} {
			a.Close(policies.EndCancelled)
		}
		if f := r.inFlight; f.held.Load() != 0 || f.collected.Load() != 0 || f.reserved.Load() != 0 || len(f.growing.first) != 0 {
			t.Errorf("%d held, %d arrive, %d within the share", f.held.Load(), f.collected.Load(), f.reserved.Load())
		}
	})
}

// A small body that waited for a moment is not the one that grows alone.
func TestTurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).bounded(96<<20, 0)
		full, others := r.arrives(t, 24<<20), share{of: r.inFlight}
		others.set(96<<20, false)
		small := r.begin(1, "")
		small.RequestHeaders()
		reply := make(chan *policies.Reply, 1)
		go func() { reply <- small.Collect(t.Context(), 128<<10, 128<<10) }()
		synctest.Wait()
		if !small.turn || len(reply) != 0 {
			t.Errorf("its turn %t, %d came through", small.turn, len(reply))
		}
		others.set(0, false)
		if reply := <-reply; reply != nil || small.turn || len(r.inFlight.growing.first) != 0 {
			t.Errorf("%v, its turn %t", reply, small.turn)
		}
		full.Close(policies.EndCancelled)
		small.Close(policies.EndCancelled)
	})
}

// A tenant's slow clients take half of the share, and their small bodies all of
// it: the rest is for others.
func TestTenantsArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil).bounded(96<<20, 0)
		var all []*attempt
		want := func(what string, want bool, name string, n int) {
			t.Helper()
			a := r.begin(1, "")
			a.RequestHeaders()
			a.caller.KeyID, a.caller.Tenant = "k", &tenant.Tenant{Name: name}
			if got := a.Collect(t.Context(), n, n) == nil; got != want {
				t.Errorf("%s: %t", what, got)
			}
			all = append(all, a)
		}
		want("one that grows alone", true, "a", 20<<20)
		want("half of the share", true, "a", 12<<20)
		want("more of it", false, "a", 2<<20)
		for range 12 {
			want("small ones", true, "a", 1<<20)
		}
		want("too many small ones", false, "a", 1<<20)
		want("another tenant's", true, "b", 12<<20)
		for _, a := range all {
			a.Close(policies.EndCancelled)
		}
		if f := r.inFlight; f.held.Load() != 0 || len(f.tenants) != 0 {
			t.Errorf("%d held, %v in the end", f.held.Load(), f.tenants)
		}
	})
}

// Bodies that arrive are not in the way of one that announces its length and
// comes in parts, nor in BUFFERED mode.
func TestSlowClientAndLengths(t *testing.T) {
	r := newRig(t, nil).bounded(96<<20, 0)
	slow := r.arrives(t, 128<<10)
	whole := r.begin(1, "", "content-length", "9500000") // takes 95 MB, as nothing else is made
	if reply := whole.RequestHeaders(); reply != nil {
		t.Errorf("refused: %s", reply.Body)
	}
	whole.Close(policies.EndCancelled)
	others := share{of: r.inFlight}
	others.set(96<<20, false)
	a := r.begin(1, "", "content-length", "9500000")
	wantOverloaded(t, a.RequestHeaders())
	a.Close(policies.EndComplete)
	a = r.begin(1, "", "content-length", "9500000")
	a.in.InParts = true // has time
	if reply := a.RequestHeaders(); reply != nil {
		t.Errorf("in parts: refused: %s", reply.Body)
	}
	a.Close(policies.EndCancelled)
	slow.Close(policies.EndCancelled)
}
