package extproc

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"

	"github.com/heald-proxy/heald/policies"
)

// peer is an Envoy without a connection: it says what a test says, and reads
// everything.
type peer struct {
	grpc.ServerStream
	receive func(m any) error
}

func (p *peer) Context() context.Context                    { return context.Background() }
func (p *peer) Send(*extprocv3.ProcessingResponse) error    { return nil }
func (p *peer) SendMsg(any) error                           { return nil }
func (p *peer) RecvMsg(m any) error                         { return p.receive(m) }
func (p *peer) Recv() (*extprocv3.ProcessingRequest, error) { return nil, nil }

// still is a policy whose attempts do nothing.
type still struct{}

func (still) Begin(context.Context, *policies.Request) policies.Attempt { return &still{} }
func (still) Refuse(*policies.Request, *policies.Fault) *policies.Reply { return nil }
func (still) RequestHeaders() *policies.Reply                           { return nil }
func (still) RequestBody(context.Context, []byte) (*policies.Forward, *policies.Reply) {
	return &policies.Forward{}, nil
}
func (still) ResponseHeaders(*policies.Response) policies.Action { return policies.Action{} }
func (still) ResponseBody([]byte, bool) policies.Action          { return policies.Action{} }
func (still) Wake() policies.Action                              { return policies.Action{} }
func (still) Close(policies.End)                                 {}

func stillServer(t *testing.T, r prometheus.Registerer) *Server {
	t.Helper()
	s, err := New(Config{}, Deps{Policy: still{}, Registerer: r})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A timer that runs on keeps a stream, and all that it holds, for as long as
// the latest wish: minutes.
func TestTimerStops(t *testing.T) {
	for name, stop := range map[string]func(*stream){
		"at the end":               func(s *stream) { s.finish(policies.EndComplete) },
		"when the wish is no more": func(s *stream) { s.arm(policies.Never) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStream(stillServer(t, nil), &peer{})
				s.arm(5 * time.Minute)
				stop(s)
				if s.timer.Stop() {
					t.Error("the timer ran on")
				}
			})
		})
	}
}

// deaf is an Envoy that takes nothing any more.
type deaf struct{ peer }

func (*deaf) Send(*extprocv3.ProcessingResponse) error { return errors.New("gone") }
func (*deaf) SendMsg(any) error                        { return errors.New("gone") }

// An attempt whose reply cannot be sent ends at once: nobody else may tell.
func TestFailedSendEndsTheAttempt(t *testing.T) {
	s := newStream(stillServer(t, nil), &deaf{})
	s.receive(&extprocv3.ProcessingRequest{
		ProtocolConfig: &extprocv3.ProtocolConfiguration{
			RequestBodyMode:  filterv3.ProcessingMode_BUFFERED,
			ResponseBodyMode: filterv3.ProcessingMode_FULL_DUPLEX_STREAMED,
		},
		Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}},
	})
	if s.state != done || s.end != policies.EndCancelled {
		t.Errorf("state %v, end %v", s.state, s.end)
	}
}

// awake counts how often it is woken.
type awake struct {
	still
	times *int
}

func (a awake) Wake() policies.Action { *a.times++; return policies.Action{} }

// A call that comes late, to a stream without a wish or before the time, wakes
// nobody.
func TestWakeNeedsAWish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, times := newStream(stillServer(t, nil), &peer{}), 0
		s.attempt = awake{times: &times}
		s.wake() // no wish
		s.arm(time.Minute)
		s.wake() // too early
		s.arm(policies.Never)
		time.Sleep(2 * time.Minute)
		s.wake() // taken back
		if times != 0 {
			t.Fatalf("woken %d times", times)
		}
		s.wakeAt = time.Now()
		s.wake() // at the time
		s.wake() // again
		if times != 1 || !s.wakeAt.IsZero() {
			t.Errorf("woken %d times, the next is at %v", times, s.wakeAt)
		}
		s.finish(policies.EndComplete)
		s.wakeAt = time.Now()
		if s.wake(); times != 1 {
			t.Error("woken after the end")
		}
	})
}

// Every label value is there from the start, so that a first error shows as an
// increase.
func TestMetricsArePreset(t *testing.T) {
	registry := prometheus.NewRegistry()
	stillServer(t, registry)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range families {
		got[f.GetName()] = len(f.GetMetric())
	}
	for name, want := range map[string]int{
		"heald_streams_total": len(policies.Ends()), "heald_protocol_errors_total": len(kinds), "heald_immediate_responses_total": int(policies.Fail) + 1,
	} {
		if got[name] != want {
			t.Errorf("%s has %d series, want %d; all are %v", name, got[name], want, got)
		}
	}
}

// Who is still making a request is told to give up; who is not is left alone.
func TestCutOffGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStream(stillServer(t, nil), &peer{})
		s.cutOff() // nothing is asked
		asked, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		s.asking.Store(&giveUp)
		if s.cutOff(); asked.Err() == nil {
			t.Error("the request goes on")
		}
	})
}

// A panic outside of the policy breaks its stream only, too.
func TestPanicWhileReceiving(t *testing.T) {
	registry := prometheus.NewRegistry()
	server := stillServer(t, registry)
	err := server.Process(&peer{receive: func(any) error { panic("secret") }})
	if err == nil || len(server.streams) != 0 {
		t.Errorf("error %v, %d streams", err, len(server.streams))
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	if got["heald_panics_total"] != 1 || got["heald_streams_total panic"] != 1 || got["heald_streams_active"] != 0 {
		t.Errorf("counted %v", got)
	}
}

// An attempt's body is not kept while the provider thinks.
func TestReceivedLetsGo(t *testing.T) {
	r := received{message: &extprocv3.ProcessingRequest{}}
	r.release()
	if r.message != nil {
		t.Error("the message is kept")
	}
}
