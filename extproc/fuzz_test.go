package extproc_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// dice turns fuzz input into choices; past its end it always says 0.
type dice struct{ in []byte }

func (d *dice) roll(sides int) int {
	if len(d.in) == 0 {
		return 0
	}
	n := int(d.in[0]) % sides
	d.in = d.in[1:]
	return n
}

// action is any answer to a part of the response, sensible or not.
func (d *dice) action() policies.Action {
	a := policies.Action{Wake: []time.Duration{0, time.Second, policies.Never, time.Minute}[d.roll(4)]}
	switch d.roll(8) {
	case 0, 1:
		return a
	case 2, 3, 4, 5:
		a.Step, a.Head, a.End = policies.Send, &policies.Head{Status: 200}, d.roll(8) == 7
		a.Body = []byte(strings.Repeat("x", []int{0, 1, 100, 70_000}[d.roll(4)]))
		return a
	case 6:
		a.Step, a.Reply = policies.Answer, overloaded()
		return a
	}
	if d.roll(2) == 0 {
		return policies.Action{Step: policies.Answer}
	}
	panic("rolled")
}

// script is a policy that does anything. Policy and Envoy roll their own dice:
// what one does must not depend on when the other does it.
func (d *dice) script() *extproctest.Script {
	return &extproctest.Script{
		RequestHeaders: func(*policies.Request) *policies.Reply {
			if d.roll(8) == 7 {
				return overloaded()
			}
			return nil
		},
		RequestBody: func(context.Context, []byte) (*policies.Forward, *policies.Reply) {
			switch d.roll(16) {
			case 14:
				return nil, overloaded()
			case 15:
				panic("rolled")
			}
			return &policies.Forward{Cluster: "a1", Body: []byte("new"), Wake: time.Duration(d.roll(3)) * time.Second}, nil
		},
		ResponseHeaders: func(*policies.Response) policies.Action { return d.action() },
		ResponseBody:    func([]byte, bool) policies.Action { return d.action() },
		Wake:            func() policies.Action { return d.action() },
	}
}

// say sends one message, any; false ends the trace.
func (d *dice) say(e *extproctest.Envoy) bool {
	switch d.roll(14) {
	case 0:
		e.SendHeaders("POST", "/v1/messages")
	case 1:
		e.SendBody("{}")
	case 2:
		e.SendResponseHeaders(200)
	case 3:
		e.SendResponseHeadersOnly(429)
	case 4, 5:
		e.SendChunk("chunk", false)
	case 6:
		e.SendChunk("", true)
	case 7:
		e.SendTrailers("a", "b")
	case 8:
		e.Send(&extprocv3.ProcessingRequest{})
	case 9:
		time.Sleep(2 * time.Second)
	case 10:
		e.SendLocalReply(413, "request_payload_too_large", false)
	case 11:
		e.Cancel()
		return false
	case 12:
		e.SendPart("part", false)
	case 13:
		e.SendRequestTrailers()
	}
	return true
}

// Whatever comes in whatever order, and whatever the attempt answers: every
// reply is one that Envoy accepts, and every attempt is closed exactly once.
func FuzzStream(f *testing.F) {
	f.Add([]byte{0, 1, 2, 4, 4, 6}, []byte{0, 0, 0, 0, 2, 0, 0, 3, 2, 0, 0, 1})
	f.Add([]byte{0, 1, 2, 9, 4, 6}, []byte{0, 0, 1, 1, 2, 0, 1, 1, 2, 0, 1})
	f.Add([]byte{0, 1, 3}, []byte{0, 0, 0, 0, 6})
	f.Add([]byte{0, 1, 2, 4, 7}, []byte{0, 0, 0, 0, 2, 0, 3, 3, 2, 0, 3})
	f.Add([]byte{0, 10, 6, 11}, []byte{0, 0, 0, 0, 0, 7, 1})
	f.Fuzz(func(t *testing.T, envoy, policy []byte) {
		if len(envoy) > 32 {
			return
		}
		for _, dial := range []func(testing.TB, *extproc.Server, ...string) *extproctest.Envoy{extproctest.Dial, extproctest.DialInParts} {
			synctest.Test(t, func(t *testing.T) {
				s := (&dice{policy}).script()
				e := dial(t, newServer(t, s, extproc.Config{}, nil))
				says := &dice{envoy}
				for len(says.in) > 0 && says.say(e) {
				}
				e.Rest() // fails the test if a reply was not legal
				e.Cancel()
				for i, ends := range s.Closed() {
					if len(ends) != 1 {
						t.Errorf("attempt %d was closed %d times", i+1, len(ends))
					}
				}
				if err := s.Contract(); err != nil {
					t.Error(err)
				}
			})
		}
	})
}
