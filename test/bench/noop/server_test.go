package noop

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	filterv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/test/bufconn"
)

func dial(t *testing.T) (context.Context, *grpc.ClientConn) {
	t.Helper()
	l := bufconn.Listen(1 << 16)
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(serving, l, "a") }() // ends with stop
	conn, err := grpc.NewClient("passthrough:///noop",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx, conn
}

func TestExchange(t *testing.T) {
	ctx, conn := dial(t)
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(ctx)
	if err != nil {
		t.Fatal(err)
	}
	say := func(m *extprocv3.ProcessingRequest) *extprocv3.ProcessingResponse {
		t.Helper()
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
		reply, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	headers := say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}}})
	if headers.GetRequestHeaders() == nil {
		t.Errorf("request headers: got %v", headers)
	}
	body := say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
		RequestBody: &extprocv3.HttpBody{Body: []byte("question"), EndOfStream: true}}}).GetRequestBody().GetResponse()
	if got := string(body.GetBodyMutation().GetBody()); got != "question" || !body.GetClearRouteCache() {
		t.Errorf("request body: got %v", body)
	}
	want(t, "request", body, map[string]string{"x-heald-cluster": "a", "content-length": "8"})
	head := say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{}}})
	want(t, "response", head.GetResponseHeaders().GetResponse(), map[string]string{"x-heald-verdict": "pass"})
	for _, c := range []struct {
		body string
		end  bool
	}{{"one", false}, {"two", false}, {"", true}} {
		part := say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{
			ResponseBody: &extprocv3.HttpBody{Body: []byte(c.body), EndOfStream: c.end}}}).
			GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse()
		if string(part.GetBody()) != c.body || part.GetEndOfStream() != c.end {
			t.Errorf("chunk %q, end %v: got %v", c.body, c.end, part)
		}
	}
	trailers := say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseTrailers{ResponseTrailers: &extprocv3.HttpTrailers{}}})
	if trailers.GetResponseTrailers() == nil {
		t.Errorf("response trailers: got %v", trailers)
	}
}

// A request whose body comes in pieces is answered once it is whole.
func TestRequestInPieces(t *testing.T) {
	for _, trailers := range []bool{false, true} {
		t.Run(fmt.Sprintf("trailers %v", trailers), func(t *testing.T) {
			ctx, conn := dial(t)
			stream, err := extprocv3.NewExternalProcessorClient(conn).Process(ctx)
			if err != nil {
				t.Fatal(err)
			}
			say := func(m *extprocv3.ProcessingRequest) {
				t.Helper()
				if err := stream.Send(m); err != nil {
					t.Fatal(err)
				}
			}
			say(&extprocv3.ProcessingRequest{
				Request:        &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}},
				ProtocolConfig: &extprocv3.ProtocolConfiguration{RequestBodyMode: filterv3.ProcessingMode_FULL_DUPLEX_STREAMED},
			})
			for _, piece := range []string{"ques", "tion"} {
				say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: []byte(piece)}}})
			}
			if trailers {
				say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestTrailers{RequestTrailers: &extprocv3.HttpTrailers{}}})
			} else {
				say(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{EndOfStream: true}}})
			}
			hear := func() *extprocv3.ProcessingResponse {
				t.Helper()
				reply, err := stream.Recv()
				if err != nil {
					t.Fatal(err)
				}
				return reply
			}
			headers := hear().GetRequestHeaders().GetResponse()
			want(t, "request", headers, map[string]string{"x-heald-cluster": "a", "content-length": "8"})
			if !headers.GetClearRouteCache() {
				t.Error("the route is not chosen anew")
			}
			body := hear().GetRequestBody().GetResponse().GetBodyMutation().GetStreamedResponse()
			if string(body.GetBody()) != "question" || body.GetEndOfStream() == trailers {
				t.Errorf("request body: got %v", body)
			}
			if trailers && hear().GetRequestTrailers() == nil {
				t.Error("trailers are not answered")
			}
		})
	}
}

func want(t *testing.T, what string, r *extprocv3.CommonResponse, headers map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, h := range r.GetHeaderMutation().GetSetHeaders() {
		got[h.GetHeader().GetKey()] = string(h.GetHeader().GetRawValue())
	}
	for name, value := range headers {
		if got[name] != value {
			t.Errorf("%s header %s: got %q, want %q", what, name, got[name], value)
		}
	}
}

func TestHealth(t *testing.T) {
	ctx, conn := dial(t)
	// Envoy asks for the server as a whole.
	r, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{})
	if err != nil || r.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("got %v, %v", r, err)
	}
}
