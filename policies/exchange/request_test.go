package exchange

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// The client's credential must not reach the provider, nor anything else that
// the client chose to send.
func TestClientHeadersStayHere(t *testing.T) {
	r := newRig(t, nil)
	f := send(t, r.begin(1, "", "cookie", "c", "x-heald-session", "s"), ask)
	removed := " " + strings.Join(f.Remove, " ") + " "
	for _, name := range []string{"x-api-key", "authorization", "cookie", "x-heald-session"} {
		if !strings.Contains(removed, " "+name+" ") {
			t.Errorf("%s goes upstream", name)
		}
	}
	if f.Set.Get("x-goog-api-key") != "key-a-1" {
		t.Errorf("credential %q", f.Set.Get("x-goog-api-key"))
	}
	if bytes.Contains(f.Body, []byte("client-secret")) {
		t.Error("the body holds the client's credential")
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(*Config)
		headers []string
		path    string
		body    string
		status  int
		reason  string
		text    string
	}{
		{name: "unknown path", path: "/nothing", status: 404, reason: heal.ReasonRefused, text: "/nothing is no path"},
		{name: "no JSON", body: "{", status: 400, reason: heal.ReasonRefused, text: "invalid_request_error"},
		{name: "model that is a path", body: strings.Replace(ask, "gemini-3.5-flash", "../../x", 1), status: 400, reason: heal.ReasonRefused, text: "model"},
		{name: "hop secret missing", change: func(c *Config) { c.Hop = "s3cret-s3cret" }, status: 403, reason: heal.ReasonHop, text: "outer listener"},
		{name: "unknown policy", headers: []string{"x-heald-policy", "gold"}, status: 500, reason: heal.ReasonRefused, text: `policy \"gold\"`},
		{name: "unknown setting", headers: []string{"x-heald-set", "attempt=3"}, status: 500, reason: heal.ReasonRefused, text: "is no setting"},
		{name: "impossible setting", headers: []string{"x-heald-set", "attempts=300"}, status: 500, reason: heal.ReasonRefused, text: "not between 1 and 10"},
		{name: "no backend", change: func(c *Config) { c.Backends, c.Accounts = nil, nil }, status: 500, reason: heal.ReasonRefused, text: "no backend is configured"},
		{name: "backends of the route, broken", change: func(c *Config) { c.Backends, c.Accounts = nil, nil }, headers: []string{"x-heald-backends", "x=bedrock"}, status: 500, reason: heal.ReasonRefused, text: "bedrock"},
		{name: "backend of the route without account", change: func(c *Config) { c.Backends, c.Accounts = nil, nil }, headers: []string{"x-heald-backends", "new=ai_studio,"}, status: 500, reason: heal.ReasonNoAccount, text: "backend new has no account"},
		{name: "model that nobody serves", change: func(c *Config) { c.Backends[0].Models, c.Backends[1].Models = []string{"m"}, []string{"m"} }, status: 404, reason: heal.ReasonNoBackend, text: "served by no backend"},
		{name: "strict", headers: []string{"x-heald-set", "strict=true"}, body: strings.Replace(ask, `"stream":true`, `"stream":true,"speed":"fast"`, 1), status: 400, reason: heal.ReasonRefused, text: "speed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.change)
			a := r.begin(1, "", c.headers...)
			if c.path != "" {
				a.in.Path = c.path + "?key=secret"
			}
			body := ask
			if c.body != "" {
				body = c.body
			}
			reply := a.RequestHeaders()
			if reply == nil {
				_, reply = a.RequestBody(context.Background(), []byte(body))
			}
			if reply == nil {
				t.Fatal("not refused")
			}
			a.Close(policies.EndComplete)
			if reply.Status != c.status || reply.Reason != c.reason || reply.Verdict != policies.Fail || !strings.Contains(string(reply.Body), c.text) {
				t.Errorf("%d %s %v %s\nwant %d %s with %q", reply.Status, reply.Reason, reply.Verdict, reply.Body, c.status, c.reason, c.text)
			}
			if strings.Contains(string(reply.Body), "secret") {
				t.Errorf("the reply tells a secret: %s", reply.Body)
			}
			if n := r.log.FilterMessage("request finished").Len(); n != 1 {
				t.Errorf("%d lines for the request", n)
			}
		})
	}
}

func TestRefuseSpeaksThePathsDialect(t *testing.T) {
	r := newRig(t, nil)
	f := &policies.Fault{Verdict: policies.Retry, Reason: heal.ReasonPanic, Err: fmt.Errorf("internal error")}
	for _, req := range []*policies.Request{nil, {Method: "POST", Path: "/v1/messages"}} {
		reply := r.Refuse(req, f)
		if reply.Status != 500 || reply.Verdict != policies.Retry || !strings.Contains(string(reply.Body), `"type":"error"`) {
			t.Errorf("%+v: %d %s", req, reply.Status, reply.Body)
		}
	}
}

// Attempts that left no memory are Envoy's own retries: the replica died, or
// upstream reset. One is forgiven, the second is final, so that no request kills
// a third replica; the client is told in its dialect.
func TestLostAttemptsAreBounded(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry).Memory
	second := r.retry(t, 2, first, ask, 503, overload, policies.Failover).Memory
	afterLost := r.retry(t, 2, "", ask, 503, overload, policies.Failover).Memory
	for _, c := range []struct {
		name    string
		number  int
		memory  string
		refused bool
	}{
		{"none", 1, "", false},
		{"one", 2, "", false},
		{"two", 3, "", true},
		{"one after one that is known", 3, first, false},
		{"two after one that is known", 4, first, true},
		{"one after two that are known", 4, second, false},
		{"two after two that are known", 5, second, true},
		{"one before one that is known", 3, afterLost, false},
		{"one before and one after one that is known", 4, afterLost, true},
		{"none, but other memory keys", 4, "m2.00000000.e30.AAAA", false},
		{"far too many, and other memory keys", 5, "m2.00000000.e30.AAAA", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			reply := r.begin(c.number, c.memory).RequestHeaders()
			switch {
			case reply == nil && c.refused:
				t.Error("not refused")
			case reply != nil && !c.refused:
				t.Errorf("refused: %s %s", reply.Reason, reply.Body)
			case reply != nil && (reply.Verdict != policies.Fail || reply.Reason != heal.ReasonLost || !strings.Contains(string(reply.Body), `"type":"error"`)):
				t.Errorf("%+v", reply)
			}
		})
	}
}

// Where Envoy could not connect, no replica has died of the request.
func TestUnreachedAttemptsAreNotLost(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry).Memory
	for _, c := range []struct {
		name, unreached, memory string
		number                  int
		refused                 bool
	}{
		{"two that reached none", "2", "", 3, false},
		{"one lost, one that reached none", "1", "", 3, false},
		{"two lost, one that reached none", "1", "", 4, true},
		{"one known, one lost, one that reached none", "1", first, 4, false},
		{"one known, two that reached none", "2", first, 4, false},
		{"beyond the attempts", "4", "", 5, true},
		{"no number", "x", "", 3, true},
		{"a negative number", "-1", first, 3, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			reply := r.begin(c.number, c.memory, policies.HeaderUnreached, c.unreached).RequestHeaders()
			if (reply != nil) != c.refused {
				t.Errorf("refused: %t, want %t", reply != nil, c.refused)
			}
		})
	}
}

// A backend without capacity, or that nobody can reach, is passed over for a
// while also by other requests.
func TestTiredBackendIsPassedOver(t *testing.T) {
	r := newRig(t, nil)
	a := r.begin(1, "")
	send(t, a, ask)
	a.ResponseHeaders(&policies.Response{Status: 503, Details: "upstream_reset_before_response_started{remote_connection_failure}"})
	next := r.begin(1, "")
	if send(t, next, ask); next.backend.Name != "b" {
		t.Errorf("the next request goes to %s", next.backend.Name)
	}
}
