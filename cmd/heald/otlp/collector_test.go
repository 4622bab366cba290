package otlp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"go.uber.org/zap"
	"google.golang.org/grpc/codes"
	rpcstatus "google.golang.org/grpc/status"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/test/authority"
	"github.com/heald-proxy/heald/test/otlpreceiver"
)

// sampledOrigin is that of a request which Envoy has sampled.
var sampledOrigin = record.Origin{Time: began, RequestID: "abc", TraceID: "0af7651916cd43dd8448eb211c80319c", ParentSpan: "b7ad6b7169203331", Sampled: true}

// Spans that a collector refuses, all or some, are an error, which the queue
// counts.
func TestRefusedByCollector(t *testing.T) {
	for _, protocol := range protocols {
		for name, answer := range map[string]func(context.Context) (*collector.ExportTraceServiceResponse, error){
			"too old": func(context.Context) (*collector.ExportTraceServiceResponse, error) {
				return &collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 1, ErrorMessage: "too old"}}, nil
			},
			"no such tenant": func(context.Context) (*collector.ExportTraceServiceResponse, error) {
				return nil, rpcstatus.Error(codes.InvalidArgument, "no such tenant")
			},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				r := otlpreceiver.Start(t, otlpreceiver.Options{Answer: answer})
				s := newSink(t, &Settings{Endpoint: at(r, "http", protocol), Protocol: protocol}, nil)
				err := s.Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{Origin: sampledOrigin}}})
				if err == nil || !strings.Contains(err.Error(), name) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// Whatever a collector does, handing over does not wait, what is lost is counted,
// and the end comes within its bound.
func TestBadCollectors(t *testing.T) {
	hang := func(ctx context.Context) (*collector.ExportTraceServiceResponse, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	busy := func(context.Context) (*collector.ExportTraceServiceResponse, error) {
		return nil, rpcstatus.Error(codes.Unavailable, "busy")
	}
	for _, protocol := range protocols {
		for name, url := range map[string]func(t *testing.T) string{
			"gone":   func(t *testing.T) string { return "http://" + unused(t) },
			"silent": func(t *testing.T) string { return "http://" + silent(t) },
			"slow": func(t *testing.T) string {
				return at(otlpreceiver.Start(t, otlpreceiver.Options{Answer: hang}), "http", protocol)
			},
			"busy": func(t *testing.T) string {
				return at(otlpreceiver.Start(t, otlpreceiver.Options{Answer: busy}), "http", protocol)
			},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				o, err := Resolve(&Settings{Endpoint: url(t), Protocol: protocol}, environ(nil))
				if err != nil {
					t.Fatal(err)
				}
				s, err := New(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				reg := prometheus.NewRegistry()
				q := record.NewQueue(s, record.QueueOptions{Name: "otlp", Size: 10, Metrics: record.NewMetrics(reg), Log: zap.NewNop()})
				to := s.Sampled(q)
				const all = 1000
				handed := make(chan struct{})
				go func() { // ends with the loop, which a sink must not hold up
					defer close(handed)
					for range all {
						to.Attempt(record.Attempt{Origin: sampledOrigin})
						to.Attempt(record.Attempt{}) // of which Envoy has no trace
					}
				}()
				within(t, handed)
				ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
				defer cancel()
				ended := make(chan struct{})
				go func() { // ends with Close, which is bounded
					defer close(ended)
					if err := q.Close(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(err.Error(), "were not written") {
						t.Errorf("close: %v", err)
					}
				}()
				within(t, ended)
				if n := dropped(t, reg); n != all {
					t.Errorf("%v of %d are counted as dropped", n, all)
				}
			})
		}
	}
}

// within waits for what must not take long, on any machine.
func within(t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}

func dropped(t *testing.T, reg prometheus.Gatherer) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "heald_record_dropped_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	return 0
}

// unused is an address at which nobody listens.
func unused(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// silent is an address that takes connections, and says nothing.
func silent(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// A collector that comes back gets what waits.
func TestCollectorThatComesBack(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			calls := 0
			r := otlpreceiver.Start(t, otlpreceiver.Options{Answer: func(context.Context) (*collector.ExportTraceServiceResponse, error) {
				if calls++; calls == 1 {
					return nil, rpcstatus.Error(codes.Unavailable, "starting")
				}
				return nil, nil
			}})
			s := newSink(t, &Settings{Endpoint: at(r, "http", protocol), Protocol: protocol}, nil)
			if err := s.Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{Origin: sampledOrigin}}}); err != nil || len(r.Spans()) != 1 {
				t.Errorf("%v, %d spans", err, len(r.Spans()))
			}
		})
	}
}

// With an own authority, and a certificate of heald's own, by the file or by the
// variables.
func TestCollectorWithTLS(t *testing.T) {
	ca := authority.New(t)
	serverCert, serverKey := ca.Issue("collector", "127.0.0.1")
	cert, key := ca.Issue("heald", "heald")
	for _, protocol := range protocols {
		for name, c := range map[string]struct {
			file Settings
			vars map[string]string
			want string // of the client's certificate; "-" for no connection
		}{
			"file":                 {Settings{CA: ca.File, Cert: cert, Key: key}, nil, "heald"},
			"variables":            {Settings{}, map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": ca.File, "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": cert, "OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY": key}, "heald"},
			"no certificate":       {Settings{CA: ca.File}, nil, "-"},
			"not the system's own": {Settings{Cert: cert, Key: key}, nil, "-"},
		} {
			t.Run(protocol+" "+name, func(t *testing.T) {
				r := otlpreceiver.Start(t, otlpreceiver.Options{TLS: otlpreceiver.MutualTLS(t, ca.File, serverCert, serverKey)})
				c.file.Endpoint, c.file.Protocol = at(r, "https", protocol), protocol
				s := newSink(t, &c.file, c.vars)
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				if c.want != "-" {
					ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
				}
				defer cancel()
				err := s.Write(ctx, []record.Entry{{Attempt: &record.Attempt{Origin: sampledOrigin}}})
				switch calls := r.Calls(); {
				case c.want == "-":
					if err == nil || len(calls) > 0 {
						t.Errorf("%v, %d calls", err, len(calls))
					}
				case err != nil || len(calls) != 1 || calls[0].Client != c.want:
					t.Errorf("%v, %+v", err, calls)
				}
			})
		}
	}
}

// JSON is the exporter's business; that it is sent is heald's.
func TestJSON(t *testing.T) {
	var kind, encoding, body string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		kind, encoding = r.Header.Get("content-type"), r.Header.Get("content-encoding")
		b, _ := io.ReadAll(r.Body)
		body = string(b)
	}))
	defer server.Close()
	s := newSink(t, nil, map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": server.URL + "/v1/traces", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json", "OTEL_EXPORTER_OTLP_COMPRESSION": "none"})
	if err := s.Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{Origin: sampledOrigin}}}); err != nil || kind != "application/json" || encoding != "" || !strings.Contains(strings.ToLower(body), sampledOrigin.TraceID) {
		t.Errorf("%v, %s %s %s", err, kind, encoding, body)
	}
}

// A collector that redirects does not get heald's credentials sent elsewhere.
func TestRedirect(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	s := newSink(t, &Settings{Endpoint: server.URL, Headers: map[string]string{"x-token": "secret"}}, nil)
	if err := s.Write(t.Context(), []record.Entry{{Attempt: &record.Attempt{Origin: sampledOrigin}}}); err == nil || asked {
		t.Errorf("%v, followed: %v", err, asked)
	}
}
