package clients

import (
	"context"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// breaks are the ways in which a stream can break off in the middle.
var breaks = []struct {
	fault
	// outcome is what heald's log says of the request.
	outcome string
}{
	{fault{name: "error event", gemini: begun, rest: fakegemini.ErrorEvent(503), begins: true}, "broken"},
	{fault{name: "end without a finish", gemini: begun, begins: true}, "broken"},
	// Envoy closes the connection in order, in the middle of the body.
	{fault{name: "reset", gemini: begun, rest: fakegemini.ResetMidStream(0).NoFinish(), begins: true}, "canceled"},
}

// survives has a stream break off in the middle of the task: the client must ask
// again by itself.
func (c client) survives(t *testing.T, s *stack.Stack, f fault, outcome string) {
	log := s.Replicas[0].Log
	before := len(log.Lines("request finished", "outcome", outcome))
	m := c.meets(t, s, s.URL, f)
	if !m.done {
		t.Errorf("%s ends its turn:\n%s", c.name, m.out)
	}
	// The client may be done before Envoy has told heald of the end of the first stream.
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := log.Wait(ctx, before+1, "request finished", "outcome", outcome); err != nil {
		t.Errorf("no stream was %s: %v", outcome, err)
	}
	if s.Fake().Pending() != 0 {
		t.Errorf("%d replies are left", s.Fake().Pending())
	}
}
