package extproc_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// forwardWith asks for a wake-up with the request.
func forwardWith(d time.Duration) func(context.Context, []byte) (*policies.Forward, *policies.Reply) {
	return func(_ context.Context, body []byte) (*policies.Forward, *policies.Reply) {
		return &policies.Forward{Cluster: "a1", Body: body, Wake: d}, nil
	}
}

func holdAndWake(d time.Duration) policies.Action { return policies.Action{Wake: d} }

// A provider that never answers, or only with headers, or with a heartbeat:
// the attempt's own timer gives it up.
func TestSilence(t *testing.T) {
	script := func() *extproctest.Script {
		return &extproctest.Script{
			RequestBody:  forwardWith(10 * time.Second),
			ResponseBody: func([]byte, bool) policies.Action { return hold() },
			Wake:         func() policies.Action { return answer(overloaded()) },
		}
	}
	for name, heard := range map[string]func(*extproctest.Envoy){
		"before headers": func(*extproctest.Envoy) {},
		"after headers":  func(e *extproctest.Envoy) { e.SendResponseHeaders(200) },
		"after a chunk": func(e *extproctest.Envoy) {
			e.SendResponseHeaders(200)
			e.SendChunk(": heartbeat\n\n", false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := script()
			play(t, s, func(t *testing.T, e *extproctest.Envoy) {
				upTo(e)
				asked := time.Now()
				heard(e)
				e.WantNothing()
				wantMarked(t, e)
				if waited := time.Since(asked); waited != 10*time.Second {
					t.Errorf("waited %s", waited)
				}
				s.WantClosed(t, policies.EndComplete)
			})
		})
	}
}

// Heartbeats before the provider's first chunk would be spurious: they wait.
func TestPingBeforeFirstChunk(t *testing.T) {
	pings := 0
	s := &extproctest.Script{
		ResponseHeaders: func(*policies.Response) policies.Action { return holdAndWake(5 * time.Second) },
		Wake: func() policies.Action {
			pings++
			a := send("ping ")
			a.Wake = 5 * time.Second
			return a
		},
	}
	playWhole(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		time.Sleep(12 * time.Second)
		e.WantNothing()
		if pings != 2 {
			t.Errorf("%d pings, want 2", pings)
		}
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("ping ping ", false)
		e.WantChunk("1", false)
		e.WantChunk("ping ", false) // from now on at any time
		e.SendChunk("2", true)
		e.WantChunk("2", true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// A stalled response is ended in the client's grammar.
func TestStall(t *testing.T) {
	s := &extproctest.Script{
		ResponseBody: func(chunk []byte, _ bool) policies.Action {
			a := send(string(chunk))
			a.Wake = time.Minute
			return a
		},
		Wake: func() policies.Action {
			a := send("error: stalled")
			a.End = true
			return a
		},
	}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		e.WantPass(200)
		e.WantChunk("1", false)
		time.Sleep(59 * time.Second)
		e.SendChunk("2", false) // moves the limit
		e.WantChunk("2", false)
		time.Sleep(59 * time.Second)
		e.WantNothing()
		e.WantChunk("error: stalled", true)
		s.WantClosed(t, policies.EndComplete)
	})
}

// Never cancels a wake-up; 0 keeps it.
func TestNever(t *testing.T) {
	s := &extproctest.Script{
		RequestBody:     forwardWith(10 * time.Second),
		ResponseHeaders: func(*policies.Response) policies.Action { return hold() },
		ResponseBody:    func([]byte, bool) policies.Action { return holdAndWake(policies.Never) },
		Wake:            func() policies.Action { return hold() },
	}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		time.Sleep(11 * time.Second)
		if n := wakes(s); n != 1 {
			t.Errorf("woken %d times, want once", n)
		}
		time.Sleep(time.Minute)
		e.SendChunk("1", false)
		time.Sleep(time.Minute)
		if n := wakes(s); n != 1 {
			t.Errorf("woken %d times, want once: a wish counts once", n)
		}
	})
}

func TestNeverInTime(t *testing.T) {
	s := &extproctest.Script{
		RequestBody:  forwardWith(10 * time.Second),
		ResponseBody: func([]byte, bool) policies.Action { return holdAndWake(policies.Never) },
	}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", false)
		time.Sleep(time.Minute)
		if n := wakes(s); n != 0 {
			t.Errorf("woken %d times", n)
		}
	})
}

func wakes(s *extproctest.Script) (n int) {
	for _, c := range s.Calls() {
		if c == "wake" {
			n++
		}
	}
	return n
}

// A timer does not outlive its stream.
func TestNoWakeAfterEnd(t *testing.T) {
	s := &extproctest.Script{RequestBody: forwardWith(10 * time.Second)}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.Cancel()
		time.Sleep(time.Minute)
		s.WantClosed(t, policies.EndCancelled)
		want := []string{"request_headers POST /v1/messages", "request_body 2", "close canceled"}
		if got := s.Calls(); !reflect.DeepEqual(got, want) {
			t.Errorf("calls %q", got)
		}
	})
}
