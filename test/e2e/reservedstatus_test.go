package e2e

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// Statuses that a policy reserves come from a dead replica alone: heald's own
// errors, marked or final, have others, which clients take the same way.
func TestReservedStatus(t *testing.T) {
	reserved := []int{502, 503, 504, 507}
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Policy: "{attempts: 2, max_wait: 1s, reserved_status: [502, 503, 504, 507]}"})
		for i, c := range []struct {
			name   string
			reply  fakegemini.Reply
			claude int
			others int
		}{
			{"503", fakegemini.Status(503), 529, 500},
			{"503 with a delay", fakegemini.Status(503, fakegemini.RetryDelay("30s")), 529, 429},
			{"504", fakegemini.Status(504), 500, 500},
			{"502", fakegemini.Status(502), 500, 500},
			{"507", fakegemini.Status(507), 500, 500},
		} {
			if !plays(version, i) {
				continue
			}
			for _, a := range apis {
				t.Run(c.name+"/"+a.name, func(t *testing.T) {
					bothKinds(t, func(t *testing.T, stream bool) {
						s.Reload()
						s.Fake().Reset()
						s.Fake().Enqueue(again(4, c.reply)...)
						path, body, want := a.wholePath, a.wholeBody, c.others
						if stream {
							path, body = a.streamPath, a.streamBody
						}
						if a.name == "claude" {
							want = c.claude
						}
						got := s.Post(path, body)
						s.Settle()
						if got.Status != want || !strings.Contains(got.Body, `"error"`) {
							t.Errorf("%d %s, want %d", got.Status, brief(got.Body), want)
						}
						if got.Header.Get("x-should-retry") == "false" {
							t.Error("the client is told not to try again")
						}
					})
				})
			}
		}
		s.Replicas[0].Kill()
		healthy(t, s, 0)
		if got := s.Post(messages, plain); !slices.Contains(reserved, got.Status) {
			t.Errorf("a dead replica shows %d", got.Status)
		}
	})
}

// An outer route that can only retry by status, as Envoy Gateway's without patches:
// it takes a reserved status for a dead replica, and heals that too.
func TestRetryByReservedStatus(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2, Policy: "{attempts: 3, memory: store, reserved_status: [502, 503, 504, 507]}",
			Edit: func(yaml string) string { return retriesByStatus(t, yaml) }})
		healthy(t, s, 2)
		s.Replicas[0].Kill()
		for i := range 4 {
			got := s.Post(messages, turn(model, fmt.Sprint("hello ", i), false))
			if got.Status != 200 {
				t.Errorf("%d %s", got.Status, brief(got.Body))
			}
		}
		s.Settle()
		s.Fake().Reset()
		s.Fake().Enqueue(again(6, fakegemini.Status(503))...)
		got := s.Post(messages, plain)
		s.Settle()
		// Three by the mark. With a reserved status the route would go on by itself.
		if n := len(s.Fake().Requests()); got.Status != 529 || n != 3 {
			t.Errorf("%d %s after %d upstream calls, want 529 after 3", got.Status, brief(got.Body), n)
		}
	})
}

// retriesByStatus has the outer route look at the mark and the status alone: neither
// at a missing stamp, nor is what heald did not make marked.
func retriesByStatus(t *testing.T, yaml string) string {
	t.Helper()
	for _, e := range []struct{ old, with string }{
		{`( +)retry_on: retriable-headers,`, "${1}retriable_status_codes: [502, 503, 504, 507]\n${1}retry_on: retriable-headers,retriable-status-codes,"},
		{` +- name: x-heald-verdict\n +present_match: true\n +invert_match: true\n`, ""},
		{`key: x-heald-retry\n`, "key: x-other\n"},
	} {
		old := regexp.MustCompile(e.old)
		if !old.MatchString(yaml) {
			t.Fatalf("the configuration has no %s", e.old)
		}
		yaml = old.ReplaceAllString(yaml, e.with)
	}
	return yaml
}
