package e2e

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// behindRelay starts a stack whose provider is reached through a relay.
func behindRelay(t *testing.T, o stack.Options) (*stack.Stack, *relay) {
	t.Helper()
	var r *relay
	o.Params = func(p *bootstrap.Params) {
		u, err := url.Parse(p.Backends[0].URL)
		if err != nil {
			t.Fatal(err)
		}
		r = startRelay(t, u.Host)
		p.Backends[0].URL = "http://" + r.address
	}
	return stack.Start(t, o), r
}

// http2To has the cluster of the backend speak HTTP/2, as providers do over TLS.
func http2To(t *testing.T, keepalive string) func(yaml string) string {
	return func(yaml string) string {
		const speaks = "http_protocol_options: {}\n"
		if n := strings.Count(yaml, speaks); n != 1 {
			t.Fatalf("%q is there %d times", speaks, n)
		}
		return strings.Replace(yaml, speaks, "http2_protocol_options: "+keepalive+"\n", 1)
	}
}

// reasons are those of the request's attempts.
func reasons(s *stack.Stack, a stack.Answer) string {
	s.Settle()
	return strings.Join(s.Reasons(a.Header.Get("x-heald-request-id")), " ")
}

// A connection that died without a word costs one attempt: the next one goes
// over another connection, which over HTTP/2 Envoy would not open by itself.
func TestDeadConnection(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		for name, edit := range map[string]func(string) string{"http1": nil, "http2": http2To(t, "{}")} {
			t.Run(name, func(t *testing.T) {
				s, relay := behindRelay(t, stack.Options{Envoy: version, Policy: `{peek: {timeout: 1s}}`, Edit: edit})
				bothKinds(t, func(t *testing.T, stream bool) {
					if a := s.Post(messages, turn(model, "hello", stream)); a.Status != 200 {
						t.Fatalf("before: %d %s", a.Status, a.Body)
					}
					relay.forget(swallows)
					a := s.Post(messages, turn(model, "hello", stream))
					if got, want := reasons(s, a), heal.ReasonPeekTimeout+" "+heal.ReasonOK; a.Status != 200 || got != want {
						t.Errorf("got %d %s, attempts %q, want %q", a.Status, a.Body, got, want)
					}
				})
			})
		}
	})
}

// Pings find a connection that died while idle.
func TestDeadConnectionIsFound(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s, relay := behindRelay(t, stack.Options{Envoy: version, Edit: http2To(t, "{connection_keepalive: {interval: 1s, timeout: 1s}}")})
		s.Post(messages, plain)
		relay.forget(swallows)
		eventually(t, "a ping without an answer", func() bool {
			stats, err := s.Envoy.Stats(t.Context(), `^cluster\.a\.http2\.keepalive_timeout$`)
			return err == nil && stats["cluster.a.http2.keepalive_timeout"] == 1
		})
		if a := s.Post(messages, plain); a.Status != 200 || reasons(s, a) != heal.ReasonOK {
			t.Errorf("got %d %s, attempts %q", a.Status, a.Body, reasons(s, a))
		}
	})
}

// Pooled connections that the provider has forgotten cost no attempt, however
// many there are: each request has one that counts, and is answered.
func TestStaleConnections(t *testing.T) {
	const pooled = 10
	everyEnvoy(t, func(t *testing.T, version string) {
		s, relay := behindRelay(t, stack.Options{Envoy: version, Policy: `{attempts: 1}`})
		gate := make(chan struct{})
		for range pooled {
			s.Fake().Enqueue(fakegemini.Heartbeats(0, 1).Then(fakegemini.Gate(gate)).Then(fakegemini.Text("hello")))
		}
		var wg sync.WaitGroup
		for range pooled {
			wg.Go(func() { s.Post(messages, plain) })
		}
		if err := s.Fake().WaitRequests(patient(t), pooled); err != nil {
			t.Fatal(err)
		}
		close(gate)
		wg.Wait()
		relay.forget(resets)
		stale := 0
		for i := range 4 * pooled { // over connections to all of Envoy's threads, which have a pool each
			body := strings.NewReader(turn(model, "hello", i%2 == 0))
			a := s.PostAs(patient(t), stack.NewClient(t, stack.HTTP1), messages, body)
			got := reasons(s, a)
			if a.Status != 200 || got != heal.ReasonOK && got != heal.ReasonStale+" "+heal.ReasonOK {
				t.Errorf("request %d: got %d %s, attempts %q", i, a.Status, a.Body, got)
			}
			if strings.HasPrefix(got, heal.ReasonStale) {
				stale++
			}
		}
		if stale < pooled-2 {
			t.Errorf("%d requests met a dead connection, want about %d", stale, pooled)
		}
	})
}
