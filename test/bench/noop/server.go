package noop

import (
	"context"
	"net"
	"strconv"

	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/heald-proxy/heald/policies"
)

const (
	// maxMessage is what heald's server takes by default: 32 MiB of body, and
	// 1 MiB beside it.
	maxMessage = 33 << 20
	// The windows of heald's server.
	streamWindow     = 1 << 20
	connectionWindow = 8 << 20
)

// server answers every message with what lets it pass unchanged.
type server struct {
	extprocv3.UnimplementedExternalProcessorServer
	cluster string
}

// Serve echoes what Envoys send to l until ctx ends; it closes l. Requests are
// steered to the cluster.
func Serve(ctx context.Context, l net.Listener, cluster string) error {
	g := grpc.NewServer(
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.InitialWindowSize(streamWindow),
		grpc.InitialConnWindowSize(connectionWindow),
	)
	extprocv3.RegisterExternalProcessorServer(g, &server{cluster: cluster})
	healthv1.RegisterHealthServer(g, health.NewServer())
	stop := context.AfterFunc(ctx, g.Stop)
	defer stop()
	return g.Serve(l)
}

// Process serves one stream: one request.
func (s *server) Process(stream extprocv3.ExternalProcessor_ProcessServer) error {
	var e echo
	var request parts
	for {
		m, err := stream.Recv()
		if err != nil {
			return nil // Envoy is done with the stream, or gone
		}
		if replies, mine := request.take(s, m); mine {
			for _, reply := range replies {
				if err := stream.Send(reply); err != nil {
					return nil
				}
			}
			continue
		}
		reply := s.reply(&e, m)
		if reply == nil {
			continue
		}
		if err := stream.Send(reply); err != nil {
			return nil
		}
	}
}

func (s *server) reply(e *echo, m *extprocv3.ProcessingRequest) *extprocv3.ProcessingResponse {
	switch r := m.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_ResponseBody:
		return e.chunk(r.ResponseBody)
	case *extprocv3.ProcessingRequest_RequestHeaders:
		return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestHeaders{
			RequestHeaders: &extprocv3.HeadersResponse{},
		}}
	case *extprocv3.ProcessingRequest_RequestBody:
		return s.forward(r.RequestBody.GetBody())
	case *extprocv3.ProcessingRequest_ResponseHeaders:
		return stamped()
	case *extprocv3.ProcessingRequest_RequestTrailers:
		return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestTrailers{
			RequestTrailers: &extprocv3.TrailersResponse{},
		}}
	case *extprocv3.ProcessingRequest_ResponseTrailers:
		return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseTrailers{
			ResponseTrailers: &extprocv3.TrailersResponse{},
		}}
	}
	return nil
}

// forward sends the request on, its body as it came.
func (s *server) forward(body []byte) *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_RequestBody{
		RequestBody: &extprocv3.BodyResponse{Response: &extprocv3.CommonResponse{
			HeaderMutation: &extprocv3.HeaderMutation{SetHeaders: []*corev3.HeaderValueOption{
				set(policies.HeaderCluster, s.cluster),
				set("content-length", strconv.Itoa(len(body))),
			}},
			BodyMutation:    &extprocv3.BodyMutation{Mutation: &extprocv3.BodyMutation_Body{Body: body}},
			ClearRouteCache: true,
		}},
	}}
}

// stamped releases the response headers.
func stamped() *extprocv3.ProcessingResponse {
	return &extprocv3.ProcessingResponse{Response: &extprocv3.ProcessingResponse_ResponseHeaders{
		ResponseHeaders: &extprocv3.HeadersResponse{Response: &extprocv3.CommonResponse{
			HeaderMutation: &extprocv3.HeaderMutation{SetHeaders: []*corev3.HeaderValueOption{
				set(policies.HeaderVerdict, policies.Pass.String()),
			}},
		}},
	}}
}

func set(name, value string) *corev3.HeaderValueOption {
	return &corev3.HeaderValueOption{
		Header:       &corev3.HeaderValue{Key: name, RawValue: []byte(value)},
		AppendAction: corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD,
	}
}
