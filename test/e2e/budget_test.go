package e2e

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// retryStats are Envoy's counts of retries by the outer router, since its start.
func retryStats(t *testing.T, s *stack.Stack) (made, refused int) {
	t.Helper()
	stats, err := s.Envoy.Stats(t.Context(), `^cluster\.inner\.upstream_rq_retry(_overflow)?$`)
	if err != nil || len(stats) != 2 {
		t.Fatalf("no counts of retries: %v, %v", stats, err)
	}
	return int(stats["cluster.inner.upstream_rq_retry"]), int(stats["cluster.inner.upstream_rq_retry_overflow"])
}

// oneRetry lets Envoy make a single retry at a time, over all requests.
func oneRetry(t *testing.T) func(yaml string) string {
	budget := regexp.MustCompile(`(retry_budget:\s+budget_percent:\s+value:) 50(\s+min_retry_concurrency:) 200`)
	return func(yaml string) string {
		if n := len(budget.FindAllString(yaml, -1)); n != 1 {
			t.Fatalf("the configuration has %d retry budgets", n)
		}
		return budget.ReplaceAllString(yaml, "${1} 1${2} 1")
	}
}

// An outage is not multiplied: above the budget a client gets the reply that
// would have been retried, as an error of its own API.
func TestRetryBudget(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Edit: oneRetry(t), Policy: fmt.Sprintf("{attempts: %d}", outageAttempts)})
		for range 4 { // connections and what else stays are there afterwards
			s.Post(messages, streamed)
		}
		s.Settle()
		quiet := s.Replicas[0].Goroutines()
		o := newOutage(t)
		o.play(t, s)
		s.Settle()
		const slack = 12 // connections that Envoy's workers have opened since
		eventually(t, "goroutines back to where they were", func() bool {
			return s.Replicas[0].Goroutines() <= quiet+slack
		})
		o.check(t, s)
	})
}

const (
	outageAttempts = 3
	outageRounds   = 6 // of all APIs, streaming and not
)

// outage is a crowd of clients that all ask while the provider only fails.
type outage struct {
	clients []outageClient
	http    []*http.Client // one for each protocol
}

type outageClient struct {
	api    api
	stream bool
	got    stack.Answer
}

func newOutage(t *testing.T) *outage {
	o := &outage{}
	for _, p := range stack.Protocols {
		o.http = append(o.http, stack.NewClient(t, p))
	}
	for range outageRounds {
		for _, a := range apis {
			o.clients = append(o.clients, outageClient{api: a, stream: true}, outageClient{api: a})
		}
	}
	return o
}

// play has all first calls fail at the same time, and those that are retried
// wait at the provider until all others have their answers: what is retried is
// then decided while the budget is taken.
func (o *outage) play(t *testing.T, s *stack.Stack) {
	ctx, fake, n := patient(t), s.Fake(), len(o.clients)
	fake.Reset()
	first, second := make(chan struct{}), make(chan struct{})
	down := func(gate <-chan struct{}, n int) []fakegemini.Reply {
		return again(n, fakegemini.Gate(gate).Then(fakegemini.Status(503)))
	}
	fake.Enqueue(slices.Concat(down(first, n), down(second, n*outageAttempts))...)
	var wg sync.WaitGroup
	var answered atomic.Int64
	for i := range o.clients {
		wg.Go(func() {
			c := &o.clients[i]
			path, body := c.api.wholePath, c.api.wholeBody
			if c.stream {
				path, body = c.api.streamPath, c.api.streamBody
			}
			c.got = s.PostAs(ctx, o.http[i/2%len(o.http)], path, strings.NewReader(body))
			answered.Add(1)
		})
	}
	if err := fake.WaitRequests(ctx, n); err != nil {
		t.Fatal(err)
	}
	close(first)
	eventually(t, "every client has its answer, or its retry is at the provider", func() bool {
		return int(answered.Load())+len(fake.Requests())-n == n
	})
	close(second)
	wg.Wait()
}

// check compares what the clients got with the calls and Envoy's counts.
func (o *outage) check(t *testing.T, s *stack.Stack) {
	n, attempts, cut := len(o.clients), 0, 0
	for _, c := range o.clients {
		had := c.check(t)
		c.checkLog(t, s, had)
		attempts += had
		if had < outageAttempts {
			cut++
		}
	}
	calls := len(s.Fake().Requests())
	made, refused := retryStats(t, s)
	t.Logf("%d requests, %d upstream calls, %d retries refused", n, calls, refused)
	if calls != attempts || calls != n+made {
		t.Errorf("%d upstream calls, want as many as attempts (%d), and one for each request and retry (%d)", calls, attempts, n+made)
	}
	if refused != cut || refused == 0 {
		t.Errorf("Envoy refused %d retries, and %d clients had fewer than %d attempts", refused, cut, outageAttempts)
	}
	// Envoy's workers look at the budget at the same time; each may take it.
	stats, err := s.Envoy.Stats(t.Context(), `^server\.concurrency$`)
	if err != nil {
		t.Fatal(err)
	}
	workers := min(int(stats["server.concurrency"]), n/8)
	if most := workers * (outageAttempts - 1); made == 0 || made > most {
		t.Errorf("%d retries, want 1 to %d", made, most)
	}
}

// check checks the answer of one client, and returns how many attempts it had.
func (c *outageClient) check(t *testing.T) (attempts int) {
	t.Helper()
	sees, r := c.api.seen(c.got, c.stream, good)
	if sees != c.api.sees[seesOverload] || !strings.Contains(r.message, "overloaded") {
		t.Errorf("a client of %s (%s) sees %s %q (%v), want %s", c.api.name, kindName(c.stream), sees, r.message, c.got.Err, c.api.sees[seesOverload])
	}
	h := c.got.Header
	if h.Get("x-heald-account") != "a-1" || h.Get("x-heald-backend") != "a" || h.Get("x-heald-model") != model || h.Get("x-heald-request-id") == "" {
		t.Errorf("a client of %s (%s) has the headers %v", c.api.name, kindName(c.stream), h)
	}
	for name := range h {
		if internal(strings.ToLower(name)) {
			t.Errorf("a client of %s (%s) can see %s", c.api.name, kindName(c.stream), name)
		}
	}
	if _, err := fmt.Sscan(h.Get("x-heald-attempts"), &attempts); err != nil || attempts < 1 || attempts > outageAttempts {
		t.Errorf("a client of %s (%s) had %q attempts", c.api.name, kindName(c.stream), h.Get("x-heald-attempts"))
	}
	return attempts
}

// checkLog checks the log of a client that had some attempts. heald does not
// learn of a refusal: its last line is that it asked for a retry.
func (c *outageClient) checkLog(t *testing.T, s *stack.Stack, had int) {
	t.Helper()
	id, log := c.got.Header.Get("x-heald-request-id"), s.Replicas[0].Log
	asked := len(log.Lines("attempt finished", "request_id", id, "verdict", "retry"))
	ended := len(log.Lines("request finished", "request_id", id))
	wantAsked, wantEnded := had, 0
	if had == outageAttempts {
		wantAsked, wantEnded = had-1, 1
	}
	if asked != wantAsked || ended != wantEnded {
		t.Errorf("after %d attempts the log has %d that ask for a retry, and %d ends of the request", had, asked, ended)
	}
}

// The shipped budget heals all that a killed replica held, for a crowd too.
func TestKilledWithCrowd(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s, names := twoReplicas(t, version, 150)
		bothKinds(t, func(t *testing.T, stream bool) { killHolding(t, s, names, stream) })
		made, refused := retryStats(t, s)
		t.Logf("%d retries made, %d refused", made, refused)
		if made < len(names)/2 || refused != 0 {
			t.Errorf("%d retries made, %d refused, want one for each request that a replica held, and none", made, refused)
		}
		// What Envoy holds back, it retries at the replica that is gone.
		stats, err := s.Envoy.Stats(t.Context(), `^cluster_manager\.cluster_updated_via_merge$`)
		if n, ok := stats["cluster_manager.cluster_updated_via_merge"]; err != nil || !ok || n != 0 {
			t.Errorf("Envoy held back %d changes of its clusters (%v, %v), want none", n, stats, err)
		}
	})
}
