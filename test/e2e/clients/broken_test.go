package clients

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// breaks are the ways in which a stream can break off in the middle. What comes
// stands behind the beginning of an answer.
var breaks = []struct {
	name string
	rest fakegemini.Reply
	// outcome is what heald's log says of the request.
	outcome string
	// ends are clients that end the turn there.
	ends []string
}{
	{"error event", fakegemini.ErrorEvent(503), "broken", nil},
	{"end without a finish", fakegemini.Reply{}, "broken", nil},
	// Envoy closes the connection in order, in the middle of the body.
	// gemini-cli asks again after a reset, but not after that.
	{"reset", fakegemini.ResetMidStream(0).NoFinish(), "canceled", []string{geminiCLI.name}},
}

// TestBrokenStream has the stream of a turn break off after its beginning: the
// client must ask again by itself.
func TestBrokenStream(t *testing.T) {
	for _, c := range clients {
		t.Run(c.name, func(t *testing.T) {
			s := stack.Start(t, stack.Options{Fake: fakegemini.Options{Tolerate: c.own}})
			for _, b := range breaks {
				if slices.Contains(b.ends, c.name) {
					continue
				}
				t.Run(b.name, func(t *testing.T) { c.survives(t, s, b.rest, b.outcome) })
			}
		})
	}
}

// survives runs a turn whose first stream begins and then goes on with rest.
func (c client) survives(t *testing.T, s *stack.Stack, rest fakegemini.Reply, outcome string) {
	s.Fake().Reset()
	s.Reload() // accounts that cool down
	begun := make(chan struct{})
	s.Fake().EnqueueForPath(model+":",
		fakegemini.EndWithoutFinish("It begins ").Then(fakegemini.Gate(begun)).Then(rest),
		fakegemini.Text("The turn ", "is whole."))
	const passed = "heald_first_content_seconds_count"
	before := s.Replicas[0].Metric(passed)
	over := make(chan struct{})
	defer close(over)
	go func() { // ends with the turn
		for {
			select {
			case <-over:
				return
			case <-time.After(20 * time.Millisecond):
			}
			// Once all that was asked for has begun, the answer has, and
			// heald cannot try again by itself.
			asked := s.Fake().Requests()
			ours := func(r fakegemini.Request) bool { return r.Model == model }
			if slices.ContainsFunc(asked, ours) && s.Replicas[0].Metric(passed)-before >= float64(len(asked)) {
				close(begun)
				return
			}
		}
	}()
	finished := len(s.Replicas[0].Log.Lines("request finished", "outcome", outcome))
	out := c.run(t, s.URL, t.TempDir(), "Say something.")
	if !strings.Contains(out, "The turn is whole.") {
		t.Errorf("%s printed:\n%s", c.name, out)
	}
	if n := len(s.Replicas[0].Log.Lines("request finished", "outcome", outcome)) - finished; n == 0 {
		t.Errorf("no stream was %s", outcome)
	}
	if s.Fake().Pending() != 0 {
		t.Errorf("%d replies are left", s.Fake().Pending())
	}
}

// resetOnClose has Linux end every connection of clients with a reset, as
// OPERATING.md describes.
const resetOnClose = `
      socket_options:
        - {description: reset, level: 1, name: 13, buf_value: AQAAAAAAAAA=, state: STATE_PREBIND}
`

// TestResetTowardsClients shows what the option is for: gemini-cli asks again
// after a reset, not after an orderly end in the middle of a body.
func TestResetTowardsClients(t *testing.T) {
	s := stack.Start(t, stack.Options{Fake: fakegemini.Options{Tolerate: geminiCLI.own}, Edit: func(yaml string) string {
		const outer = "\n    - name: outer\n"
		if !strings.Contains(yaml, outer) {
			t.Fatalf("no listener outer in\n%s", yaml)
		}
		return strings.Replace(yaml, outer, strings.TrimSuffix(outer, "\n")+resetOnClose, 1)
	}})
	geminiCLI.survives(t, s, fakegemini.ResetMidStream(0).NoFinish(), "canceled")
}
