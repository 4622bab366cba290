package extproc_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// An attempt may go on with a response that the provider has ended, and has
// itself woken when it has something to say.
func TestMore(t *testing.T) {
	for name, ends := range map[string]func(*extproctest.Envoy){
		"with a chunk":  func(e *extproctest.Envoy) { e.SendChunk("2", true) },
		"with trailers": func(e *extproctest.Envoy) { e.SendChunk("2", false); e.SendTrailers("grpc-status", "0") },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			rest := []string{"3", "", "4"}
			s := &extproctest.Script{
				ResponseBody: func(chunk []byte, _ bool) policies.Action {
					a := send(string(chunk))
					a.More = true
					return a
				},
				Wake: func() policies.Action {
					mu.Lock()
					defer mu.Unlock()
					next := rest[0]
					rest = rest[1:]
					if next == "" {
						return policies.Action{More: true}
					}
					a := send(next)
					a.More, a.End = true, len(rest) == 0
					return a
				},
			}
			playWhole(t, s, func(t *testing.T, e *extproctest.Envoy) {
				upTo(e)
				e.SendResponseHeaders(200)
				e.SendChunk("1", false)
				e.WantPass(200)
				e.WantChunk("1", false)
				ends(e)
				e.WantChunk("2", false)
				time.Sleep(time.Hour) // nobody ends it
				e.WantNothing()
				notify := s.Request().Notify
				go notify()
				e.WantChunk("3", false)
				go notify()
				e.WantNothing()
				go notify()
				if name == "with trailers" {
					e.WantChunk("4", false)
					e.WantTrailers()
				} else {
					e.WantChunk("4", true)
				}
				s.WantClosed(t, policies.EndComplete)
				notify() // after the end it does nothing
				synctest.Wait()
			})
		})
	}
}

// A client that leaves ends a response that is going on.
func TestMoreIsCanceled(t *testing.T) {
	s := &extproctest.Script{ResponseBody: func(chunk []byte, _ bool) policies.Action {
		a := send(string(chunk))
		a.More = true
		return a
	}}
	play(t, s, func(t *testing.T, e *extproctest.Envoy) {
		upTo(e)
		e.SendResponseHeaders(200)
		e.SendChunk("1", true)
		e.WantPass(200)
		e.WantChunk("1", false)
		e.Cancel()
		s.WantClosed(t, policies.EndCancelled)
		s.Request().Notify()
	})
}
