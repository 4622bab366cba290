package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// nativeBody is spaced as no encoder here would space it: it must arrive as it
// is.
const nativeBody = "{ \"contents\" : [ {\"role\": \"user\",\n\"parts\": [{\"text\": \"hello\"}]} ] }"

// nativeRequest is a way in which Google's clients ask for an answer.
type nativeRequest struct {
	name, path string
	// text puts the answer together, and fails the test if the framing is not
	// Google's.
	text func(t *testing.T, body string) string
}

var nativeRequests = []nativeRequest{
	{"events", "/v1beta/models/gemini-3.5-flash:streamGenerateContent?alt=sse&key=client-secret", func(t *testing.T, body string) string {
		var b strings.Builder
		for event := range strings.SplitSeq(strings.TrimSuffix(body, "\r\n\r\n"), "\r\n\r\n") {
			data, ok := strings.CutPrefix(event, "data: ")
			if strings.HasPrefix(event, `{"error":`) {
				continue // an error comes as an event and as a line of its own
			}
			if !ok {
				t.Errorf("no event of Google's: %q", event)
			}
			b.WriteString(nativeText(t, data))
		}
		return b.String()
	}},
	{"array", "/v1/models/gemini-3.5-flash:streamGenerateContent?key=client-secret", func(t *testing.T, body string) string {
		var list []json.RawMessage
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list) < 2 {
			t.Errorf("no array of responses: %v\n%s", err, body)
		}
		var b strings.Builder
		for _, response := range list {
			b.WriteString(nativeText(t, string(response)))
		}
		return b.String()
	}},
	{"document", "/v1beta1/projects/theirs/locations/global/publishers/google/models/gemini-3.5-flash:generateContent?key=client-secret", nativeText},
}

// nativeText is the text of one response.
func nativeText(t *testing.T, response string) string {
	t.Helper()
	var r struct {
		Candidates []struct {
			Content struct{ Parts []struct{ Text string } }
		}
	}
	if err := json.Unmarshal([]byte(response), &r); err != nil {
		t.Errorf("%v: %s", err, response)
	}
	var b strings.Builder
	for _, c := range r.Candidates {
		for _, p := range c.Content.Parts {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// asGoogleClient sends a body with the header of Google's SDKs.
func asGoogleClient(t *testing.T, s *stack.Stack, path, body string) stack.Answer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	client := stack.NewClient(t, stack.HTTP1)
	client.Transport = withKey{client.Transport}
	return s.PostAs(ctx, client, path, strings.NewReader(body))
}

type withKey struct{ http.RoundTripper }

func (k withKey) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("x-goog-api-key", "client-secret")
	return k.RoundTripper.RoundTrip(r)
}

// Google's own clients get Google's own answers, and do not notice the faults
// in between.
func TestNative(t *testing.T) {
	s := stack.Start(t, stack.Options{Keys: []string{"key-1", "key-2"}, Policy: shortTimers})
	for _, c := range nativeRequests {
		for _, fault := range []struct {
			name    string
			script  []fakegemini.Reply
			reasons []string
			only    string // the framing it can be healed in; "" for all
		}{
			{"nothing fails", nil, []string{"ok"}, ""},
			{"empty 200", once(fakegemini.EmptyOK()), []string{heal.ReasonPeekEOF, "ok"}, ""},
			{"error object as first event", once(fakegemini.ErrorEvent(503)), []string{heal.ReasonPeekError, "ok"}, ""},
			{"429", once(fakegemini.Status(429)), []string{heal.ReasonRateLimit, "ok"}, ""},
			{"end without finish", once(fakegemini.EndWithoutFinish("Half an ans")), []string{heal.ReasonPeekTruncated, "ok"}, "document"},
		} {
			if fault.only != "" && fault.only != c.name {
				continue
			}
			t.Run(c.name+"/"+fault.name, func(t *testing.T) {
				s.Reload()
				fake := s.Fake()
				fake.Reset()
				fake.Enqueue(fault.script...)
				got := asGoogleClient(t, s, c.path, nativeBody)
				s.Settle()
				if got.Status != 200 || got.Err != nil {
					t.Fatalf("%d, %v\n%s", got.Status, got.Err, got.Body)
				}
				if text := c.text(t, got.Body); text != good {
					t.Errorf("text %q in\n%s", text, got.Body)
				}
				if words := s.Reasons(got.Header.Get("x-heald-request-id")); !slices.Equal(words, fault.reasons) {
					t.Errorf("log words %v, want %v", words, fault.reasons)
				}
				for _, r := range fake.Requests() {
					if string(r.Body) != nativeBody {
						t.Errorf("the upstream got %s", r.Body)
					}
					if r.Query != "alt=sse" || r.Path != "/v1beta/models/gemini-3.5-flash:streamGenerateContent" || !strings.HasPrefix(r.Key, "key-") ||
						strings.Contains(r.Header.Get("x-goog-api-key"), "client-secret") {
						t.Errorf("the upstream got %s?%s with %s, %v", r.Path, r.Query, r.Key, r.Header)
					}
				}
			})
		}
	}
}

// What cannot be healed is told in the words of google.rpc, and in the framing
// that was asked for.
func TestNativeErrors(t *testing.T) {
	s := stack.Start(t, stack.Options{Policy: shortTimers})
	for _, c := range nativeRequests {
		t.Run(c.name+"/refused", func(t *testing.T) {
			s.Fake().Enqueue(fakegemini.Status(400, fakegemini.Message("Unsupported thing.")))
			got := asGoogleClient(t, s, c.path, nativeBody)
			s.Settle()
			var e struct {
				Error struct {
					Code            int
					Message, Status string
				}
			}
			if err := json.Unmarshal([]byte(got.Body), &e); err != nil || got.Status != 400 ||
				e.Error.Code != 400 || e.Error.Status != "INVALID_ARGUMENT" || !strings.Contains(e.Error.Message, "Unsupported thing.") {
				t.Errorf("%d, %v\n%s", got.Status, err, got.Body)
			}
		})
	}
	for _, c := range nativeRequests[:2] {
		t.Run(c.name+"/broken after content", func(t *testing.T) {
			s.Fake().Enqueue(fakegemini.EndWithoutFinish("Half an ans"))
			got := asGoogleClient(t, s, c.path, nativeBody)
			s.Settle()
			if got.Status != 200 || got.Err != nil || !strings.Contains(got.Body, "Half an ans") || !strings.Contains(got.Body, `{"error":{"code":500,`) {
				t.Errorf("%d, %v\n%q", got.Status, got.Err, got.Body)
			}
			c.text(t, got.Body)
		})
	}
}
