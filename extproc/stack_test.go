//go:build !race

package extproc_test

import (
	"context"
	"net"
	"runtime"
	"testing"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies"
)

// deep is a policy that needs a deep stack for a moment, as decoding a request does.
type deep struct{ echo }

func (deep) Begin(context.Context, *policies.Request) policies.Attempt { return &deepest{} }

type deepest struct{ echoed }

func (d *deepest) RequestBody(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
	descend(40)
	return d.echoed.RequestBody(ctx, body)
}

// descend uses some 10 KiB of stack for n of 40.
//
//go:noinline
func descend(n int) byte {
	var room [200]byte
	room[n] = byte(n)
	if n > 0 {
		room[0] = descend(n - 1)
	}
	return room[0] + room[n/2]
}

// A stream that waits for its next chunk has a stack of 8 KiB, not of 16: that
// is a fifth of what an open stream takes. (The race detector's frames are larger.)
func TestStackOfAnOpenStream(t *testing.T) {
	const streams = 200
	server, err := extproc.New(extproc.Config{}, extproc.Deps{Policy: deep{}})
	if err != nil {
		t.Fatal(err)
	}
	l := bufconn.Listen(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	conn, err := grpc.NewClient("passthrough:///heald",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	client := extprocv3.NewExternalProcessorClient(conn)
	openStream(t, ctx, client) // what there is of a connection is not of a stream
	before := stacks()
	for range streams {
		openStream(t, ctx, client)
	}
	const own = 8 << 10 // of gRPC's client, which is in this process as well: not more than this
	per := (stacks() - before) / streams
	if per >= 8<<10+own {
		t.Errorf("%d bytes of stack for each open stream", per)
	}
}

// stacks is the memory of all stacks once they have shrunk: each collection
// halves those of which less than a quarter is used.
func stacks() int {
	for range 4 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.StackInuse)
}

// openStream opens a stream that has passed a first chunk on, and waits.
func openStream(t *testing.T, ctx context.Context, client extprocv3.ExternalProcessorClient) { //nolint:revive // t is first
	t.Helper()
	s, err := client.Process(ctx)
	if err != nil {
		t.Fatal(err)
	}
	status := &corev3.HeaderMap{Headers: []*corev3.HeaderValue{{Key: ":status", RawValue: []byte("200")}}}
	chunk := &extprocv3.HttpBody{Body: []byte("data: {}\n\n")}
	for _, m := range []*extprocv3.ProcessingRequest{
		{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}}},
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: []byte("{}"), EndOfStream: true}}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{Headers: status}}},
		{Request: &extprocv3.ProcessingRequest_ResponseBody{ResponseBody: chunk}},
	} {
		if err := s.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	for {
		m, err := s.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if m.GetResponseBody() != nil {
			return
		}
	}
}
