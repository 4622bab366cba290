package exchange

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

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
