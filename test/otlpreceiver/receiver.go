package otlpreceiver

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // what exporters send
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// Call is one export that came.
type Call struct {
	// Protocol is grpc or http.
	Protocol string
	// Path is that of the URL; "" for gRPC.
	Path string
	// Header are the request's headers, or gRPC's metadata, with lower-case names.
	Header map[string][]string
	// Client is the common name of the client's certificate; "" if it has none.
	Client string
	Spans  int
}

// Options say how a receiver behaves.
type Options struct {
	// TLS is the servers' side; nil for plain text.
	TLS *tls.Config
	// Answer is called with each export before it is answered, as to be slow. An
	// error refuses it; with a response that is not nil, that is the answer. nil
	// takes everything at once.
	Answer func(context.Context) (*collector.ExportTraceServiceResponse, error)
}

// Receiver is a running collector.
type Receiver struct {
	// GRPC and HTTP are the addresses, host:port.
	GRPC, HTTP string

	o       Options
	mu      sync.Mutex
	changed chan struct{} // closed and replaced with every export
	spans   []Span
	calls   []Call
}

// Start serves until the test ends.
func Start(t testing.TB, o Options) *Receiver {
	t.Helper()
	r := &Receiver{o: o, changed: make(chan struct{})}
	var served sync.WaitGroup

	var options []grpc.ServerOption
	if o.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(o.TLS.Clone())))
	}
	rpc := grpc.NewServer(options...)
	collector.RegisterTraceServiceServer(rpc, service{of: r})
	grpcListener := listen(t)
	served.Go(func() { _ = rpc.Serve(grpcListener) }) // ends with Stop

	web := &http.Server{Handler: http.HandlerFunc(r.serveHTTP), ErrorLog: log.New(io.Discard, "", 0)}
	httpListener := listen(t)
	r.GRPC, r.HTTP = grpcListener.Addr().String(), httpListener.Addr().String()
	if o.TLS != nil {
		httpListener = tls.NewListener(httpListener, o.TLS.Clone())
	}
	served.Go(func() { _ = web.Serve(httpListener) }) // ends with Close

	t.Cleanup(func() {
		rpc.Stop()
		_ = web.Close()
		served.Wait()
	})
	return r
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// service is the gRPC side.
type service struct {
	collector.UnimplementedTraceServiceServer
	of *Receiver
}

// Export takes spans.
func (s service) Export(ctx context.Context, in *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	call := Call{Protocol: "grpc", Header: md}
	if p, ok := tlsOf(ctx); ok {
		call.Client = commonName(p)
	}
	return s.of.take(ctx, call, in)
}

func (r *Receiver) serveHTTP(w http.ResponseWriter, in *http.Request) {
	call := Call{Protocol: "http", Path: in.URL.Path, Header: lower(in.Header)}
	if in.TLS != nil {
		call.Client = commonName(*in.TLS)
	}
	body := io.Reader(in.Body)
	if in.Header.Get("content-encoding") == "gzip" {
		unzipped, err := gzip.NewReader(in.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unzipped
	}
	raw, err := io.ReadAll(body)
	export := &collector.ExportTraceServiceRequest{}
	if err == nil {
		err = proto.Unmarshal(raw, export)
	}
	if err != nil || in.Method != http.MethodPost || in.Header.Get("content-type") != "application/x-protobuf" {
		http.Error(w, "not an export of protobuf", http.StatusBadRequest)
		return
	}
	answer, err := r.take(in.Context(), call, export)
	if err != nil {
		http.Error(w, err.Error(), httpStatus(status.Code(err)))
		return
	}
	raw, _ = proto.Marshal(answer)
	w.Header().Set("content-type", "application/x-protobuf")
	_, _ = w.Write(raw)
}

// httpStatus is the status that says the same (OTLP 1.9, section "OTLP/HTTP
// response").
func httpStatus(c codes.Code) int {
	switch c {
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	}
	return http.StatusBadRequest
}

// take keeps the spans of an export, unless the options refuse it.
func (r *Receiver) take(ctx context.Context, call Call, in *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	spans := spansOf(in)
	call.Spans = len(spans)
	r.mu.Lock()
	r.calls = append(r.calls, call)
	r.mu.Unlock()
	answer := &collector.ExportTraceServiceResponse{}
	if r.o.Answer != nil {
		own, err := r.o.Answer(ctx)
		if err != nil {
			return nil, err
		}
		if own != nil {
			answer = own
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spans = append(r.spans, spans...)
	close(r.changed)
	r.changed = make(chan struct{})
	return answer, nil
}

// Calls are the exports so far, also those that were refused.
func (r *Receiver) Calls() []Call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Call(nil), r.calls...)
}

// Spans are those that were taken so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Span(nil), r.spans...)
}

// Wait waits until enough says so of the spans that were taken, and returns them.
// It returns what there is when ctx ends.
func (r *Receiver) Wait(ctx context.Context, enough func([]Span) bool) ([]Span, error) {
	for {
		r.mu.Lock()
		spans, changed := append([]Span(nil), r.spans...), r.changed
		r.mu.Unlock()
		if enough(spans) {
			return spans, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return spans, ctx.Err()
		}
	}
}
