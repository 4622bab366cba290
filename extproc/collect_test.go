package extproc_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// However a body is cut and however it ends, the attempt gets it whole, and what
// it makes of it leaves at once: headers, body, trailers.
func TestParts(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 200<<10/16)
	for name, end := range map[string]func(e *extproctest.Envoy, last string){
		"with the last part": func(e *extproctest.Envoy, last string) { e.SendPart(last, true) },
		"apart":              func(e *extproctest.Envoy, last string) { e.SendPart(last, false); e.SendPart("", true) },
		"with trailers":      func(e *extproctest.Envoy, last string) { e.SendPart(last, false); e.SendRequestTrailers("x-sum", "1") },
	} {
		for _, size := range []int{0, 1, 1000, 64 << 10, 64<<10 + 1, len(body)} {
			for _, step := range []int{1000, 16 << 10, len(body)} {
				t.Run(fmt.Sprintf("%s/%d by %d", name, size, step), func(t *testing.T) {
					playParts(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
						e.SendHeaders("POST", "/v1/messages")
						rest := body[:size]
						for len(rest) > step {
							e.SendPart(rest[:step], false)
							rest = rest[step:]
						}
						e.WantNothing()
						end(e, rest)
						f := e.WantForward(policies.HeaderCluster, "a1", "content-length", strconv.Itoa(size))
						if string(f.Body) != body[:size] {
							t.Errorf("%d bytes arrived changed", len(f.Body))
						}
						if name == "with trailers" {
							e.WantRequestTrailers()
						}
						e.SendResponseHeaders(200)
						e.SendChunk("ok", true)
						e.WantPass(200)
						e.WantChunk("ok", true)
					})
				})
			}
		}
	}
}

// The trailers may come without any body before them.
func TestTrailersAlone(t *testing.T) {
	playParts(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.SendRequestTrailers("x-sum", "1")
		e.WantForward("content-length", extproctest.Absent)
		e.WantRequestTrailers()
	})
	added := &extproctest.Script{RequestBody: func(context.Context, []byte) (*policies.Forward, *policies.Reply) {
		return &policies.Forward{Cluster: "a1", Body: []byte("new")}, nil
	}}
	playParts(t, added, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.SendRequestTrailers("x-sum", "1")
		if f := e.WantForward(); string(f.Body) != "new" {
			t.Errorf("body %q", f.Body)
		}
	})
}

// The memory of the parts is gRPC's, the body the attempt's.
func TestPartsAreCopied(t *testing.T) {
	var kept []byte
	s := &extproctest.Script{RequestBody: func(_ context.Context, body []byte) (*policies.Forward, *policies.Reply) {
		kept = body
		return &policies.Forward{Cluster: "a1", Body: []byte("{}")}, nil
	}}
	playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
		body := strings.Repeat("x", 5000) // above what gRPC pools
		e.SendHeaders("POST", "/v1/messages")
		e.SendBody(body)
		e.WantForward()
		e.SendResponseHeaders(200)
		e.WantNothing()
		for range 20 {
			e.SendChunk(strings.Repeat("y", 5000), false)
		}
		e.Rest()
		if string(kept) != body {
			t.Error("the body was written over")
		}
	})
}

// What the attempt sends may be longer than one message should be.
func TestLongForwardInParts(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 40<<20/16)
	s := &extproctest.Script{RequestBody: func(context.Context, []byte) (*policies.Forward, *policies.Reply) {
		return &policies.Forward{Cluster: "a1", Body: []byte(long)}, nil
	}}
	playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.SendBody("{}")
		if f := e.WantForward("content-length", strconv.Itoa(len(long))); string(f.Body) != long {
			t.Errorf("%d bytes left changed", len(f.Body))
		}
	})
}

// A body that is too long is refused as soon as that is known, and only so much
// of it was kept.
func TestTooLongInParts(t *testing.T) {
	const most = 100 << 10
	for _, c := range []struct {
		name, declared string
		sent           int // bytes before it is refused
	}{
		{"declared", strconv.Itoa(most + 1), 0},
		{"declared without measure", strconv.Itoa(math.MaxInt), 0},
		{"not declared", "", most + 1},
		{"more than declared", "10", most + 1},
	} {
		for _, able := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/policy refuses %t", c.name, able), func(t *testing.T) {
				s := &extproctest.Script{}
				if able {
					s.Collect = func(_ context.Context, n, _ int) *policies.Reply {
						if n <= most {
							return nil
						}
						return overloaded()
					}
				}
				synctest.Test(t, func(t *testing.T) {
					e := extproctest.DialInParts(t, newServer(t, s, extproc.Config{MaxBody: most}, nil))
					headers := []string{}
					if c.declared != "" {
						headers = append(headers, "content-length", c.declared)
					}
					e.SendHeaders("POST", "/v1/messages", headers...)
					if c.sent > 0 {
						e.SendPart(strings.Repeat("x", most), false)
						e.WantNothing()
						e.SendPart("x", false)
					}
					if able {
						wantMarked(t, e)
						s.WantClosed(t, policies.EndComplete)
					} else {
						e.WantImmediate(413, policies.HeaderVerdict, "fail", policies.HeaderRetry, extproctest.Absent)
						s.WantClosed(t, policies.EndTooLarge)
					}
					e.SendPart("more that was under way", false)
					e.SendPart("", true)
					e.WantNothing()
				})
			})
		}
	}
}

// The attempt is asked before more is kept, in steps that double, or more where
// the length is known: seldom, and for no more than is declared or may come.
func TestCollectAsks(t *testing.T) {
	const kib = 1 << 10
	for _, c := range []struct {
		name     string
		declared int
		size     int
		want     []string
	}{
		{"short", 0, 64 * kib, nil},
		{"long", 0, 300 * kib, []string{"collect 131072", "collect 262144", "collect 524288"}},
		{"declared", 300 * kib, 300 * kib, []string{"collect 262144", "collect 307200"}},
		{"less than declared", 30 * mib, 100 * kib, []string{"collect 262144"}},
		{"more than declared", 70 * kib, 100 * kib, []string{"collect 131072"}},
		{"as long as can be", 0, 32 * mib, []string{"collect 131072", "collect 262144", "collect 524288", "collect 1048576", "collect 2097152",
			"collect 4194304", "collect 8388608", "collect 16777216", "collect 33554432", "receive 33554432"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &extproctest.Script{}
			playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
				var headers []string
				if c.declared > 0 {
					headers = []string{"content-length", strconv.Itoa(c.declared)}
				}
				e.SendHeaders("POST", "/v1/messages", headers...)
				e.SendBody(strings.Repeat("x", c.size))
				e.WantForward("content-length", strconv.Itoa(c.size))
				want := append(append([]string{"request_headers POST /v1/messages"}, c.want...), "request_body "+strconv.Itoa(c.size))
				if got := s.Calls(); !reflect.DeepEqual(got, want) {
					t.Errorf("calls %q, want %q", got, want)
				}
			})
		})
	}
}

// What has come, and what room is for, are told apart: only the former may be
// too long.
func TestCollectTellsNeed(t *testing.T) {
	var need, room int
	s := &extproctest.Script{Collect: func(_ context.Context, n, r int) *policies.Reply {
		need, room = n, r
		return nil
	}}
	playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.SendPart(strings.Repeat("x", 64<<10), false)
		e.SendPart("x", true)
		e.WantForward()
		if need != 64<<10+1 || room != 128<<10 {
			t.Errorf("need %d, room %d", need, room)
		}
		if !s.Request().InParts {
			t.Error("the attempt does not know that the body comes in parts")
		}
	})
}

// While the attempt waits for room, no more is kept; a client that leaves and a
// drain end the wait.
func TestCollectWaits(t *testing.T) {
	waits := func() *extproctest.Script {
		return &extproctest.Script{Collect: func(ctx context.Context, _, _ int) *policies.Reply {
			<-ctx.Done()
			return overloaded()
		}}
	}
	t.Run("client leaves", func(t *testing.T) {
		s := waits()
		playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
			e.SendHeaders("POST", "/v1/messages")
			e.SendPart(strings.Repeat("x", 100<<10), false)
			e.WantNothing()
			e.Cancel()
			e.WantEnd()
			s.WantClosed(t, policies.EndCancelled)
		})
	})
	t.Run("drain", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := waits()
			server := newServer(t, s, extproc.Config{}, nil)
			e := extproctest.DialInParts(t, server)
			e.SendHeaders("POST", "/v1/messages")
			e.SendPart(strings.Repeat("x", 100<<10), false)
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if err := server.Drain(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("drain: %v", err)
			}
			e.WantEnd()
			s.WantClosed(t, policies.EndShutdown)
		})
	})
	t.Run("panic", func(t *testing.T) {
		s := &extproctest.Script{Collect: func(context.Context, int, int) *policies.Reply { panic("secret") }}
		playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
			e.SendHeaders("POST", "/v1/messages")
			e.SendPart(strings.Repeat("x", 100<<10), false)
			wantPanicReply(t, e)
			s.WantClosed(t, policies.EndPanic)
		})
	})
}

// A reply of Envoy's own may come while the body is collected.
func TestLocalReplyWhileCollecting(t *testing.T) {
	s := &extproctest.Script{ResponseHeaders: func(r *policies.Response) policies.Action {
		if !r.Local() {
			t.Errorf("response %+v", r)
		}
		return answer(overloaded())
	}}
	playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
		e.SendHeaders("POST", "/v1/messages")
		e.SendPart("half of", false)
		e.SendLocalReply(408, "request_overall_timeout", false)
		wantMarked(t, e)
		s.WantClosed(t, policies.EndComplete)
	})
}

// A part after the provider has the request is out of order.
func TestPartTooLate(t *testing.T) {
	s := &extproctest.Script{}
	playParts(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendPart("more", false)
		e.WantImmediate(502)
		s.WantClosed(t, policies.EndProtocol)
	})
}

// Envoy knows that a replica has the request before the body can do harm: it
// has the stream's initial metadata.
func TestAcknowledged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		acknowledged := make(chan struct{})
		s := &extproctest.Script{RequestBody: func(_ context.Context, body []byte) (*policies.Forward, *policies.Reply) {
			<-acknowledged
			return &policies.Forward{Cluster: "a1", Body: body}, nil
		}}
		e := extproctest.DialInParts(t, newServer(t, s, extproc.Config{}, nil))
		stream, err := extprocv3.NewExternalProcessorClient(e.Conn()).Process(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		head := frozenRequest()[0]
		head.ProtocolConfig = e.Protocol
		_ = stream.Send(head)
		_ = stream.Send(frozenRequest()[1])
		if _, err := stream.Header(); err != nil { // waits for it
			t.Fatal(err)
		}
		close(acknowledged)
		for range 2 {
			if _, err := stream.Recv(); err != nil {
				t.Error(err)
			}
		}
	})
}
