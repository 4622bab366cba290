package extproc_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// waits is a RequestBody that waits for its turn, as a retry does that is not due.
func waits(ctx context.Context, _ []byte) (*policies.Forward, *policies.Reply) {
	<-ctx.Done()
	return nil, &policies.Reply{Status: 503, Verdict: policies.Fail, Reason: "canceled"}
}

// flood answers every chunk with more than any window takes, and has a last word.
func flood(begun chan<- struct{}) *extproctest.Script {
	return &extproctest.Script{
		ResponseBody: func([]byte, bool) policies.Action {
			close(begun)
			return send(string(bytes.Repeat([]byte("x"), 64<<20)))
		},
		EndNow: func() policies.Action { return policies.Action{Step: policies.Send, End: true} },
	}
}

// freeze opens a stream on conn and plays a response that nobody reads, until
// the server cannot send more.
func freeze(t *testing.T, conn *grpc.ClientConn, begun <-chan struct{}) {
	t.Helper()
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range frozenRequest() {
		if err := stream.Send(m); err != nil {
			t.Fatal(err)
		}
	}
	<-begun
}

func frozenRequest() []*extprocv3.ProcessingRequest {
	return []*extprocv3.ProcessingRequest{
		{Request: &extprocv3.ProcessingRequest_RequestHeaders{RequestHeaders: &extprocv3.HttpHeaders{}}},
		{Request: &extprocv3.ProcessingRequest_RequestBody{RequestBody: &extprocv3.HttpBody{Body: []byte("{}"), EndOfStream: true}}},
		{Request: &extprocv3.ProcessingRequest_ResponseHeaders{ResponseHeaders: &extprocv3.HttpHeaders{}}},
		{Request: &extprocv3.ProcessingRequest_ResponseBody{ResponseBody: &extprocv3.HttpBody{Body: []byte("1")}}},
	}
}

// An attempt that waits is given up when the drain's time is up, without a
// reply: another replica takes the request.
func TestDrainCutOffWhileAsking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, gaveUp := time.Now(), time.Duration(0)
		s := &extproctest.Script{RequestBody: func(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
			defer func() { gaveUp = time.Since(began) }()
			return waits(ctx, body)
		}}
		server := newServer(t, s, extproc.Config{}, nil)
		e := extproctest.Dial(t, server)
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody("{}")
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain: %v", err)
		}
		// Not by the hard stop, half a second later.
		if gaveUp != 2*time.Second {
			t.Errorf("the attempt gave up after %s", gaveUp)
		}
		if took := time.Since(began); took > 2500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		s.WantClosed(t, policies.EndShutdown)
		e.WantEnd()
	})
}

// Nothing that a peer does or leaves undone puts the end of a drain off: not
// a stream that waits, nor a peer that has stopped reading, nor one that has
// connected and says nothing. Who reads gets the last word anyway.
func TestDrainEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan struct{})
		frozen := flood(begun)
		frozen.RequestBody = func(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
			if len(body) > 2 {
				return waits(ctx, body)
			}
			return &policies.Forward{Cluster: "a1", Body: body}, nil
		}
		flooding := frozen.ResponseBody
		frozen.ResponseBody = func(chunk []byte, end bool) policies.Action {
			if string(chunk) == "read" {
				return send("hello")
			}
			return flooding(chunk, end)
		}
		server := newServer(t, frozen, extproc.Config{}, nil)
		reading := extproctest.Dial(t, server)
		upTo(reading)
		reading.SendResponseHeaders(200)
		reading.SendChunk("read", false)
		reading.WantPass(200)
		reading.WantChunk("hello", false)
		waiting := reading.Next()
		waiting.SendHeaders("POST", "/v1/messages")
		waiting.WantContinue()
		waiting.SendBody(`{"wait": true}`)

		l := bufconn.Listen(1 << 20)
		served := make(chan error, 1)
		go func() { served <- server.Serve(t.Context(), l) }()
		silent, err := l.DialContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := grpc.NewClient("passthrough:///heald",
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		freeze(t, conn, begun)
		synctest.Wait() // the server's window is full

		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(began); took != 2500*time.Millisecond {
			t.Errorf("took %s, want the 2s of the drain and half a second for last words", took)
		}
		reading.WantChunk("", true)
		waiting.WantEnd()
		frozen.WantClosed(t, policies.EndComplete, policies.EndShutdown, policies.EndShutdown)
		_, _ = silent.Close(), conn.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// A timer whose stream has no turn for it does not pile up goroutines, and its
// wish is kept once the turn is free.
func TestWakeDuringAnotherTurn(t *testing.T) {
	release := make(chan struct{})
	s := &extproctest.Script{
		RequestBody: forwardWith(time.Second),
		ResponseHeaders: func(*policies.Response) policies.Action {
			<-release
			return hold()
		},
		Wake: func() policies.Action { return answer(overloaded()) },
	}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		release = make(chan struct{}) // of this bubble
		upTo(e)
		e.SendResponseHeaders(200)
		time.Sleep(time.Minute)
		e.WantNothing()
		close(release)
		wantMarked(t, e)
		s.WantClosed(t, policies.EndComplete)
	})
}
