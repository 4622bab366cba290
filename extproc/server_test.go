package extproc_test

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

func wantHealth(t *testing.T, e *extproctest.Envoy, want healthv1.HealthCheckResponse_ServingStatus) {
	t.Helper()
	for _, service := range []string{"", extprocv3.ExternalProcessor_ServiceDesc.ServiceName} {
		r, err := healthv1.NewHealthClient(e.Conn()).Check(t.Context(), &healthv1.HealthCheckRequest{Service: service})
		if err != nil || r.GetStatus() != want {
			t.Errorf("health of %q is %v, %v; want %s", service, r.GetStatus(), err, want)
		}
	}
}

// A drain is announced while new streams are still served, and waits for
// those that run.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &extproctest.Script{}
		server := newServer(t, s, extproc.Config{}, nil)
		e := extproctest.Dial(t, server)
		upTo(e)
		wantHealth(t, e, healthv1.HealthCheckResponse_SERVING)

		drained := make(chan error)
		go func() { drained <- server.Drain(t.Context()) }()
		time.Sleep(700 * time.Millisecond)
		wantHealth(t, e, healthv1.HealthCheckResponse_NOT_SERVING)
		late := e.Next() // Envoy has not noticed yet
		upTo(late)
		time.Sleep(time.Minute)

		for _, e := range []*extproctest.Envoy{e, late} {
			select {
			case err := <-drained:
				t.Fatalf("drained with a stream running: %v", err)
			default:
			}
			e.SendResponseHeaders(200)
			e.SendChunk("ok", true)
			e.WantPass(200)
			e.WantChunk("ok", true)
			e.Cancel()
		}
		if err := <-drained; err != nil {
			t.Error(err)
		}
		s.WantClosed(t, policies.EndComplete, policies.EndComplete)
	})
}

// A stream that does not end is broken off when the drain's time is up.
func TestDrainCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &extproctest.Script{}
		server := newServer(t, s, extproc.Config{}, nil)
		e := extproctest.Dial(t, server)
		upTo(e)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		began := time.Now()
		if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("took %s", took)
		}
		s.WantClosed(t, policies.EndShutdown) // by the time Drain has returned
		e.WantEnd()
	})
}

// A response that has begun gets a last word instead; one that is held is broken
// off, for Envoy to try it again.
func TestDrainLastWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &extproctest.Script{EndNow: func() policies.Action {
			return policies.Action{Step: policies.Send, Body: []byte("bye"), End: true}
		}}
		server := newServer(t, s, extproc.Config{}, nil)
		begun := extproctest.Dial(t, server)
		upTo(begun)
		begun.SendResponseHeaders(200)
		begun.SendChunk("hello", false)
		begun.WantPass(200)
		begun.WantChunk("hello", false)
		held := begun.Next()
		upTo(held)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		drained := make(chan error)
		go func() { drained <- server.Drain(ctx) }()
		begun.WantChunk("bye", true)
		if err := <-drained; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain: %v", err)
		}
		s.WantClosed(t, policies.EndComplete, policies.EndShutdown)
		held.WantEnd()
	})
}

// A connection has no more streams than configured; Envoy opens another one.
func TestMaxStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &extproctest.Script{}
		first := extproctest.Dial(t, newServer(t, s, extproc.Config{MaxStreams: 2}, nil))
		upTo(first)
		upTo(first.Next())
		opened := make(chan *extproctest.Envoy, 1)
		go func() { opened <- first.Next() }()
		synctest.Wait()
		select {
		case <-opened:
			t.Fatal("a third stream was opened")
		default:
		}
		first.Cancel()
		upTo(<-opened)
	})
}

// Serve takes several listeners and ends with its context.
func TestServe(t *testing.T) {
	s := &extproctest.Script{}
	server := newServer(t, s, extproc.Config{}, nil)
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	unix, err := net.Listen("unix", filepath.Join(t.TempDir(), "s.sock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- server.Serve(ctx, tcp, unix) }()
	for _, target := range []string{tcp.Addr().String(), "unix://" + unix.Addr().String()} {
		conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		r, err := healthv1.NewHealthClient(conn).Check(t.Context(), &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err != nil || r.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("%s: %v, %v", target, r, err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// One dead listener ends the server, which says why.
func TestServeDeadListener(t *testing.T) {
	server := newServer(t, &extproctest.Script{}, extproc.Config{}, nil)
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = dead.Close()
	alive, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(t.Context(), alive, dead); err == nil || !strings.Contains(err.Error(), dead.Addr().String()) {
		t.Errorf("serve: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	policy := (&extproctest.Script{}).Policy()
	taken := prometheus.NewRegistry()
	if _, err := extproc.New(extproc.Config{}, extproc.Deps{Policy: policy, Registerer: taken}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		cfg  extproc.Config
		deps extproc.Deps
		want string
	}{
		{"no policy", extproc.Config{}, extproc.Deps{}, "no policy"},
		{"negative body", extproc.Config{MaxBody: -1}, extproc.Deps{Policy: policy}, "extproc.max_body"},
		{"huge body", extproc.Config{MaxBody: 2 << 30}, extproc.Deps{Policy: policy}, "extproc.max_body"},
		{"negative grace", extproc.Config{DrainGrace: -1}, extproc.Deps{Policy: policy}, "extproc.drain_grace"},
		{"metrics twice", extproc.Config{}, extproc.Deps{Policy: policy, Registerer: taken}, "metrics"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := extproc.New(c.cfg, c.deps); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	if err := newServer(t, &extproctest.Script{}, extproc.Config{}, nil).Serve(t.Context()); err == nil {
		t.Error("served without a listener")
	}
}

// Every end of a stream is counted once.
func TestStreamMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := refuseBody(), prometheus.NewRegistry()
		e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		wantMetric(t, r, "heald_streams_active", "", 1)
		e.SendBody("{}")
		wantMarked(t, e)
		e.Cancel()
		e = e.Next()
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.Cancel()
		wantMetric(t, r, "heald_streams_active", "", 0)
		wantMetric(t, r, "heald_streams_total", "complete", 1)
		wantMetric(t, r, "heald_streams_total", "canceled", 1)
		wantMetric(t, r, "heald_immediate_responses_total", "failover", 1)
	})
}
