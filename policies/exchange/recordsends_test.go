package exchange

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
)

// Whatever ends a request, it has one record that says how.
func TestRecordsOfOtherEnds(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(*Config)
		play      func(*testing.T, rig)
		outcome   string // "": no request has ended
		reason    string
		status    int
		aborted   bool
		usage     bool
		estimated bool
	}{
		{"refused by heald", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			if reply := a.RequestHeaders(); reply != nil {
				t.Fatal(reply)
			}
			if _, reply := a.RequestBody(context.Background(), []byte("{")); reply == nil {
				t.Fatal("taken")
			}
			a.Close(policies.EndComplete)
		}, "failed", "refused", 400, false, false, false},
		{"no such path", nil, func(t *testing.T, r rig) {
			a := r.Begin(context.Background(), &policies.Request{Method: "POST", Path: "/v1/nothing?key=secret", Authority: "x", Headers: policies.Headers{{Name: "x-request-id", Value: "id-1"}}}).(*attempt)
			if reply := a.RequestHeaders(); reply == nil {
				t.Fatal("taken")
			}
			a.Close(policies.EndComplete)
		}, "failed", "refused", 404, false, false, false},
		{"refused by upstream", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			answerWith(a, 400, `{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}`)
		}, "failed", "invalid_request", 400, false, false, false},
		{"a local answer", nil, func(t *testing.T, r rig) {
			a := r.Begin(context.Background(), &policies.Request{Method: "GET", Path: "/v1/models", Authority: "x", Headers: policies.Headers{{Name: "x-request-id", Value: "id-1"}}}).(*attempt)
			if reply := a.RequestHeaders(); reply == nil || reply.Status != http.StatusOK {
				t.Fatal("not answered")
			}
			a.Close(policies.EndComplete)
		}, "local", "model_list", 200, false, false, false},
		{"broken off", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			answerWith(a, 200, hello)
		}, "broken", "stream_truncated", 200, false, true, true},
		{"the client leaves in the answer", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			a.Close(policies.EndCancelled)
		}, "canceled", "canceled", 200, true, true, true},
		{"the client leaves before it", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(policies.EndCancelled)
		}, "canceled", "canceled", 0, true, true, true},
		{"the client leaves before it has sent all", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			a.RequestHeaders()
			a.Close(policies.EndCancelled)
		}, "canceled", "canceled", 0, true, false, false},
		{"the client leaves while it is held, or the provider resets", nil, func(t *testing.T, r rig) {
			a, ends := r.loses(t, ask)
			_ = a
			ends()
		}, "", "canceled", 0, false, true, true},
		{"heald goes", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(policies.EndShutdown)
		}, "", "canceled", 0, false, true, true},
		{"heald goes in the answer, without a word", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			a.Close(policies.EndShutdown)
		}, "broken", "stream_shutdown", 200, false, true, true},
		{"a panic in the answer", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			a.Close(policies.EndPanic)
		}, "broken", "panic", 200, false, true, true},
		{"Envoy could not connect", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 503, Details: "upstream_reset_before_response_started{connection_failure}"})
			a.Close(policies.EndComplete)
		}, "", "connect_failure", 0, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, to := newRecorded(t, c.change)
			c.play(t, r)
			if len(to.attempts) != 1 {
				t.Fatalf("%d attempts", len(to.attempts))
			}
			got := to.last()
			if (got.Usage != nil) != c.usage || c.usage && got.Usage.Estimated != c.estimated || strings.Contains(got.Path, "secret") {
				t.Errorf("usage %+v, path %s", got.Usage, got.Path)
			}
			if c.usage && (got.Cost == nil || *got.Cost == 0 || !got.Estimated) {
				t.Errorf("cost %v, estimated %v", got.Cost, got.Estimated)
			}
			if lines := r.log.FilterMessage("request finished").Len(); lines != len(to.requests) {
				t.Errorf("%d lines of the request, %d records", lines, len(to.requests))
			}
			if got.Unsettled != strings.HasPrefix(c.name, "the client leaves while it is held") {
				t.Errorf("unsettled: %v", got.Unsettled)
			}
			if c.outcome == "" {
				if len(to.requests) != 0 || got.Reason != c.reason {
					t.Errorf("%d requests, reason %s", len(to.requests), got.Reason)
				}
				return
			}
			if len(to.requests) != 1 {
				t.Fatalf("%d requests", len(to.requests))
			}
			if q := to.request(); q.Outcome != c.outcome || q.Reason != c.reason || q.Status != c.status || q.Aborted != c.aborted {
				t.Errorf("outcome %s, reason %s, status %d, aborted %v", q.Outcome, q.Reason, q.Status, q.Aborted)
			}
		})
	}
}
