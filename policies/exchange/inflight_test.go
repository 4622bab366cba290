package exchange

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
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

// bounded gives the rig a bound, of which other attempts hold a part.
func (r rig) bounded(limit, held int64) rig {
	r.inFlight = &InFlight{}
	r.inFlight.SetLimit(limit)
	r.inFlight.held.Store(held)
	return r
}

func wantOverloaded(t *testing.T, reply *policies.Reply) {
	t.Helper()
	if reply == nil {
		t.Fatal("not refused")
	}
	if reply.Status != 503 || reply.Verdict != policies.Fail || reply.Reason != heal.ReasonOverloadedLocally || reply.Headers.Get("retry-after") != "1" {
		t.Errorf("%d %v %s %v %s", reply.Status, reply.Verdict, reply.Reason, reply.Headers, reply.Body)
	}
}

// What does not fit is refused before it is read, if its length is known, and
// before it is decoded; every client is told when to come back.
func TestBodiesInFlight(t *testing.T) {
	const limit = 100 << 20
	for path, body := range bigBodies() { // 5 MiB take 50
		t.Run(path, func(t *testing.T) {
			r := newRig(t, nil).bounded(limit, 60<<20)
			begin := func(number int, headers ...string) *attempt {
				a := r.begin(number, "", headers...)
				a.in.Path = path
				return a
			}
			a := begin(1, "content-length", strconv.Itoa(len(body)))
			wantOverloaded(t, a.RequestHeaders())
			a.Close(policies.EndComplete)
			a = begin(1)
			if reply := a.RequestHeaders(); reply != nil {
				t.Fatalf("refused without a length: %s", reply.Body)
			}
			_, reply := a.RequestBody(t.Context(), []byte(body))
			wantOverloaded(t, reply)
			a.Close(policies.EndComplete)
			a = begin(1)
			a.RequestHeaders()
			impatient, cancel := context.WithCancel(t.Context())
			cancel()
			wantOverloaded(t, a.Receive(impatient, len(body))) // and before it is received, if it is long
			a.Close(policies.EndComplete)
			if held := r.inFlight.held.Load(); held != 60<<20 {
				t.Errorf("%d held of what was refused", held)
			}

			r.inFlight.held.Store(45 << 20) // new ones may take 45 more, retries 55
			a = begin(1, "content-length", strconv.Itoa(len(body)))
			wantOverloaded(t, a.RequestHeaders())
			a.Close(policies.EndComplete)
			a = begin(2, "content-length", strconv.Itoa(len(body)))
			forward := send(t, a, body)
			if held := r.inFlight.held.Load() - 45<<20; held < int64(2*len(forward.Body))-grain || held > int64(3*len(body)) {
				t.Errorf("%d held while the request waits, for a body of %d", held, len(body))
			}
			forward.Sent()
			if held := r.inFlight.held.Load() - 45<<20; held != 0 {
				t.Errorf("%d held after it was sent", held)
			}
			a.Close(policies.EndCancelled)
		})
	}
}

// A request that is kept for resuming counts until it ends.
func TestKeptForResuming(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Policies = map[string]route.Settings{route.DefaultPolicy: {Resume: "text"}} }).bounded(1<<30, 0)
	body := strings.ReplaceAll(bigBodies()["/v1/messages"], `,"tools":`, `,"unused":`)
	a := r.begin(1, "")
	a.in.Notify = func() {}
	forward := send(t, a, body)
	forward.Sent()
	if held := r.inFlight.held.Load(); held < int64(len(body))-grain || held > int64(len(body))+grain {
		t.Errorf("%d held, want %d", held, len(body))
	}
	a.Close(policies.EndCancelled)
	if held := r.inFlight.held.Load(); held != 0 {
		t.Errorf("%d held in the end", held)
	}
}

// The sum of what is held of answers is bounded as well: of those that go out
// whole, of those that are peeked at, and of those whose frames are long.
func TestAnswersInFlight(t *testing.T) {
	long := strings.Replace(hello, "Hello", strings.Repeat("x", 1<<20), 1)
	begin := func(t *testing.T, ask string) (rig, *attempt) {
		r := newRig(t, nil).bounded(100<<20, 0)
		a := r.begin(1, "")
		send(t, a, ask).Sent()
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		r.inFlight.held.Store(97 << 20) // by others
		return r, a
	}
	ended := func(t *testing.T, r rig, a *attempt) {
		t.Helper()
		a.Close(policies.EndComplete)
		if held := r.inFlight.held.Load(); held != 97<<20 {
			t.Errorf("%d bytes are still held", held-97<<20)
		}
	}
	t.Run("document", func(t *testing.T) {
		r, a := begin(t, askWhole)
		var act policies.Action
		for n := 0; act.Step != policies.Answer; n++ {
			if n == 5 {
				t.Fatal("held without a bound")
			}
			act = a.ResponseBody([]byte(long), false)
		}
		wantOverloaded(t, act.Reply)
		ended(t, r, a)
	})
	t.Run("stream, before it is passed", func(t *testing.T) {
		r, a := begin(t, ask)
		act := a.ResponseBody([]byte(long[:1<<20]+strings.Repeat("x", 4<<20)), false)
		if act.Step != policies.Answer {
			t.Fatalf("%+v", act)
		}
		wantOverloaded(t, act.Reply)
		ended(t, r, a)
	})
	t.Run("stream, after it was passed", func(t *testing.T) {
		r, a := begin(t, ask)
		if act := a.ResponseBody([]byte(hello), false); act.Step != policies.Send {
			t.Fatalf("%+v", act)
		}
		act := a.ResponseBody([]byte("data: "+strings.Repeat("x", 4<<20)), false)
		if !act.End || !strings.Contains(string(act.Body), "event: error") || a.record.ended != heal.ReasonOverloadedLocally {
			t.Errorf("%+v, ended by %q", act, a.record.ended)
		}
		ended(t, r, a)
	})
	t.Run("a stream in small pieces", func(t *testing.T) {
		r, a := begin(t, ask)
		r.inFlight.held.Store(100 << 20)
		for range 100 {
			if act := a.ResponseBody([]byte(hello), false); act.Step != policies.Send || act.End {
				t.Fatalf("%+v", act)
			}
		}
		a.Close(policies.EndCancelled)
	})
}

// What is held shows among the metrics.
func TestInFlightMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	f := NewInFlight(reg)
	f.SetLimit(1000 << 20)
	s := share{of: f}
	s.set(10<<20, true)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		got[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
	}
	if got["heald_held_bytes"] != 10<<20 || got["heald_held_limit_bytes"] != 1000<<20 {
		t.Errorf("got %v", got)
	}
	if n := f.LargestBody(); n < 89<<20 || n > 90<<20 {
		t.Errorf("largest body %d", n)
	}
}

// What an encoder keeps of a stream counts: the Responses API repeats all of it.
func TestStreamThatIsKept(t *testing.T) {
	r := newRig(t, nil).bounded(8<<20, 0)
	a := r.begin(1, "")
	a.in.Path = "/v1/responses"
	send(t, a, `{"model":"gemini-3.5-flash","stream":true,"input":"hi"}`)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	piece := `data: {"candidates":[{"content":{"parts":[{"text":"` + strings.Repeat("x", 64<<10) + `"}],"role":"model"}}]}` + "\n\n"
	for range 200 { // 13 MiB
		if act := a.ResponseBody([]byte(piece), false); act.End {
			break
		}
	}
	if a.record.ended != heal.ReasonOverloadedLocally {
		t.Errorf("ended by %q, %d held", a.record.ended, r.inFlight.held.Load())
	}
	a.Close(policies.EndComplete)
}
