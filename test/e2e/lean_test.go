package e2e

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/heald-proxy/heald/envoy/bootstrap"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// With the lean preset and memory: store, an empty answer and a refused account
// are retried as ever, the next attempt knows what the one before has found, and
// what is left of Envoy's statistics is enough for health and for alerts.
func TestLean(t *testing.T) {
	everyEnvoy(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Keys: []string{"key-1", "key-2", "key-3"}, Policy: "{memory: store, attempts: 3}",
			Params: func(p *bootstrap.Params) { p.Lean, p.StoreMemory, p.AccessLog = true, true, true }})
		s.Fake().Enqueue(fakegemini.Status(403), fakegemini.EmptyOK())
		got := s.Post(messages, turn(model, "hello", true))
		s.Settle()
		if sees, _ := apis[0].seen(got, true, good); sees != apis[0].sees[seesGood] {
			t.Errorf("the client sees %q", sees)
		}
		id := got.Header.Get("x-heald-request-id")
		if words, want := s.Reasons(id), []string{heal.ReasonForbidden, heal.ReasonPeekEOF, heal.ReasonOK}; !slices.Equal(words, want) {
			t.Errorf("log words %v, want %v", words, want)
		}
		asked := map[string]bool{}
		for _, a := range servedBy(s, id) {
			asked[a.account] = true
		}
		if len(asked) != 3 {
			t.Errorf("asked %v, want 3 accounts", asked)
		}
		if n := s.Replicas[0].Metric("heald_memory_total", `result="ok"`); n != 2 {
			t.Errorf("%v memories were read, want 2", n)
		}
		if got := status(t.Context(), s.URL+"/healthz"); got != http.StatusOK {
			t.Errorf("/healthz is %d", got)
		}
		stats, err := s.Envoy.Stats(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if stats["cluster.inner.upstream_rq_retry"] != 2 || stats["cluster.heald.membership_healthy"] != 1 {
			t.Errorf("statistics %v", stats)
		}
		if len(stats) > 200 { // all are some 1,400
			t.Errorf("%d statistics are left", len(stats))
		}
	})
}

// status is that of a reply to GET; 0 without one.
func status(ctx context.Context, url string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}
