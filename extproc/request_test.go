package extproc_test

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

func refusedBody(context.Context, []byte) (*policies.Forward, *policies.Reply) {
	return nil, overloaded()
}

// Steering: cluster, path, authority, length and body leave in one reply.
func TestForward(t *testing.T) {
	told := 0
	s := &extproctest.Script{RequestBody: func(_ context.Context, body []byte) (*policies.Forward, *policies.Reply) {
		return &policies.Forward{
			Cluster: "b2", Path: "/v1beta/models/m:streamGenerateContent?alt=sse", Authority: "generativelanguage.googleapis.com",
			Set:    policies.Headers{{Name: "x-goog-api-key", Value: "secret"}, {Name: "content-length", Value: "1"}},
			Remove: []string{"authorization", "accept-encoding"},
			Body:   append([]byte("rewritten "), body...),
			Sent:   func() { told++ },
		}, nil
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		told = 0
		e.SendHeaders("POST", "/v1/messages", "authorization", "Bearer client", "accept-encoding", "gzip", "content-length", "2")
		e.WantContinue()
		e.SendBody("{}")
		f := e.WantForward(
			policies.HeaderCluster, "b2",
			":path", "/v1beta/models/m:streamGenerateContent?alt=sse",
			":authority", "generativelanguage.googleapis.com",
			"x-goog-api-key", "secret",
			"authorization", extproctest.Absent,
			"accept-encoding", extproctest.Absent,
			"content-length", "12")
		if string(f.Body) != "rewritten {}" {
			t.Errorf("body %q", f.Body)
		}
		e.Cancel()
		s.WantClosed(t, policies.EndCancelled)
		if told != 1 {
			t.Errorf("told %d times that the body was sent", told)
		}
	})
}

// Without an authority the route's stays.
func TestForwardKeepsAuthority(t *testing.T) {
	play(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody("{}")
		e.WantForward(":authority", "llm.example", ":path", "/v1/messages")
	})
}

// The attempt sees the head with lower-case names and the route's settings.
func TestRequestHead(t *testing.T) {
	s := &extproctest.Script{}
	synctest.Test(t, func(t *testing.T) {
		e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, nil),
			policies.HeaderSet, "peek.timeout=1s", policies.HeaderSet, "peek.timeout=2s",
			policies.HeaderPolicy, "strict", policies.HeaderBackends, "a1=ai_studio", policies.HeaderHop, "s3cret", "other", "x")
		e.SendHeaders("POST", "/v1/messages?beta=true", "X-Api-Key", "k", "x-api-key", "k2")
		e.WantContinue()
		want := &policies.Request{
			Method: "POST", Path: "/v1/messages?beta=true", Authority: "llm.example",
			Headers: policies.Headers{{Name: "x-api-key", Value: "k"}, {Name: "x-api-key", Value: "k2"}},
			Settings: policies.Headers{
				{Name: policies.HeaderPolicy, Value: "strict"}, {Name: policies.HeaderSet, Value: "peek.timeout=2s"},
				{Name: policies.HeaderBackends, Value: "a1=ai_studio"}, {Name: policies.HeaderHop, Value: "s3cret"},
			},
		}
		if s.Request().Notify == nil {
			t.Error("the attempt cannot have itself woken")
		}
		got := *s.Request()
		if got.Notify = nil; !reflect.DeepEqual(&got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// No body comes: the attempt is asked all the same, and answers the headers.
func TestNoRequestBody(t *testing.T) {
	s := &extproctest.Script{}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeadersOnly("GET", "/v1beta/models")
		if f := e.WantForward(policies.HeaderCluster, "a1", "content-length", extproctest.Absent); f.Body != nil {
			t.Errorf("body %q", f.Body)
		}
		want := []string{"request_headers GET /v1beta/models", "request_body 0"}
		if got := s.Calls(); !reflect.DeepEqual(got, want) {
			t.Errorf("calls %q, want %q", got, want)
		}
	})
}

// A body where the client sent none replaces the message.
func TestBodyAdded(t *testing.T) {
	s := &extproctest.Script{RequestBody: func(context.Context, []byte) (*policies.Forward, *policies.Reply) {
		return &policies.Forward{Cluster: "a1", Body: []byte("new")}, nil
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeadersOnly("POST", "/v1/messages")
		if f := e.WantForward(policies.HeaderCluster, "a1"); string(f.Body) != "new" {
			t.Errorf("body %q", f.Body)
		}
	})
}

// Bodies as long as the limit pass byte for byte; gRPC's default is 4 MiB.
func TestLongBody(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 30<<20/16)
	s := &extproctest.Script{}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody(body)
		if f := e.WantForward("content-length", "31457280"); string(f.Body) != body {
			t.Errorf("%d bytes arrived changed", len(f.Body))
		}
	})
}

// The policy refuses what is too long. What is longer than a message may be at
// all never gets there: gRPC ends the stream itself.
func TestBodyAboveLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &extproctest.Script{}
		e := extproctest.Dial(t, newServer(t, s, extproc.Config{MaxBody: 1000}, nil))
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody(strings.Repeat("x", 2<<20))
		e.WantEnd()
		s.WantClosed(t, policies.EndTooLarge)
	})
}

// Older Envoys repeat the end of bodies over 1 MB.
func TestRepeatedEnd(t *testing.T) {
	play(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendBody("")
		e.WantNothing()
		e.SendResponseHeaders(200)
		e.SendChunk("ok", true)
		e.WantPass(200)
		e.WantChunk("ok", true)
	})
}

func TestRequestTrailers(t *testing.T) {
	play(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.Send(&extprocv3.ProcessingRequest{Request: &extprocv3.ProcessingRequest_RequestTrailers{RequestTrailers: &extprocv3.HttpTrailers{}}})
		e.WantRequestTrailers()
	})
}

// Messages of hidden features have no request set, and may come first.
func TestUnsetMessage(t *testing.T) {
	play(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		e.Send(&extprocv3.ProcessingRequest{})
		e.WantNothing()
		upTo(e)
		e.Send(&extprocv3.ProcessingRequest{})
		e.WantNothing()
	})
}

// RequestBody may wait for a slot; the client's leaving ends the wait.
func TestCancelWhileWaiting(t *testing.T) {
	s := &extproctest.Script{RequestBody: func(ctx context.Context, _ []byte) (*policies.Forward, *policies.Reply) {
		<-ctx.Done()
		return nil, overloaded()
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody("{}")
		e.WantNothing()
		e.Cancel()
		e.WantEnd()
		s.WantClosed(t, policies.EndCancelled)
	})
}

// A wait of heald's own at the start of an attempt delays the request.
func TestBackOff(t *testing.T) {
	s := &extproctest.Script{RequestBody: func(ctx context.Context, body []byte) (*policies.Forward, *policies.Reply) {
		select {
		case <-time.After(2500 * time.Millisecond):
		case <-ctx.Done():
		}
		return &policies.Forward{Cluster: "a1", Body: body}, nil
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody("{}")
		before := time.Now()
		e.WantForward()
		if waited := time.Since(before); waited != 2500*time.Millisecond {
			t.Errorf("waited %s", waited)
		}
	})
}
