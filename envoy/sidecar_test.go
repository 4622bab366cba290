package envoy_test

import (
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	modev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	typev3 "github.com/envoyproxy/go-control-plane/envoy/type/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// plan is what the scripted sidecar does with one attempt.
type plan uint8

const (
	pass   plan = iota // let the provider's answer through
	mark               // refuse the answer and ask for another attempt
	die                // break the stream when the answer comes
	hold               // keep the answer back for ever
	fail               // refuse the request with a final error
	vanish             // break the connection, as a replica that dies, before a word
	sink               // the same once the request was acknowledged
)

// sidecar is an ext_proc server that follows a list of plans, one per attempt;
// the last one is repeated. It keeps the request headers that it saw.
type sidecar struct {
	mu    sync.Mutex
	plans []plan
	seen  []map[string]string
	conns []net.Conn
}

// breakable is a listener whose connections can be broken.
type breakable struct {
	net.Listener
	of *sidecar
}

func (b breakable) Accept() (net.Conn, error) {
	conn, err := b.Listener.Accept()
	if err == nil {
		b.of.mu.Lock()
		defer b.of.mu.Unlock()
		b.of.conns = append(b.of.conns, conn)
	}
	return conn, err
}

// breakAll ends all connections without a word.
func (s *sidecar) breakAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.conns {
		_ = conn.Close()
	}
	s.conns = nil
}

// newSidecar serves until the test ends and returns its address.
func newSidecar(t *testing.T, plans ...plan) (*sidecar, string) {
	t.Helper()
	return newSidecarOf(t, 4<<20, plans...)
}

// newSidecarOf is newSidecar for messages of up to so many bytes.
func newSidecarOf(t *testing.T, message int, plans ...plan) (*sidecar, string) {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &sidecar{plans: plans}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(message))
	extprocv3.RegisterExternalProcessorServer(server, s)
	healthv1.RegisterHealthServer(server, health.NewServer())
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(breakable{lis, s}) // ends with Stop
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	return s, lis.Addr().String()
}

// begin notes an attempt and returns its plan.
func (s *sidecar) begin(headers map[string]string) plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, headers)
	return s.plans[min(len(s.seen), len(s.plans))-1]
}

func (s *sidecar) attempts() []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func (s *sidecar) Process(stream extprocv3.ExternalProcessor_ProcessServer) error {
	var todo plan
	var duplex bool
	var body []byte
	for {
		msg, err := stream.Recv()
		if err != nil {
			return nil // Envoy ends every stream with a reset
		}
		reply := &extprocv3.ProcessingResponse{}
		switch m := msg.Request.(type) {
		case *extprocv3.ProcessingRequest_RequestHeaders:
			duplex = msg.GetProtocolConfig().GetRequestBodyMode() == modev3.ProcessingMode_FULL_DUPLEX_STREAMED
			headers := values(m.RequestHeaders)
			todo = s.begin(headers)
			if duplex && !m.RequestHeaders.EndOfStream && todo != fail {
				continue
			}
			reply.Response = &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{Response: steer(m.RequestHeaders.EndOfStream)}}
			if todo == fail {
				reply.Response = immediate(400, "fail", nil)
			}
		case *extprocv3.ProcessingRequest_RequestBody:
			body = append(body, m.RequestBody.GetBody()...)
			if !m.RequestBody.EndOfStream {
				continue
			}
			if todo == vanish || todo == sink {
				if todo == sink {
					_ = stream.SendHeader(nil)
					time.Sleep(100 * time.Millisecond) // gRPC sends it when it likes
				}
				s.breakAll()
				return nil
			}
			if duplex {
				for _, r := range echo(body) {
					_ = stream.Send(r)
				}
				continue
			}
			reply.Response = &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: steer(true)}}
		case *extprocv3.ProcessingRequest_ResponseHeaders:
			switch todo {
			case hold:
				continue
			case die:
				return io.ErrUnexpectedEOF
			case mark:
				reply.Response = immediate(529, "retry", map[string]string{"x-heald-retry": "1", "x-heald-memory": "m1"})
			default:
				set := &extprocv3.HeaderMutation{SetHeaders: options(map[string]string{"x-heald-verdict": "pass", "x-heald-attempts": "n"})}
				reply.Response = &extprocv3.ProcessingResponse_ResponseHeaders{ResponseHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{HeaderMutation: set}}}
			}
		case *extprocv3.ProcessingRequest_ResponseBody:
			if todo != pass {
				continue
			}
			reply.Response = chunk(m.ResponseBody)
		default:
			continue
		}
		if err := stream.Send(reply); err != nil {
			return nil
		}
	}
}

// echo passes a request on that came in parts.
func echo(body []byte) []*extprocv3.ProcessingResponse {
	head := steer(true)
	head.HeaderMutation.SetHeaders = append(head.HeaderMutation.SetHeaders, options(map[string]string{"content-length": strconv.Itoa(len(body))})...)
	return []*extprocv3.ProcessingResponse{
		{Response: &extprocv3.ProcessingResponse_RequestHeaders{RequestHeaders: &extprocv3.HeadersResponse{Response: head}}},
		{Response: &extprocv3.ProcessingResponse_RequestBody{RequestBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
			BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
				StreamedResponse: &extprocv3.StreamedBodyResponse{Body: body, EndOfStream: true},
			}},
		}}}},
	}
}

// steer names the cluster once the whole request is there.
func steer(whole bool) *extprocv3.CommonResponse {
	if !whole {
		return &extprocv3.CommonResponse{HeaderMutation: &extprocv3.HeaderMutation{SetHeaders: options(map[string]string{"x-heald-received": "1"})}}
	}
	return &extprocv3.CommonResponse{
		HeaderMutation:  &extprocv3.HeaderMutation{SetHeaders: options(map[string]string{"x-heald-cluster": "fake", ":authority": "provider.example"})},
		ClearRouteCache: true,
	}
}

func immediate(status int, verdict string, more map[string]string) *extprocv3.ProcessingResponse_ImmediateResponse {
	headers := map[string]string{"x-heald-verdict": verdict, "x-heald-attempts": "n"}
	for k, v := range more {
		headers[k] = v
	}
	return &extprocv3.ProcessingResponse_ImmediateResponse{ImmediateResponse: &extprocv3.ImmediateResponse{
		Status: &typev3.HttpStatus{Code: typev3.StatusCode(status)}, Body: []byte("heald says " + verdict), Details: "heald_" + verdict,
		Headers: &extprocv3.HeaderMutation{SetHeaders: options(headers)},
	}}
}

func chunk(b *extprocv3.HttpBody) *extprocv3.ProcessingResponse_ResponseBody {
	return &extprocv3.ProcessingResponse_ResponseBody{ResponseBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
		BodyMutation: &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_StreamedResponse{
			StreamedResponse: &extprocv3.StreamedBodyResponse{Body: b.Body, EndOfStream: b.EndOfStream},
		}},
	}}}
}

func options(headers map[string]string) []*corev3.HeaderValueOption {
	var set []*corev3.HeaderValueOption
	for k, v := range headers {
		set = append(set, &corev3.HeaderValueOption{
			Header:       &corev3.HeaderValue{Key: k, RawValue: []byte(v)},
			AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
		})
	}
	return set
}

func values(h *extprocv3.HttpHeaders) map[string]string {
	headers := map[string]string{}
	for _, f := range h.GetHeaders().GetHeaders() {
		headers[strings.ToLower(f.GetKey())] = string(f.GetRawValue())
	}
	return headers
}
