package extproc

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/heald-proxy/heald/policies"
)

// Deps are what the server uses but does not own.
type Deps struct {
	Policy     policies.Policy
	Logger     *zap.Logger           // nil logs nothing
	Registerer prometheus.Registerer // nil registers no metrics
	// TLS secures connections that come by TCP; nil for plain text. Those of
	// Unix sockets are always plain text.
	TLS *tls.Config
}

// Server is Envoy's external processor, with the gRPC health service beside
// it. Build with New, run with Serve, end with Drain.
type Server struct {
	extprocv3.UnimplementedExternalProcessorServer

	cfg    Config
	policy policies.Policy
	log    *zap.Logger
	metric *metrics
	grpc   *grpc.Server
	health *health.Server
	conns  connections
	around surroundings // of the messages of all streams

	// stopping says that streams end because the process has to stop.
	stopping atomic.Bool

	mu      sync.Mutex
	streams map[*stream]struct{} // the running ones
}

// New returns a server that is ready to serve.
func New(cfg Config, deps Deps) (*Server, error) {
	if deps.Policy == nil {
		return nil, errors.New("extproc: no policy given")
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m, err := newMetrics(deps.Registerer)
	if err != nil {
		return nil, fmt.Errorf("extproc: register metrics: %w", err)
	}
	s := &Server{
		cfg:    cfg.withDefaults(),
		policy: deps.Policy,
		log:    orDefault(deps.Logger, zap.NewNop()),
		metric: m,
		health: health.NewServer(),

		streams: map[*stream]struct{}{},
	}
	options := s.options()
	if deps.TLS != nil {
		options = append(options, grpc.Creds(newTransport(deps.TLS, s.log)))
	}
	s.grpc = grpc.NewServer(options...)
	extprocv3.RegisterExternalProcessorServer(s.grpc, s)
	healthv1.RegisterHealthServer(s.grpc, s.health)
	s.health.SetServingStatus(extprocv3.ExternalProcessor_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_SERVING)
	return s, nil
}

func (s *Server) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(newCodec()),
		// A BUFFERED request body arrives as one message. Parts are short.
		grpc.MaxRecvMsgSize(s.cfg.MaxBody + MessageSlack),
		grpc.MaxConcurrentStreams(s.cfg.MaxStreams),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             s.cfg.KeepaliveMinTime,
			PermitWithoutStream: true,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: s.cfg.KeepaliveTime, Timeout: s.cfg.KeepaliveTimeout}),
		grpc.InitialWindowSize(s.cfg.StreamWindow),
		grpc.InitialConnWindowSize(s.cfg.ConnectionWindow),
		// Stop returns when the last stream's attempt is closed.
		grpc.WaitForHandlers(true),
	}
}

// Serve accepts connections until Drain has finished or ctx ends; the latter
// breaks running streams off. It closes the listeners.
func (s *Server) Serve(ctx context.Context, listeners ...net.Listener) error {
	if len(listeners) == 0 {
		return errors.New("extproc: no listener given")
	}
	stop := context.AfterFunc(ctx, s.breakOff)
	defer stop()
	var g errgroup.Group
	for _, l := range listeners {
		s.log.Info("serving ext_proc", zap.String("network", l.Addr().Network()), zap.String("address", l.Addr().String()))
		g.Go(func() error {
			err := s.grpc.Serve(s.conns.of(l))
			if err != nil && !errors.Is(err, grpc.ErrServerStopped) {
				// If one listener fails, the server must not go on with the others.
				s.breakOff()
				return fmt.Errorf("extproc: serve %s: %w", l.Addr(), err)
			}
			return nil
		})
	}
	return g.Wait()
}

// lastWord is how long the ends of streams may take to reach Envoy.
const lastWord = 500 * time.Millisecond

// CutOff ends all running streams: passed responses with an error event, where
// their attempts have one. Envoy retries the others at another replica. All
// connections are closed within half a second, and new ones are refused.
func (s *Server) CutOff() {
	s.stopping.Store(true)
	// This comes first, so that nothing that a stream waits for can delay it.
	last := time.AfterFunc(lastWord, s.breakOff)
	s.mu.Lock()
	running := slices.Collect(maps.Keys(s.streams))
	s.mu.Unlock()
	var words sync.WaitGroup
	for _, st := range running {
		words.Go(st.cutOff) // may block while Envoy does not read; ends with breakOff
	}
	words.Wait()
	if !slices.ContainsFunc(running, (*stream).spoke) && last.Stop() {
		s.breakOff()
	}
}

// breakOff closes all connections at once, and with them their streams. gRPC
// does not list a connection whose peer has sent nothing yet.
func (s *Server) breakOff() {
	s.stopping.Store(true)
	s.conns.closeAll()
	s.grpc.Stop()
}

// Drain announces NOT_SERVING, keeps serving for the configured grace, so that
// Envoy's health check can notice, and then lets running streams finish. When
// ctx ends first they are ended, within half a second, and ctx's error is
// returned.
func (s *Server) Drain(ctx context.Context) error {
	s.health.Shutdown()
	s.log.Info("draining", zap.Int64("grace_ms", s.cfg.DrainGrace.Milliseconds()))
	// Stop makes a waiting GracefulStop return, so the goroutine behind it
	// ends with this function.
	stop := context.AfterFunc(ctx, s.CutOff)
	defer stop()

	grace := time.NewTimer(s.cfg.DrainGrace)
	defer grace.Stop()
	select {
	case <-grace.C:
	case <-ctx.Done():
	}
	s.grpc.GracefulStop()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("extproc: drain: running streams were broken off: %w", err)
	}
	return nil
}

// Process serves one stream: one upstream try of one request.
func (s *Server) Process(g extprocv3.ExternalProcessor_ProcessServer) error {
	s.metric.active.Inc()
	defer s.metric.active.Dec()
	st := newStream(s, g)
	s.mu.Lock()
	s.streams[st] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, st)
	}()
	defer func() { s.metric.streams.WithLabelValues(st.end.String()).Inc() }()
	return st.run()
}
