package e2e

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// What clients read when there is no answer, whoever has to tell them.
func TestReplies(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		t.Run("no replica", func(t *testing.T) { noReplica(t, version) })
		t.Run("backend refuses connections", func(t *testing.T) { backendDown(t, version) })
		t.Run("retries used up", func(t *testing.T) { noRetries(t, version) })
	})
}

func noReplica(t *testing.T, version string) {
	s := stack.Start(t, stack.Options{Envoy: version, Replicas: 2})
	for _, r := range s.Replicas {
		r.Kill()
	}
	// Before Envoy knows, and when it does.
	for _, when := range []string{"at once", "when Envoy knows"} {
		t.Run(when, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, stream bool) {
				soon, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				got := s.PostAs(soon, http.DefaultClient, messages, strings.NewReader(turn(model, "hello", stream)))
				wantError(t, got, 503, "api_error", "temporarily unavailable")
				s.Settle()
			})
		})
		healthy(t, s, 0)
	}
	if n := len(s.Fake().Requests()); n != 0 {
		t.Errorf("%d upstream calls, want none", n)
	}
}

func backendDown(t *testing.T, version string) {
	s := stack.Start(t, stack.Options{Envoy: version, Down: []string{"a"}, Policy: "{attempts: 2}"})
	bothKinds(t, func(t *testing.T, stream bool) {
		got := s.Post(messages, turn(model, "hello", stream))
		wantError(t, got, 500, "api_error", "could not be reached")
		if n := got.Header.Get("x-heald-attempts"); n != "2" {
			t.Errorf("%s attempts, want 2", n)
		}
		s.Settle()
	})
	t.Run("unknown path", func(t *testing.T) {
		got := s.Post("/v1/nonsense?token=secret", plain)
		wantError(t, got, 404, "not_found_error", "/v1/nonsense")
		if strings.Contains(got.Body, "secret") {
			t.Error("the error repeats the query, which may hold a key")
		}
	})
}

// noRetries: heald asks for another attempt, and Envoy makes none. What heald
// said is then the answer.
func noRetries(t *testing.T, version string) {
	retries := regexp.MustCompile(`num_retries: \d+`)
	s := stack.Start(t, stack.Options{Envoy: version, Edit: func(yaml string) string {
		return retries.ReplaceAllString(yaml, "num_retries: 0")
	}})
	for _, c := range []struct {
		name         string
		reply        fakegemini.Reply
		status       int
		kind, text   string
		wantsReading string // of retry-after
	}{
		{"503", fakegemini.Status(503), 529, "overloaded_error", "overloaded", ""},
		{"429", fakegemini.Status(429, fakegemini.RetryDelay("7s")), 429, "rate_limit_error", "", "7"},
		{"empty 200", fakegemini.EmptyOK(), 500, "api_error", "before any content", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			bothKinds(t, func(t *testing.T, stream bool) {
				s.Reload()
				s.Fake().Reset()
				s.Fake().Enqueue(c.reply)
				got := s.Post(messages, turn(model, "hello", stream))
				wantError(t, got, c.status, c.kind, c.text)
				if after := got.Header.Get("retry-after"); c.wantsReading != "" && after != c.wantsReading {
					t.Errorf("retry-after %q, want %q", after, c.wantsReading)
				}
				s.Settle()
				if n := len(s.Fake().Requests()); n != 1 {
					t.Errorf("%d upstream calls, want 1", n)
				}
			})
		})
	}
}
