package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// What is sent once, however slow.
func TestNoHedge(t *testing.T) {
	const slow = 3 * hedgeDelay
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		rows := []struct {
			name, path, body string
			reply            func(gate <-chan struct{}) fakegemini.Reply
		}{
			{name: "a long body", path: messages, body: turn(model, prose(1200*1000), true)},
			{name: "a count", path: messages + "/count_tokens", body: streamed, reply: func(gate <-chan struct{}) fakegemini.Reply {
				return fakegemini.Gate(gate).Then(fakegemini.Raw(200, http.Header{"Content-Type": {"application/json"}}, []byte(`{"totalTokens":5}`)))
			}},
		}
		for _, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				earnHedge(s)
				gate := make(chan struct{})
				time.AfterFunc(slow, func() { close(gate) })
				reply := fakegemini.Gate(gate).Then(fakegemini.Text("late"))
				if row.reply != nil {
					reply = row.reply(gate)
				}
				s.Fake().Enqueue(reply)
				got := s.Post(row.path, row.body)
				s.Settle()
				if n := len(s.Fake().Requests()); got.Status != 200 || n != 1 {
					t.Errorf("status %d after %d upstream calls, want 200 after 1", got.Status, n)
				}
			})
		}
	})
}

// Streams that take longer than the delay go on, sent once or twice.
func TestHedgeLongStream(t *testing.T) {
	pieces := strings.SplitAfter(strings.Repeat("piece ", 20), " ")
	long := fakegemini.Text(pieces...).Slow(hedgeDelay / 6)
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		for name, script := range map[string][]fakegemini.Reply{"once": {long}, "twice": {fakegemini.SilentBeforeHeaders(), long}} {
			t.Run(name, func(t *testing.T) {
				earnHedge(s)
				s.Fake().Enqueue(script...)
				got := s.Post(messages, streamed)
				if answer, err := answerText(got, true); err != nil || answer != strings.Join(pieces, "") {
					t.Errorf("got %q, %v", answer, err)
				}
				s.Settle()
				if n := len(s.Fake().Requests()); n != len(script) {
					t.Errorf("%d upstream calls, want %d", n, len(script))
				}
			})
		}
	})
}

// A client cannot ask Envoy for duplicates, retries or time-outs.
func TestClientAsksForHedge(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true})
		s.Fake().Enqueue(fakegemini.Text(strings.SplitAfter("a slow answer", " ")...).Slow(hedgeDelay))
		req, err := http.NewRequestWithContext(patient(t), http.MethodPost, s.URL+messages, strings.NewReader(streamed))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{
			"content-type": "application/json", "x-heald-set": "hedge=100ms", "x-envoy-hedge-on-per-try-timeout": "true",
			"x-envoy-upstream-rq-per-try-timeout-ms": "100", "x-envoy-upstream-rq-timeout-ms": "200", "x-envoy-max-retries": "3",
			"x-envoy-retry-on": "5xx,retriable-headers,gateway-error", "x-envoy-retriable-header-names": "date,x-heald-verdict",
		} {
			req.Header.Set(name, value)
		}
		resp, err := stack.NewClient(t, stack.HTTP1).Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		s.Settle()
		if n := len(s.Fake().Requests()); resp.StatusCode != 200 || n != 1 {
			t.Errorf("status %d after %d upstream calls, want 200 after 1", resp.StatusCode, n)
		}
	})
}

// The delay may come from the replica's own times.
func TestHedgePercentile(t *testing.T) {
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := stack.Start(t, stack.Options{Envoy: version, Plain: true, Policy: "{hedge: p99}"})
		for range 30 {
			s.Post(messages, streamed)
		}
		s.Settle()
		if n := s.Replicas[0].Metric("heald_hedges_total", `result="not_enough_times"`); n != 20 {
			t.Errorf("%v requests had not enough times, want 20", n)
		}
		s.Fake().Reset()
		s.Fake().Enqueue(fakegemini.SilentBeforeHeaders())
		got := s.Post(messages, streamed)
		if sees, _ := apis[0].seen(got, true, good); sees != wholeAnswer || hedgedWord(t, s, got) != "won" {
			t.Errorf("the client sees %q, and the log says hedged: %q", sees, hedgedWord(t, s, got))
		}
		two(t, s)
	})
}

// When all is slow at once, Envoy's budget lets a few through, and the others
// wait for their first sending.
func TestHedgeCrowd(t *testing.T) {
	const (
		crowd   = 20
		floor   = 5  // min_retry_concurrency of the provider's cluster
		workers = 32 // of Envoy's, at most, which look at the budget at once
	)
	everyEnvoyAtOnce(t, func(t *testing.T, version string) {
		s := hedged(t, version)
		for range crowd {
			earnHedge(s)
		}
		gate := make(chan struct{})
		s.Fake().Enqueue(again(2*crowd, fakegemini.Gate(gate).Then(fakegemini.Text(good)))...)
		answers := make(chan stack.Answer, crowd)
		client := stack.NewClient(t, stack.HTTP1)
		for range crowd {
			go func() { answers <- s.PostAs(patient(t), client, messages, strings.NewReader(streamed)) }() // ends with its answer
		}
		arrivals(t, s, crowd)
		stat := func(name string) int {
			name = "cluster.a.upstream_rq_retry" + name
			stats, err := s.Envoy.Stats(t.Context(), "^"+strings.ReplaceAll(name, ".", `\.`)+"$")
			if err != nil {
				t.Error(err)
			}
			return int(stats[name])
		}
		eventually(t, "Envoy has decided about each", func() bool { return stat("")+stat("_overflow") == crowd })
		close(gate)
		for range crowd {
			if got := <-answers; got.Status != 200 || got.Header.Get("x-heald-attempts") != "1" {
				t.Errorf("a client got %d after %s attempts", got.Status, got.Header.Get("x-heald-attempts"))
			}
		}
		s.Settle()
		stats, err := s.Envoy.Stats(t.Context(), `^server\.concurrency$`)
		if err != nil {
			t.Fatal(err)
		}
		made := stat("")
		if most := floor + min(int(stats["server.concurrency"]), workers); made == 0 || made > most {
			t.Errorf("%d were sent twice, want 1 to %d", made, most)
		}
		if n := len(s.Fake().Requests()); n != crowd+made {
			t.Errorf("%d upstream calls, want %d and %d duplicates", n, crowd, made)
		}
	})
}
