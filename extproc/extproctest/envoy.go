package extproctest

import (
	"context"
	"net"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	modev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/policies"
)

// Envoy is one ext_proc stream as Envoy's filter would open it.
type Envoy struct {
	// Protocol goes out with the first message; nil sends none, as old Envoys
	// do. It starts with the modes that heald needs.
	Protocol *extprocv3.ProtocolConfiguration
	// OneHop says that there is no outer listener behind which replies lose their
	// stamp. It is set before the first message.
	OneHop bool

	t      testing.TB
	conn   *grpc.ClientConn
	stream extprocv3.ExternalProcessor_ProcessClient
	cancel context.CancelFunc
	begun  bool

	mu      sync.Mutex
	judge   judge
	replies chan ruled // closed when the server ended the stream
}

// ruled is a reply with the judge's error, if any.
type ruled struct {
	reply *extprocv3.ProcessingResponse
	err   error
}

// repliesKept bounds how many replies a test may leave unread; 16,384 chunks are 1 GB.
const repliesKept = 1 << 14

// Dial serves s in memory and opens a stream with the given initial metadata,
// names and values in turn. It must be called in a synctest bubble; everything
// it starts ends with the test.
func Dial(t testing.TB, s *extproc.Server, meta ...string) *Envoy {
	t.Helper()
	return dial(t, s, false, meta)
}

// DialInParts is Dial for an Envoy whose streams bring requests in parts.
func DialInParts(t testing.TB, s *extproc.Server, meta ...string) *Envoy {
	t.Helper()
	return dial(t, s, true, meta)
}

func dial(t testing.TB, s *extproc.Server, inParts bool, meta []string) *Envoy {
	t.Helper()
	synctest.Wait() // panics outside a bubble, with a clear message
	l := bufconn.Listen(1 << 20)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }() // ends in Cleanup
	conn, err := grpc.NewClient("passthrough:///heald",
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20), grpc.ForceCodecV2(newCodec())))
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return open(t, conn, inParts, meta)
}

// Next opens another stream on the same connection, with the same request mode,
// as the outer router's next attempt does.
func (e *Envoy) Next(meta ...string) *Envoy {
	e.t.Helper()
	return open(e.t, e.conn, e.duplex(), meta)
}

// Conn is the connection, for other services of the server.
func (e *Envoy) Conn() *grpc.ClientConn { return e.conn }

func open(t testing.TB, conn *grpc.ClientConn, inParts bool, meta []string) *Envoy {
	t.Helper()
	ctx, cancel := context.WithCancel(metadata.AppendToOutgoingContext(context.Background(), meta...))
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(ctx)
	if err != nil {
		t.Fatalf("open stream: %v", err)
	}
	e := &Envoy{
		Protocol: &extprocv3.ProtocolConfiguration{
			RequestBodyMode:  modev3.ProcessingMode_BUFFERED,
			ResponseBodyMode: modev3.ProcessingMode_FULL_DUPLEX_STREAMED,
		},
		t: t, conn: conn, stream: stream, cancel: cancel,
		replies: make(chan ruled, repliesKept),
	}
	if inParts {
		e.InParts()
	}
	go e.receive() // ends with the stream
	t.Cleanup(e.close)
	return e
}

// receive checks replies at the moment they come.
func (e *Envoy) receive() {
	defer close(e.replies)
	for {
		m, err := e.stream.Recv()
		if err != nil {
			return
		}
		e.mu.Lock()
		err = e.judge.rule(m)
		e.mu.Unlock()
		e.replies <- ruled{m, err}
	}
}

// close ends the stream and reports replies that no expectation took.
func (e *Envoy) close() {
	synctest.Wait()
	e.cancel()
	for r := range e.replies {
		if r.err != nil {
			e.t.Errorf("reply left unread, and wrong: %v", r.err)
		} else {
			e.t.Errorf("reply left unread: %s", brief(r.reply))
		}
	}
}

// Cancel resets the stream: the client left.
func (e *Envoy) Cancel() {
	e.cancel()
	synctest.Wait()
}

// HangUp half-closes the stream: what the server sees of a provider whose
// connection broke while the response was held.
func (e *Envoy) HangUp() {
	e.t.Helper()
	synctest.Wait()
	if err := e.stream.CloseSend(); err != nil {
		e.t.Fatalf("hang up: %v", err)
	}
	synctest.Wait()
}

// Send sends any message. The server settles first, so that replies are checked
// by what came before them.
func (e *Envoy) Send(m *extprocv3.ProcessingRequest) {
	e.t.Helper()
	synctest.Wait()
	if !e.begun {
		e.begun = true
		m.ProtocolConfig = e.Protocol
	}
	e.mu.Lock()
	e.judge.duplex, e.judge.oneHop = e.duplex(), e.OneHop
	e.judge.noteMessage(m)
	e.mu.Unlock()
	if err := e.stream.Send(m); err != nil {
		e.t.Fatalf("send %T: %v", m.GetRequest(), err)
	}
}

// SendHeaders sends request headers with a body to follow; headers are names
// and values in turn.
func (e *Envoy) SendHeaders(method, path string, headers ...string) {
	e.t.Helper()
	e.sendRequestHeaders(false, method, path, headers)
}

// SendHeadersOnly sends request headers with no body to follow.
func (e *Envoy) SendHeadersOnly(method, path string, headers ...string) {
	e.t.Helper()
	e.sendRequestHeaders(true, method, path, headers)
}

func (e *Envoy) sendRequestHeaders(end bool, method, path string, headers []string) {
	e.t.Helper()
	head := append([]string{":method", method, ":path", path, ":scheme", "http", ":authority", "llm.example"}, headers...)
	e.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestHeaders{
		RequestHeaders: &extprocv3.HttpHeaders{Headers: headerMap(head), EndOfStream: end},
	}})
}

// InParts makes the request's body go in parts, as it arrives.
func (e *Envoy) InParts() { e.Protocol.RequestBodyMode = modev3.ProcessingMode_FULL_DUPLEX_STREAMED }

func (e *Envoy) duplex() bool {
	return e.Protocol.GetRequestBodyMode() == modev3.ProcessingMode_FULL_DUPLEX_STREAMED
}

// partSize is about how long the parts of a body are, in bytes.
const partSize = 16 << 10

// SendBody sends the whole request body. In parts, its end is a message of its
// own.
func (e *Envoy) SendBody(body string) {
	e.t.Helper()
	if e.duplex() {
		for len(body) > 0 {
			n := min(len(body), partSize)
			e.SendPart(body[:n], false)
			body = body[n:]
		}
	}
	e.SendPart(body, true)
}

// SendPart sends a part of the request's body.
func (e *Envoy) SendPart(body string, end bool) {
	e.t.Helper()
	e.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
		RequestBody: &extprocv3.HttpBody{Body: []byte(body), EndOfStream: end},
	}})
}

// SendRequestTrailers ends the request's body with trailers.
func (e *Envoy) SendRequestTrailers(trailers ...string) {
	e.t.Helper()
	e.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestTrailers{
		RequestTrailers: &extprocv3.HttpTrailers{Trailers: headerMap(trailers)},
	}})
}

// SendResponseHeaders sends the head of a provider's response with a body.
func (e *Envoy) SendResponseHeaders(status int, headers ...string) {
	e.t.Helper()
	e.sendResponseHeaders(status, policies.ViaUpstream, false, headers)
}

// SendResponseHeadersOnly sends a provider's response that has no body.
func (e *Envoy) SendResponseHeadersOnly(status int, headers ...string) {
	e.t.Helper()
	e.sendResponseHeaders(status, policies.ViaUpstream, true, headers)
}

// SendLocalReply sends the head of a reply that Envoy made itself; Envoy's
// text follows with SendChunk, unless end says that there is none.
func (e *Envoy) SendLocalReply(status int, details string, end bool) {
	e.t.Helper()
	e.sendResponseHeaders(status, details, end, []string{"content-type", "text/plain"})
}

func (e *Envoy) sendResponseHeaders(status int, details string, end bool, headers []string) {
	e.t.Helper()
	e.Send(&extprocv3.ProcessingRequest{
		Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{
			Headers:     headerMap(append([]string{":status", strconv.Itoa(status)}, headers...)),
			EndOfStream: end,
		}},
		Attributes: map[string]*structpb.Struct{"envoy.filters.http.ext_proc": {
			Fields: map[string]*structpb.Value{"response.code_details": structpb.NewStringValue(details)},
		}},
	})
}

// SendChunk sends a part of the response body.
func (e *Envoy) SendChunk(body string, end bool) {
	e.t.Helper()
	e.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseBody{
		ResponseBody: &extprocv3.HttpBody{Body: []byte(body), EndOfStream: end},
	}})
}

// SendTrailers ends the response body with trailers.
func (e *Envoy) SendTrailers(trailers ...string) {
	e.t.Helper()
	e.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_ResponseTrailers{
		ResponseTrailers: &extprocv3.HttpTrailers{Trailers: headerMap(trailers)},
	}})
}

func headerMap(pairs []string) *corev3.HeaderMap {
	m := &corev3.HeaderMap{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m.Headers = append(m.Headers, &corev3.HeaderValue{Key: pairs[i], RawValue: []byte(pairs[i+1])})
	}
	return m
}
