package extproc_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/extproc"
	"github.com/heald-proxy/heald/extproc/extproctest"
	"github.com/heald-proxy/heald/policies"
)

// alone is a policy of requests that nobody repeats.
type alone struct{ policies.Policy }

func (alone) OneHop() bool { return true }

// With one hop no other replica takes what a drain gives up, so its client gets an
// error: while the request comes, waits, is with the provider, or is held.
func TestOneHopDrain(t *testing.T) {
	for _, until := range []string{"headers", "waiting", "sent", "held"} {
		t.Run(until, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &extproctest.Script{}
				if until == "waiting" {
					s.RequestBody = waits
				}
				server, err := extproc.New(extproc.Config{}, extproc.Deps{Policy: alone{s.Policy()}})
				if err != nil {
					t.Fatal(err)
				}
				e := extproctest.Dial(t, server)
				e.OneHop = true
				e.SendHeaders("POST", "/v1/messages")
				e.WantContinue()
				if until != "headers" {
					e.SendBody("{}")
				}
				if until == "sent" || until == "held" {
					e.WantForward()
				}
				if until == "held" {
					e.SendResponseHeaders(200)
				}
				ended := make(chan error, 1)
				go func() { // ends with the drain's time
					ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
					defer cancel()
					ended <- server.Drain(ctx)
				}()
				e.WantImmediate(502)
				s.WantClosed(t, policies.EndShutdown)
				e.WantEnd()
				if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("drain: %v", err)
				}
			})
		})
	}
}
