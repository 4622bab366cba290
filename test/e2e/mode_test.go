package e2e

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/stack"
)

// An ext_proc filter in a mode that cannot work is named to the client, once,
// before anything went upstream.
func TestWrongModes(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for _, c := range []struct{ name, right, wrong, want string }{
			{"request", "request_body_mode: FULL_DUPLEX_STREAMED", "request_body_mode: STREAMED", "request_body_mode: FULL_DUPLEX_STREAMED with request_trailer_mode: SEND, or BUFFERED"},
			{"response", "response_body_mode: FULL_DUPLEX_STREAMED", "response_body_mode: STREAMED", "response_body_mode: FULL_DUPLEX_STREAMED"},
		} {
			t.Run(c.name, func(t *testing.T) {
				s := stack.Start(t, stack.Options{Envoy: version, Edit: func(yaml string) string {
					if !strings.Contains(yaml, c.right) {
						t.Fatalf("the configuration lacks %q", c.right)
					}
					return strings.Replace(yaml, c.right, c.wrong, 1)
				}})
				bothKinds(t, func(t *testing.T, stream bool) {
					before := s.Replicas[0].Metric("heald_streams_total")
					wantError(t, s.Post(messages, turn(model, "hello", stream)), 500, "api_error", c.want)
					s.Settle()
					if n := s.Replicas[0].Metric("heald_streams_total") - before; n != 1 {
						t.Errorf("%v attempts, want 1", n)
					}
				})
				if n := len(s.Replicas[0].Log.Lines("stream cannot go on", "kind", heal.ReasonWrongMode)); n == 0 {
					t.Error("the log does not tell")
				}
				if n := len(s.Fake().Requests()); n != 0 {
					t.Errorf("%d upstream calls, want none", n)
				}
			})
		}
	})
}
