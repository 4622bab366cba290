package extproc_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
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

const mib = 1 << 20

// long sends a body that is longer than the window.
func long(e *extproctest.Envoy) {
	e.SendHeaders("POST", "/v1/messages")
	e.WantContinue()
	e.SendBody(strings.Repeat("x", 2*mib))
}

// counted counts the bytes that a server reads.
type counted struct {
	net.Listener
	read atomic.Int64
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	return &countedConn{conn, c}, err
}

type countedConn struct {
	net.Conn
	all *counted
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.all.read.Add(int64(n))
	return n, err
}

// Bodies that come at the same time do not stand in memory beside each other:
// until the attempt has room for one, no more than the window is received.
func TestManyBodiesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const streams, size, window = 20, 8 * mib, mib
		room := make(chan struct{})
		s := &extproctest.Script{Receive: func(context.Context, int) *policies.Reply { <-room; return nil }}
		server := newServer(t, s, extproc.Config{}, nil)
		l := &counted{Listener: bufconn.Listen(mib)}
		served := make(chan error, 1)
		go func() { served <- server.Serve(t.Context(), l) }()
		conn, err := grpc.NewClient("passthrough:///heald",
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
				return l.Listener.(*bufconn.Listener).DialContext(ctx)
			}),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64*mib)),
			grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			t.Fatal(err)
		}
		body := bytes.Repeat([]byte("x"), size)
		var forwarded atomic.Int64
		for range streams {
			go sendBody(t, conn, body, &forwarded)
		}
		synctest.Wait()
		if n, most := l.read.Load(), int64(streams*(window+window/16)); n > most {
			t.Errorf("%d MiB were received before there was room, want at most the windows: %d MiB", n/mib, most/mib)
		}
		if n := forwarded.Load(); n != 0 {
			t.Errorf("%d bodies passed without room", n)
		}
		close(room)
		synctest.Wait()
		if n := forwarded.Load(); n != streams {
			t.Errorf("%d bodies of %d were received", n, streams)
		}
		_ = conn.Close()
		if err := server.Drain(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// sendBody plays a request up to what is forwarded.
func sendBody(t *testing.T, conn *grpc.ClientConn, body []byte, forwarded *atomic.Int64) {
	stream, err := extprocv3.NewExternalProcessorClient(conn).Process(t.Context())
	if err != nil {
		t.Error(err)
		return
	}
	_ = stream.Send(frozenRequest()[0])
	if _, err := stream.Recv(); err != nil {
		t.Error(err)
	}
	_ = stream.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestBody{
		RequestBody: &extprocv3.HttpBody{Body: body, EndOfStream: true},
	}})
	r, err := stream.Recv()
	switch {
	case err != nil:
		t.Error(err)
	case !bytes.Equal(r.GetRequestBody().GetResponse().GetBodyMutation().GetBody(), body):
		t.Error("another body came out")
	default:
		forwarded.Add(1)
	}
}

// A body for which there is no room is answered without being received; the
// connection and the ones after it are not harmed.
func TestBodyWithoutRoom(t *testing.T) {
	full := true
	s := &extproctest.Script{Receive: func(context.Context, int) *policies.Reply {
		if full {
			return overloaded()
		}
		return nil
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		full = true
		long(e)
		wantMarked(t, e)
		s.WantClosed(t, policies.EndComplete)
		e.WantNothing()
		small := e.Next() // has arrived already: to ask would save nothing
		upTo(small)
		full = false
		next := e.Next()
		long(next)
		next.WantForward(policies.HeaderCluster, "a1")
		for _, c := range s.Calls() {
			if strings.HasPrefix(c, "request_body") && c != "request_body 2" && c != "request_body 2097152" {
				t.Errorf("call %q", c)
			}
		}
		if got := strings.Count(strings.Join(s.Calls(), ","), "request_body"); got != 2 {
			t.Errorf("%d bodies were handed on, want 2: %q", got, s.Calls())
		}
	})
}

// Whatever happens while it is asked happens as elsewhere.
func TestReceivePanics(t *testing.T) {
	s := &extproctest.Script{Receive: func(context.Context, int) *policies.Reply { panic("secret") }}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		long(e)
		wantPanicReply(t, e)
		s.WantClosed(t, policies.EndPanic)
	})
}

// A body above the limit of messages ends the stream before it is asked for.
func TestTooLongToReceive(t *testing.T) {
	s := &extproctest.Script{}
	playWhole(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody(strings.Repeat("x", 34*mib))
		e.WantEnd()
		s.WantClosed(t, policies.EndTooLarge)
		if got := strings.Join(s.Calls(), ","); strings.Contains(got, "receive") {
			t.Errorf("calls %s", got)
		}
	})
}

// A body that waits for room does not put off the end of a drain.
func TestDrainWhileBodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &extproctest.Script{Receive: func(ctx context.Context, _ int) *policies.Reply {
			<-ctx.Done()
			return overloaded()
		}}
		server := newServer(t, s, extproc.Config{}, nil)
		e := extproctest.Dial(t, server)
		long(e)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("drain: %v", err)
		}
		if took := time.Since(began); took > 2500*time.Millisecond {
			t.Errorf("took %s", took)
		}
		e.WantEnd()
		s.WantClosed(t, policies.EndShutdown)
	})
}
