package extproc_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	modev3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/ext_proc/v3"
	extprocv3 "github.com/envoyproxy/go-control-plane/envoy/service/ext_proc/v3"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// response plays up to a held response with one chunk, or as far as it gets.
func response(e *extproctest.Envoy) {
	upTo(e)
	e.SendResponseHeaders(200)
	e.SendChunk("1", false)
}

// panicCase is one place to panic, and the way there.
type panicCase struct {
	script *extproctest.Script
	play   func(*extproctest.Envoy)
	cut    bool
}

func panicCases() map[string]panicCase {
	return map[string]panicCase{
		"RequestHeaders": {
			script: &extproctest.Script{RequestHeaders: func(*policies.Request) *policies.Reply { panic("secret") }},
			play:   func(e *extproctest.Envoy) { e.SendHeaders("POST", "/v1/messages") },
		},
		"RequestBody": {
			script: &extproctest.Script{RequestBody: func(context.Context, []byte) (*policies.Forward, *policies.Reply) { panic("secret") }},
			play: func(e *extproctest.Envoy) {
				e.SendHeaders("POST", "/v1/messages")
				e.WantContinue()
				e.SendBody("{}")
			},
		},
		"ResponseHeaders": {
			script: &extproctest.Script{ResponseHeaders: func(*policies.Response) policies.Action { panic("secret") }},
			play: func(e *extproctest.Envoy) {
				upTo(e)
				e.SendResponseHeaders(200)
			},
		},
		"ResponseBody": {
			script: &extproctest.Script{ResponseBody: func([]byte, bool) policies.Action { panic("secret") }},
			play:   response,
		},
		"ResponseBody, client has bytes": {
			script: &extproctest.Script{ResponseBody: func(chunk []byte, _ bool) policies.Action {
				if string(chunk) == "2" {
					panic("secret")
				}
				return send(string(chunk))
			}},
			play: func(e *extproctest.Envoy) {
				response(e)
				e.WantPass(200)
				e.WantChunk("1", false)
				e.SendChunk("2", false)
			},
			cut: true,
		},
		"Wake": {
			script: &extproctest.Script{
				ResponseBody: func([]byte, bool) policies.Action { return holdAndWake(time.Second) },
				Wake:         func() policies.Action { panic("secret") },
			},
			play: response,
		},
		"Wake, client has bytes": {
			script: &extproctest.Script{
				ResponseBody: func(chunk []byte, _ bool) policies.Action {
					a := send(string(chunk))
					a.Wake = time.Second
					return a
				},
				Wake: func() policies.Action { panic("secret") },
			},
			play: func(e *extproctest.Envoy) {
				response(e)
				e.WantPass(200)
				e.WantChunk("1", false)
			},
			cut: true,
		},
	}
}

// A panic anywhere breaks its stream only: the client, or the outer router,
// gets a marked reply, or a cut response if bytes had gone out.
func TestPanic(t *testing.T) {
	for name, c := range panicCases() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := c.script, prometheus.NewRegistry()
				e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
				c.play(e)
				if c.cut {
					e.WantCut()
				} else {
					wantPanicReply(t, e)
				}
				s.WantClosed(t, policies.EndPanic)
				e.SendChunk("late", true)
				e.WantNothing()
				wantMetric(t, r, "heald_panics_total", "", 1)
			})
		})
	}
}

func wantPanicReply(t *testing.T, e *extproctest.Envoy) {
	t.Helper()
	r := e.WantImmediate(502, policies.HeaderVerdict, "retry", policies.HeaderRetry, "1")
	if string(r.Body) != "panic: internal error" || r.Details != "heald_panic" {
		t.Errorf("body %q, details %q: the panic's value is for the log only", r.Body, r.Details)
	}
}

// A panic in Close comes after the reply, and the stream still counts once.
func TestPanicInClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := refuseBody(), prometheus.NewRegistry()
		s.Close = func(policies.End) { panic("secret") }
		e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody("{}")
		wantMarked(t, e)
		s.WantClosed(t, policies.EndComplete)
		e.Cancel()
		wantMetric(t, r, "heald_panics_total", "", 1)
		wantMetric(t, r, "heald_streams_active", "", 0)
	})
}

// A panic in Close when Envoy hangs up meets no reply that could be in its way:
// it is logged and counted, and the stream counts as what it was.
func TestPanicInCloseOnHangUp(t *testing.T) {
	for name, upTo := range map[string]func(*extproctest.Envoy){
		"while asked": func(e *extproctest.Envoy) {
			e.SendHeaders("POST", "/v1/messages")
			e.WantContinue()
		},
		"while the provider thinks": upTo,
		"while held":                response,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := prometheus.NewRegistry()
				s := &extproctest.Script{
					ResponseBody: func([]byte, bool) policies.Action { return hold() },
					Close:        func(policies.End) { panic("secret") },
				}
				e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
				upTo(e)
				e.Cancel()
				s.WantClosed(t, policies.EndCancelled)
				wantMetric(t, r, "heald_panics_total", "", 1)
				wantMetric(t, r, "heald_streams_total", "canceled", 1)
				wantMetric(t, r, "heald_streams_active", "", 0)
			})
		})
	}
}

// A panic may well come with a second one in Close, on the timer's goroutine too.
func TestPanicInWakeAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prometheus.NewRegistry()
		s := &extproctest.Script{
			RequestBody: forwardWith(time.Second),
			Wake:        func() policies.Action { panic("secret") },
			Close:       func(policies.End) { panic("secret") },
		}
		e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
		upTo(e)
		wantPanicReply(t, e)
		s.WantClosed(t, policies.EndPanic)
		e.Cancel()
		wantMetric(t, r, "heald_panics_total", "", 2)
		wantMetric(t, r, "heald_streams_total", "panic", 1)
		wantMetric(t, r, "heald_streams_active", "", 0)
	})
}

// What was under way when the attempt ended is no breach of the protocol.
func TestLateMessagesAreNoBreach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, r := refuseBody(), prometheus.NewRegistry()
		e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
		e.SendHeaders("POST", "/v1/messages")
		e.WantContinue()
		e.SendBody("{}")
		wantMarked(t, e)
		e.SendResponseHeaders(200)
		e.SendChunk("late", true)
		e.WantNothing()
		wantMetric(t, r, "heald_protocol_errors_total", "undrawn", 0)
		s.WantClosed(t, policies.EndComplete)
	})
}

// The last resort has a last resort.
func TestRefuseFails(t *testing.T) {
	for name, refuse := range map[string]func(*policies.Request, *policies.Fault) *policies.Reply{
		"panic": func(*policies.Request, *policies.Fault) *policies.Reply { panic("again") },
		"nil":   func(*policies.Request, *policies.Fault) *policies.Reply { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			s := &extproctest.Script{
				RequestHeaders: func(*policies.Request) *policies.Reply { panic("first") },
				Refuse:         refuse,
			}
			play(t, s, func(t *testing.T, e *extproctest.Envoy) {
				e.SendHeaders("POST", "/v1/messages")
				e.WantImmediate(500, policies.HeaderVerdict, "retry", policies.HeaderRetry, "1", "content-type", "application/json")
				s.WantClosed(t, policies.EndPanic)
			})
		})
	}
}

// One stream's panic leaves its neighbor alone.
func TestPanicTouchesNothingElse(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func(chunk []byte, end bool) policies.Action {
		if string(chunk) == "bad" {
			panic("secret")
		}
		a := send(string(chunk))
		a.End = end
		return a
	}}
	play(t, s, func(t *testing.T, good *extproctest.Envoy) {
		response(good)
		good.WantPass(200)
		good.WantChunk("1", false)
		bad := good.Next()
		upTo(bad)
		bad.SendResponseHeaders(200)
		bad.SendChunk("bad", false)
		wantPanicReply(t, bad)
		good.SendChunk("2", true)
		good.WantChunk("2", true)
		s.WantClosed(t, policies.EndComplete, policies.EndPanic)
	})
}

// A filter with other body modes cannot work: it is told so at once, once.
func TestWrongMode(t *testing.T) {
	buffered, duplex := modev3.ProcessingMode_BUFFERED, modev3.ProcessingMode_FULL_DUPLEX_STREAMED
	for _, c := range []struct {
		name              string
		request, response modev3.ProcessingMode_BodySendMode
		want              string // "" if it is right
	}{
		{"right", buffered, duplex, ""},
		{"request none", modev3.ProcessingMode_NONE, duplex, "set processing_mode.request_body_mode: FULL_DUPLEX_STREAMED with request_trailer_mode: SEND, or BUFFERED"},
		{"request streamed", modev3.ProcessingMode_STREAMED, duplex, "set processing_mode.request_body_mode: FULL_DUPLEX_STREAMED with request_trailer_mode: SEND, or BUFFERED"},
		{"request partial", modev3.ProcessingMode_BUFFERED_PARTIAL, duplex, "set processing_mode.request_body_mode: FULL_DUPLEX_STREAMED with request_trailer_mode: SEND, or BUFFERED"},
		{"request duplex", duplex, duplex, ""},
		{"response none", buffered, modev3.ProcessingMode_NONE, "processing_mode.response_body_mode: FULL_DUPLEX_STREAMED"},
		{"response streamed", buffered, modev3.ProcessingMode_STREAMED, "processing_mode.response_body_mode: FULL_DUPLEX_STREAMED"},
		{"response buffered", buffered, buffered, "processing_mode.response_body_mode: FULL_DUPLEX_STREAMED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &extproctest.Script{}
			playWhole(t, s, func(t *testing.T, e *extproctest.Envoy) {
				e.Protocol.RequestBodyMode, e.Protocol.ResponseBodyMode = c.request, c.response
				e.SendHeaders("POST", "/v1/messages")
				if c.want == "" {
					e.WantContinue()
					return
				}
				r := e.WantImmediate(500, policies.HeaderVerdict, "fail", policies.HeaderRetry, extproctest.Absent)
				if !strings.Contains(string(r.Body), c.want) || r.Details != "heald_wrong_mode" {
					t.Errorf("body %q, details %q", r.Body, r.Details)
				}
				s.WantClosed(t) // no attempt was begun
			})
		})
	}
}

// An Envoy that does not tell its modes is believed.
func TestModeUntold(t *testing.T) {
	playWhole(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		e.Protocol = nil
		upTo(e)
	})
}

// Messages out of order break the stream with a marked reply.
func TestUndrawn(t *testing.T) {
	for name, out := range map[string]func(*extproctest.Envoy){
		"response first":       func(e *extproctest.Envoy) { e.SendResponseHeaders(200) },
		"body first":           func(e *extproctest.Envoy) { e.SendBody("{}") },
		"chunk before headers": func(e *extproctest.Envoy) { upTo(e); e.SendChunk("1", false) },
		"headers twice":        func(e *extproctest.Envoy) { upTo(e); e.SendHeaders("POST", "/") },
		"body twice":           func(e *extproctest.Envoy) { upTo(e); e.SendBody("{}") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, r := &extproctest.Script{}, prometheus.NewRegistry()
				e := extproctest.Dial(t, newServer(t, s, extproc.Config{}, r))
				out(e)
				e.WantImmediate(502, policies.HeaderVerdict, "retry", policies.HeaderRetry, "1")
				for _, ends := range s.Closed() {
					if len(ends) != 1 || ends[0] != policies.EndProtocol {
						t.Errorf("closed %v", ends)
					}
				}
				wantMetric(t, r, "heald_protocol_errors_total", "undrawn", 1)
			})
		})
	}
}

// Answers that cannot be carried out break the stream, not Envoy.
func TestBadAction(t *testing.T) {
	tooMuch := send(strings.Repeat("x", 65<<10))
	for name, s := range map[string]*extproctest.Script{
		"neither forward nor reply": {RequestBody: func(context.Context, []byte) (*policies.Forward, *policies.Reply) { return nil, nil }},
		"answer without reply":      {ResponseHeaders: func(*policies.Response) policies.Action { return answer(nil) }},
		"unknown step":              {ResponseHeaders: func(*policies.Response) policies.Action { return policies.Action{Step: 9} }},
		"too much before a chunk":   {ResponseHeaders: func(*policies.Response) policies.Action { return tooMuch }},
		"holds past the end":        {ResponseBody: func([]byte, bool) policies.Action { return hold() }},
		"passes before headers":     {RequestBody: forwardWith(time.Second), Wake: func() policies.Action { return send("x") }},
	} {
		t.Run(name, func(t *testing.T) {
			play(t, s, func(t *testing.T, e *extproctest.Envoy) {
				e.SendHeaders("POST", "/v1/messages")
				e.WantContinue()
				e.SendBody("{}")
				if s.RequestBody == nil {
					e.WantForward()
					e.SendResponseHeaders(200)
					e.SendChunk("1", true)
				} else if s.Wake != nil {
					e.WantForward()
				}
				e.WantImmediate(502, policies.HeaderVerdict, "retry", policies.HeaderRetry, "1")
				if f := s.Faults(); len(f) != 1 || f[0].Reason != extproc.ReasonProtocol {
					t.Errorf("faults %v", f)
				}
				s.WantClosed(t, policies.EndProtocol)
			})
		})
	}
}

// An answer after a pass can only cut.
func TestAnswerAfterPass(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func(chunk []byte, _ bool) policies.Action {
		if string(chunk) == "2" {
			return answer(overloaded())
		}
		return send(string(chunk))
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		response(e)
		e.WantPass(200)
		e.WantChunk("1", false)
		e.SendChunk("2", false)
		e.WantCut()
		s.WantClosed(t, policies.EndProtocol)
	})
}

// A filter that ignores replies would let everything through unhealed.
func TestObservabilityMode(t *testing.T) {
	play(t, &extproctest.Script{}, func(t *testing.T, e *extproctest.Envoy) {
		e.Send(&extprocv3.ProcessingRequest{ObservabilityMode: true})
		r := e.WantImmediate(500)
		if !strings.Contains(string(r.Body), "observability_mode") {
			t.Errorf("body %q", r.Body)
		}
	})
}

// wantMetric expects a value of one metric; label is a label's value, "" where
// there is none.
func wantMetric(t *testing.T, r *prometheus.Registry, name, label string, want float64) {
	t.Helper()
	synctest.Wait()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() != name || label != "" && m.GetLabel()[0].GetValue() != label {
				continue
			}
			if got := m.GetCounter().GetValue() + m.GetGauge().GetValue(); got != want {
				t.Errorf("%s %s is %v, want %v", name, label, got, want)
			}
			return
		}
	}
	t.Errorf("no metric %s %s", name, label)
}
