package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// oneHop starts envoy/onehop.yaml with the addresses of the test, in front of a
// heald with mode: one_hop.
func oneHop(t *testing.T, o stack.Options) *stack.Stack {
	t.Helper()
	shipped, err := os.ReadFile("../../envoy/onehop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var params bootstrap.Params
	o.Params = func(p *bootstrap.Params) { params = *p }
	o.Edit = func(string) string { return oneHopYAML(t, string(shipped), params) }
	o.Config = "mode: one_hop\n" + o.Config
	return stack.Start(t, o)
}

// oneHopYAML puts the addresses of the test into the shipped file.
func oneHopYAML(t *testing.T, text string, p bootstrap.Params) string {
	t.Helper()
	replace := func(old, with string) {
		if strings.Count(text, old) != 1 {
			t.Fatalf("onehop.yaml has %q %d times", old, strings.Count(text, old))
		}
		text = strings.Replace(text, old, with, 1)
	}
	replace("  - name: llm\n    address: {socket_address: {address: 127.0.0.1, port_value: 10000}}", "  - name: outer\n    address: {socket_address: {address: 127.0.0.1, port_value: 0}}")
	endpoint := func(hostPort string) string {
		host, port, err := net.SplitHostPort(hostPort)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("        - endpoint: {address: {socket_address: {address: %s, port_value: %s}}}\n", host, port)
	}
	var replicas strings.Builder
	for _, s := range p.Sidecars {
		replicas.WriteString(endpoint(s))
	}
	replace(endpoint("127.0.0.1:9000"), replicas.String())
	if p.Hop != "" {
		replace("              - remove: x-heald-connection\n", "              - remove: x-heald-connection\n"+
			"              - append: {header: {key: x-heald-hop, value: \""+p.Hop+"\"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}\n"+
			"              - append: {header: {key: x-heald-set, value: \"strict=true\"}, append_action: OVERWRITE_IF_EXISTS_OR_ADD}\n")
	}
	at := strings.Index(text, "  # One cluster per backend")
	if at < 0 {
		t.Fatal("onehop.yaml has no clusters of backends")
	}
	text = text[:at]
	for _, b := range p.Backends {
		text += fmt.Sprintf("  - name: %s\n    type: STATIC\n    load_assignment:\n      cluster_name: %[1]s\n      endpoints:\n      - lb_endpoints:\n%s",
			b.Name, endpoint(strings.TrimPrefix(b.URL, "http://")))
	}
	return text + "admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}\n"
}

// With one listener each request is one call upstream: it passes, or ends with an
// error that its client can read and repeat. No client sees what is internal.
func TestOneHop(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := oneHop(t, stack.Options{Envoy: version, Plain: true, Policy: "{peek: {timeout: 1s}, idle_timeout: 1s}"})
		for _, c := range []struct {
			name   string
			script []fakegemini.Reply
			stream string // what the client of a stream sees
			whole  string // that of a document
		}{
			{"passes", nil, seesGood, seesGood},
			{"503", once(fakegemini.Status(503)), seesOverload, seesOverload},
			{"429", once(fakegemini.Status(429, fakegemini.RetryDelay("1s"))), seesRate, seesRate},
			{"500", once(fakegemini.Status(500)), seesError, seesError},
			{"403 of the account", once(fakegemini.Status(403)), seesError, seesError},
			{"invalid", once(fakegemini.Status(400)), seesInvalid, seesInvalid},
			{"empty 200", once(fakegemini.EmptyOK()), seesError, seesError},
			{"end before content", once(fakegemini.EOFBeforeContent()), seesError, seesError},
			{"error under 200", once(fakegemini.ErrorEvent(503)), seesOverload, seesOverload},
			{"silence before headers", once(fakegemini.SilentBeforeHeaders()), seesError, seesError},
			{"silence after headers", once(fakegemini.SilentAfterHeaders()), seesError, seesError},
			{"end after content", once(fakegemini.EndWithoutFinish("You ", "said")), seesCut, seesError},
			{"error after content", once(fakegemini.ErrorAfterContent(503, "You ", "said")), "", seesOverload},
			{"reset after content", once(fakegemini.ResetMidStream(2).Slow(200 * time.Millisecond)), seesBroken, ""},
			{"reset before content", once(fakegemini.ResetAfterHeaders()), "", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				for i, a := range apis {
					if !plays(version, i) || i > 0 && strings.HasPrefix(c.name, "silence") {
						continue
					}
					bothKinds(t, func(t *testing.T, stream bool) {
						s.Reload()
						s.Fake().Reset()
						s.Fake().Enqueue(c.script...)
						path, body, sees := a.wholePath, a.wholeBody, c.whole
						if stream {
							path, body, sees = a.streamPath, a.streamBody, c.stream
						}
						got := s.Post(path, body)
						s.Settle()
						saw, _ := a.seen(got, stream, good)
						if sees != "" && saw != a.sees[sees] {
							t.Errorf("%s sees %q, want %q: %s", a.name, saw, a.sees[sees], brief(got.Body))
						}
						if sees == "" && saw == wholeAnswer {
							t.Errorf("%s got an answer", a.name)
						}
						if n := len(s.Fake().Requests()); n != 1 {
							t.Errorf("%s: %d upstream calls, want 1", a.name, n)
						}
						wantOutside(t, a, got)
					})
				}
			})
		}
		t.Run("headers of clients", func(t *testing.T) { headersInOneHop(t, s) })
		t.Run("large body", func(t *testing.T) {
			s := oneHop(t, stack.Options{Envoy: version, Plain: true,
				Fake: fakegemini.Options{Tolerate: []fakegemini.Rule{fakegemini.RuleLimits}}}) // 20 MB are too many tokens
			for _, size := range []int{3 * mib, 20 * mib} {
				s.Fake().Reset()
				text := prose(size)
				got := s.Post(messages, turn(model, text, true))
				s.Settle()
				answer, err := answerText(got, true)
				calls := s.Fake().Requests()
				if err != nil || !strings.HasPrefix(answer, "You said: ") || len(calls) != 1 || hash(lastText(t, calls[0].Body)) != hash(text) {
					t.Errorf("%d MiB: %d calls, %q, %v", size/mib, len(calls), brief(answer), err)
				}
			}
		})
	})
}

// wantOutside checks that a reply has nothing that is internal, and that SDKs are
// told to repeat what may pass.
func wantOutside(t *testing.T, a api, got stack.Answer) {
	t.Helper()
	for name := range got.Header {
		if internal(strings.ToLower(name)) {
			t.Errorf("%s can see %s", a.name, name)
		}
	}
	if id := got.Header.Get("x-heald-request-id"); len(id) != len("00000000-0000-0000-0000-000000000000") {
		t.Errorf("%s: the request id is %q", a.name, id)
	}
	if got.Status < 400 {
		return
	}
	var doc struct{ Error struct{ Message string } }
	if err := json.Unmarshal([]byte(got.Body), &doc); err != nil || doc.Error.Message == "" {
		t.Errorf("%s cannot read %q: %v", a.name, brief(got.Body), err)
	}
}

// What clients send in heald's own headers changes nothing, and reaches nobody.
func headersInOneHop(t *testing.T, s *stack.Stack) {
	s.Reload()
	s.Fake().Reset()
	req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+messages, strings.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]string{
		"policy": "nobody's", "set": "attempts=0", "backends": "evil,kind=ai_studio,url=http://evil", "memory": "m", "cluster": "evil",
		"connection": "c", "hop": "h", "retry": "1", "verdict": "retry", "unreached": "7",
	} {
		req.Header.Set("x-heald-"+name, v)
	}
	req.Header.Set("x-envoy-attempt-count", "9")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Errorf("%d %s %v", resp.StatusCode, body, err)
	}
	s.Settle()
	for _, call := range s.Fake().Requests() {
		for name := range call.Header {
			if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-heald") || strings.HasPrefix(lower, "x-envoy") || strings.HasPrefix(lower, "x-forwarded") || lower == "x-request-id" {
				t.Errorf("the provider sees %s: %s", name, call.Header.Get(name))
			}
		}
	}
}

// With a hop secret, which Envoy sets itself, its headers choose settings.
func TestOneHopSecret(t *testing.T) {
	s := oneHop(t, stack.Options{HopSecret: "a secret of sixteen bytes"})
	got := s.Post("/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hello"}],"logit_bias":{"1":1}}`)
	if got.Status != 400 || !strings.Contains(got.Body, "logit_bias") {
		t.Errorf("strict=true of the route is not obeyed: %d %s", got.Status, brief(got.Body))
	}
	s.Settle()
	if got := s.Post(messages, plain); got.Status != 200 {
		t.Errorf("%d %s", got.Status, brief(got.Body))
	}
}

// A replica that is gone, or stops while it holds a request, leaves its client an
// error that is repeated.
func TestOneHopShutdown(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := oneHop(t, stack.Options{Envoy: version, Drain: time.Second})
		for _, held := range []fakegemini.Reply{fakegemini.SilentAfterHeaders(), fakegemini.SilentBeforeHeaders()} {
			s.Fake().Reset()
			s.Fake().Enqueue(held)
			answers := make(chan stack.Answer, 1)
			go func() { answers <- s.Post(messages, streamed) }() // ends with the replica
			eventually(t, "the provider is asked", func() bool { return len(s.Fake().Requests()) == 1 })
			s.Replicas[0].Terminate()
			wantError(t, <-answers, 500, "api_error", "being restarted")
			<-s.Replicas[0].Done()
			s.Restart(0)
			healthy(t, s, 1)
		}
		s.Replicas[0].Kill()
		wantError(t, s.Post(messages, plain), 503, "api_error", "temporarily unavailable")
	})
}

// Envoy's own replies, to requests that heald has not seen, reach the client as
// Envoy makes them: the health check, a refused upgrade, a request without a host.
func TestOneHopEnvoysOwnReplies(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := oneHop(t, stack.Options{Envoy: version, Plain: true})
		address := strings.TrimPrefix(s.URL, "http://")
		for _, c := range []struct {
			name, request string
			status        int
		}{
			{"health check", "GET /healthz HTTP/1.1\r\nhost: HOST\r\n\r\n", 200},
			{"health check without body", "HEAD /healthz HTTP/1.1\r\nhost: HOST\r\n\r\n", 200},
			{"WebSocket", "GET /v1/responses HTTP/1.1\r\nhost: HOST\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n", 426},
			{"no host", "GET /v1/models HTTP/1.1\r\n\r\n", 400},
		} {
			t.Run(c.name, func(t *testing.T) {
				conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close() }() // the reply was read
				if _, err := io.WriteString(conn, strings.ReplaceAll(c.request, "HOST", address)); err != nil {
					t.Fatal(err)
				}
				method, _, _ := strings.Cut(c.request, " ")
				resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = resp.Body.Close() }()
				if body, _ := io.ReadAll(resp.Body); resp.StatusCode != c.status || strings.Contains(string(body), "protocol") {
					t.Errorf("status %d %s, want %d", resp.StatusCode, body, c.status)
				}
			})
		}
		if lines := s.Replicas[0].Log.Lines("stream cannot go on"); len(lines) != 0 {
			t.Errorf("heald takes them for a breach: %v", lines)
		}
	})
}
