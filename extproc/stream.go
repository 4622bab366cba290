package extproc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/heald-proxy/heald/policies"
)

// stream is one upstream try. gRPC's goroutine, the timer, the drain and the
// attempt's own goroutines share it.
type stream struct {
	server    *Server
	grpc      extprocv3.ExternalProcessor_ProcessServer
	transport transportStream // nil if gRPC's is of another type
	// asking ends the context of Receive or RequestBody; nil before one is called.
	asking atomic.Pointer[context.CancelFunc]

	said atomic.Bool // the last message was sent

	turn    turn // who has it may use the rest
	state   state
	greeted bool // the first message was checked
	// bodyNext: Envoy was told to continue, and sends the request's body next.
	// Only run's goroutine uses it.
	bodyNext bool
	duplex   bool // the request's body comes in parts
	oneHop   bool // see policies.OneHop
	request  *policies.Request
	body     collected        // the parts so far
	attempt  policies.Attempt // nil until Begin
	end      policies.End     // valid when done

	response response
	chunk    chunkReply

	timer  *time.Timer // nil until first wanted
	wakeAt time.Time   // zero: nobody wants to be woken
}

func newStream(s *Server, g extprocv3.ExternalProcessor_ProcessServer) *stream {
	t, _ := grpc.ServerTransportStreamFromContext(g.Context()).(transportStream)
	one, ok := s.policy.(policies.OneHop)
	return &stream{server: s, grpc: g, transport: t, turn: newTurn(), oneHop: ok && one.OneHop()}
}

// run receives until Envoy closes the stream. It continues after the attempt's
// end: Envoy closes the stream itself once it has read the last reply. The
// error is what broke the stream, nil if Envoy closed it.
func (s *stream) run() (err error) {
	// Policy code has its own guard; this one is for the code around it.
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p)
			s.inTurn(func() { s.finish(policies.EndPanic) })
			err = status.Error(codes.Internal, errPanic.Error())
		}
	}()
	in := received{around: &s.server.around}
	defer in.release()
	for {
		if err := s.next(&in); err != nil {
			s.inTurn(func() { s.leave(err) })
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		if in.message != nil {
			s.inTurn(func() { s.receive(in.message) })
			in.parts = s.duplex
		}
		in.release()
	}
}

func (s *stream) receive(m *extprocv3.ProcessingRequest) {
	if s.state == done {
		return
	}
	s.guard(func() error { return s.handle(m) })
}

// handle passes one message to the attempt and sends its answer.
func (s *stream) handle(m *extprocv3.ProcessingRequest) error {
	if !s.greeted {
		s.greeted = true
		// This comes first, so that a refusal is in the dialect of the path.
		if h := m.GetRequestHeaders(); h != nil {
			s.request = requestOf(s.grpc.Context(), h)
		}
		if err := checkMode(m); err != nil {
			return err
		}
		s.duplex = isDuplex(m)
	}
	switch r := m.GetRequest().(type) {
	case *extprocv3.ProcessingRequest_ResponseBody: // by far the most frequent
		return s.onResponseBody(r.ResponseBody)
	case *extprocv3.ProcessingRequest_RequestHeaders:
		return s.onRequestHeaders(r.RequestHeaders)
	case *extprocv3.ProcessingRequest_RequestBody:
		return s.onRequestBody(r.RequestBody)
	case *extprocv3.ProcessingRequest_RequestTrailers:
		return s.onRequestTrailers()
	case *extprocv3.ProcessingRequest_ResponseHeaders:
		return s.onResponseHeaders(r.ResponseHeaders, codeDetails(m))
	case *extprocv3.ProcessingRequest_ResponseTrailers:
		return s.onResponseTrailers()
	}
	// Messages of features that are still hidden have no request set.
	return nil
}

// guard runs policy code. An error or a panic ends the attempt with a refusal.
func (s *stream) guard(work func() error) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p)
			s.refuse(&policies.Fault{Verdict: policies.Retry, Reason: ReasonPanic, Err: errPanic}, policies.EndPanic)
		}
	}()
	err := work()
	if err == nil {
		return
	}
	if b, ok := errors.AsType[*breach](err); ok {
		s.server.metric.breaches.WithLabelValues(string(b.kind)).Inc()
		s.logBreach(b)
		s.refuse(b.fault(), b.end())
		return
	}
	s.giveUp()
}

// giveUp ends an attempt that Envoy or a shutdown has ended. Envoy asks another
// replica after a shutdown; where it cannot, the client is told to.
func (s *stream) giveUp() {
	how := s.endedByOthers()
	if how == policies.EndShutdown && s.oneHop && s.state != open {
		s.refuse(&policies.Fault{Verdict: policies.Retry, Reason: ReasonStreamShutdown, Err: errShutdown}, how)
		s.said.Store(true)
		return
	}
	s.finish(how)
}

// errShutdown is what a client is told whose request is given up.
var errShutdown = errors.New("the gateway is being restarted, please try again")

// endedByOthers is the end of a stream that Envoy or a shutdown has ended.
func (s *stream) endedByOthers() policies.End {
	if s.server.stopping.Load() {
		return policies.EndShutdown
	}
	return policies.EndCancelled
}

// logBreach logs what broke the stream: a body that is too long is its client's
// fault, everything else is a defect.
func (s *stream) logBreach(b *breach) {
	level, stack := zapcore.ErrorLevel, zap.Skip()
	switch b.kind {
	case tooLarge:
		level = zapcore.InfoLevel
	case undrawn, badAction:
		stack = zap.Stack("stack")
	}
	s.server.log.Log(level, "stream cannot go on", zap.String("kind", string(b.kind)), zap.Error(b.err), s.requestID(), stack)
}

// errPanic is what a client is told about a panic; the log has the details.
var errPanic = errors.New("internal error")

func (s *stream) panicked(p any) {
	s.server.metric.panics.Inc()
	s.server.log.Error("panic in a stream", zap.String("panic", fmt.Sprint(p)), zap.Stack("stack"), s.requestID())
}

func (s *stream) requestID() zap.Field {
	if s.request == nil {
		return zap.Skip()
	}
	return zap.String("request_id", s.request.Headers.Get(policies.HeaderRequestID))
}

// refuse ends a broken attempt. If the client already has bytes, Envoy cannot
// deliver the reply and cuts the response short, so the client sees that it is
// broken.
func (s *stream) refuse(f *policies.Fault, how policies.End) {
	if s.state == done {
		return
	}
	// A failed send changes nothing: the attempt is broken either way.
	_ = s.sendImmediate(s.refusal(f))
	s.finish(how)
}

// refusal asks the policy for the reply, and has its own as a last resort.
func (s *stream) refusal(f *policies.Fault) (r *policies.Reply) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p)
		}
		if r == nil {
			r = &policies.Reply{
				Status:  500,
				Headers: policies.Headers{{Name: "content-type", Value: "application/json"}},
				Body:    []byte(`{"error":{"type":"api_error","message":"gateway: internal error"}}`),
				Verdict: f.Verdict,
				Reason:  f.Reason,
			}
		}
	}()
	return s.server.policy.Refuse(s.request, f)
}

// finish ends the attempt once.
func (s *stream) finish(how policies.End) {
	if s.state == done {
		return
	}
	_ = s.move(ended) // drawn from every other state
	s.end = how
	s.body = collected{}
	if s.timer != nil {
		s.timer.Stop()
	}
	if s.attempt == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.panicked(p)
		}
	}()
	s.attempt.Close(how)
}

// leave ends the attempt because Envoy closed the stream: the client left, or
// the provider's connection broke. A message above the limit of the connection
// ends the stream too, and gRPC offers no way to answer it.
func (s *stream) leave(err error) {
	if status.Code(err) != codes.ResourceExhausted {
		s.finish(s.endedByOthers())
		return
	}
	s.server.metric.breaches.WithLabelValues(string(tooLarge)).Inc()
	s.server.log.Warn("message is too long: set Envoy's request_body_buffer_limit to max_body or less",
		zap.Int("max_body", s.server.cfg.MaxBody), zap.Error(err), s.requestID())
	s.finish(policies.EndTooLarge)
}
