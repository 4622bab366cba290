package extproc_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies"
)

// echo is the baseline: a policy that costs nothing itself.
type echo struct{}

func (echo) Begin(context.Context, *policies.Request) policies.Attempt { return &echoed{} }

func (echo) Refuse(*policies.Request, *policies.Fault) *policies.Reply { return nil }

type echoed struct{ passed bool }

func (*echoed) RequestHeaders() *policies.Reply { return nil }

func (*echoed) RequestBody(_ context.Context, body []byte) (*policies.Forward, *policies.Reply) {
	return &policies.Forward{Cluster: "a1", Body: body}, nil
}

func (*echoed) ResponseHeaders(*policies.Response) policies.Action { return policies.Action{} }

func (a *echoed) ResponseBody(chunk []byte, end bool) policies.Action {
	act := policies.Action{Step: policies.Send, Body: chunk, End: end}
	if !a.passed {
		a.passed, act.Head = true, &policies.Head{}
	}
	return act
}

func (*echoed) Wake() policies.Action { return policies.Action{} }

func (*echoed) Close(policies.End) {}

// BenchmarkEcho is a whole exchange over gRPC in memory, both ends' work
// counted. Time per chunk must not grow with the length.
func BenchmarkEcho(b *testing.B) {
	chunk := bytes.Repeat([]byte("x"), 300) // a usual SSE event
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprintf("chunks=%d", n), func(b *testing.B) {
			client := dialEcho(b)
			b.SetBytes(int64(n * len(chunk)))
			b.ReportAllocs()
			for b.Loop() {
				if err := exchange(client, chunk, n); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/chunk")
		})
	}
}

func dialEcho(b *testing.B) extprocv3.ExternalProcessorClient {
	b.Helper()
	server, err := extproc.New(extproc.Config{}, extproc.Deps{Policy: echo{}})
	if err != nil {
		b.Fatal(err)
	}
	l := bufconn.Listen(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	conn, err := grpc.NewClient("passthrough:///heald",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		stop()
		if err := <-served; err != nil {
			b.Error(err)
		}
	})
	return extprocv3.NewExternalProcessorClient(conn)
}

func exchange(client extprocv3.ExternalProcessorClient, chunk []byte, n int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	s, err := client.Process(ctx)
	if err != nil {
		return err
	}
	status := &corev3.HeaderMap{Headers: []*corev3.HeaderValue{{Key: ":status", RawValue: []byte("200")}}}
	body := &extprocv3.HttpBody{Body: chunk}
	part := &extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{ResponseBody: body}}
	for _, m := range []*extprocv3.ProcessingRequest{
		{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}}},
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: chunk, EndOfStream: true}}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{Headers: status}}},
	} {
		if err := s.Send(m); err != nil {
			return err
		}
	}
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			body.EndOfStream = i == n-1
			if err := s.Send(part); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	for {
		m, err := s.Recv()
		if err != nil {
			return err
		}
		if m.GetImmediateResponse() != nil {
			return fmt.Errorf("refused: %v", m)
		}
		if m.GetResponseBody().GetResponse().GetBodyMutation().GetStreamedResponse().GetEndOfStream() {
			return <-sent
		}
	}
}
