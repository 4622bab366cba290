package observed

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

// night is a trouble, the alerts that it raises and no others, one metric that tells
// it, and what the page and the shell say of it.
type night struct {
	name    string
	options stack.Options
	// redis has replicas share a Redis.
	redis bool
	// trouble is called for each minute of the night, from 0.
	trouble func(w *watch, minute int)
	minutes int
	want    []string
	// metric names a series of replica 0, and labels of it, that is above 0.
	metric []string
	told   told
}

var nights = []night{
	{name: "a bad key", options: stack.Options{Keys: []string{"key-1", "key-2"}, WrongKeys: []string{"key-1"}}, minutes: 3,
		trouble: func(w *watch, minute int) { w.ask(claude("hello")) },
		want:    []string{`HealdAccountKeyInvalid{account="a-1",backend="a"}`},
		metric:  []string{"heald_attempts_total", `account="a-1"`, `reason="account_key_invalid"`},
		told: told{request: `"reason":"account_key_invalid"`,
			story:    []string{"attempt 1 at a-1 (a): 400, the provider refused the account's key or token (account_key_invalid)", "→ another account", "API key not valid"},
			accounts: []string{`"kind":"credential","why":"the credential is refused (account a-1)"`}}},

	{name: "one slow backend", options: stack.Options{Backends: []string{"a", "b"}, Policy: "{peek: {timeout: 50s}}"}, minutes: 9,
		trouble: func(w *watch, minute int) {
			switch minute {
			case 0:
				w.ask(claude("hello"))
			case 1:
				w.Fakes["a"].Enqueue(many(8, fakegemini.Text("late").Slow(slow))...)
				w.ask(times(8, claude("hello"))...)
			}
		},
		want:   []string{`HealdFirstContentSlow{backend="a"}`},
		metric: []string{"heald_first_content_seconds_sum", `backend="a"`},
		told: told{request: `"outcome":"passed"`,
			story:    []string{"attempt 1 at a-1 (a): 200, the answer was passed on (ok) after it was held for 2", "the first content after 2"},
			accounts: []string{`"first_content_seconds":2`}}},

	{name: "all 429", options: stack.Options{Policy: "{queue_wait: 10ms, max_wait: 10ms}", Fake: always(fakegemini.Status(429))}, minutes: 16,
		trouble: func(w *watch, minute int) {
			w.Reload() // the accounts need not rest
			w.ask(times(3, claude("hello"))...)
		},
		want:   []string{`HealdOutage{}`, `HealdQueuesFull{reason="accounts_limited"}`, `HealdRateLimited{backend="a"}`, `HealdRequestsFail{}`},
		metric: []string{"heald_attempts_total", `backend="a"`, `reason="rate_limited"`},
		told: told{request: `"reason":"rate_limited"`,
			story:    []string{"attempt 1 at a-1 (a): 429, a rate limit of the provider was reached (rate_limited)", "all accounts were over a rate limit or a quota (accounts_limited)"},
			accounts: []string{`"kind":"rate_limit","why":"the rate limit is reached (group ai_studio/account:a-1)","until":`}}},

	{name: "keys of memory that differ", options: stack.Options{Replicas: 2, MemoryKeys: []string{"one memory key of 32 bytes or more", "another memory key of 32 bytes or more"}}, minutes: 3,
		trouble: func(w *watch, minute int) {
			w.Fake().Enqueue(fakegemini.EmptyOK())
			w.ask(claude("hello"))
		},
		want:   []string{`HealdMemoryKeysDiffer{result="other_key"}`},
		metric: nil, // at the replica of the second attempt
		told: told{request: `"memory":"other_key"`,
			story: []string{"attempt 1: nothing is known of it", "attempt 2 could not read the memory of earlier attempts: its replica has another memory key"}}},

	{name: "heald is down", options: stack.Options{Replicas: 2}, minutes: 5,
		trouble: func(w *watch, minute int) {
			if minute == 0 {
				for _, r := range w.Replicas {
					r.Kill()
				}
				w.eventually("no replica healthy", func() bool { return w.healthy() == 0 })
			}
		},
		want: []string{`HealdDown{}`, `HealdNoReplicaHealthy{}`, `HealdReplicaDown{instance="heald-0",job="heald"}`, `HealdReplicaDown{instance="heald-1",job="heald"}`}},

	{name: "a bad reload", minutes: 3,
		trouble: func(w *watch, minute int) {
			if minute > 0 {
				return
			}
			if err := os.WriteFile(w.Config, []byte("backends: nonsense\n"), 0o600); err != nil {
				w.t.Fatal(err)
			}
			w.eventually("the file is refused", func() bool {
				return len(w.Replicas[0].Log.Lines("configuration not reloaded, the old one stays")) > 0
			})
		},
		want:   []string{`HealdConfigurationRefused{instance="heald-0",job="heald"}`},
		metric: []string{"heald_config_reloads_total", `result="refused"`},
		told:   told{accounts: []string{`"refused":"backends: \"nonsense\" stands where a list belongs (line 1)`}}},

	{name: "Envoy refuses retries", options: stack.Options{Edit: oneRetry, Keys: []string{"key-1", "key-2"}}, minutes: 3,
		trouble: func(w *watch, minute int) {
			w.Fake().Enqueue(many(12, fakegemini.Status(500))...)
			w.ask(times(12, claude("hello"))...)
		},
		want:   []string{`HealdEnvoyRefusesRetries{}`},
		metric: []string{"heald_attempts_total", `verdict="retry"`},
		told: told{refused: true,
			story: []string{"500, the provider failed (upstream_error)", "no other attempt came", "Envoy refused to retry", "#retries-are-refused"}}},

	{name: "Redis is gone", redis: true, minutes: 3,
		trouble: func(w *watch, minute int) {
			if minute == 0 {
				w.redis.Kill()
			}
			w.ask(claude("hello"))
			w.eventually("the replica notices", func() bool { return w.Replicas[0].Metric("heald_state_up") == 0 })
		},
		want:   []string{`HealdRedisUnreachable{instance="heald-0",job="heald"}`},
		metric: []string{"heald_state_local_decisions_total"},
		told:   told{accounts: []string{`"store":"redis","up":false,"why":"this replica works by itself, with its part of each limit"`}}},
}

// slow is above what HealdFirstContentSlow bears.
const slow = 21 * time.Second

func many(n int, r fakegemini.Reply) []fakegemini.Reply {
	return slices.Repeat([]fakegemini.Reply{r}, n)
}

// always has a fake answer everything alike.
func always(r fakegemini.Reply) fakegemini.Options {
	return fakegemini.Options{Faults: func(int) (fakegemini.Reply, bool) { return r, true }}
}

var retryBudget = regexp.MustCompile(`(retry_budget:\s+budget_percent:\s+value:) 50(\s+min_retry_concurrency:) 200`)

// oneRetry lets Envoy make a single retry at a time, over all requests.
func oneRetry(yaml string) string { return retryBudget.ReplaceAllString(yaml, "${1} 1${2} 1") }

// quiet is how many minutes go well before each night.
const quiet = 15

// Whatever goes wrong at night, an alert names it, and no other one hides it.
func TestNightShift(t *testing.T) {
	for _, n := range nights {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			n.play(t)
		})
	}
}

func (n night) play(t *testing.T) {
	var redis *redistest.Server
	if n.redis {
		redis = redistest.Start(t)
		n.options.Config = "state: {redis: {url: '" + redis.URL() + "'}}\n"
	}
	w := start(t, n.options)
	w.redis = redis
	w.scrape()
	w.Repeat(quiet)
	if got := w.Alerts(t); len(got) > 0 {
		t.Errorf("before the trouble: %s", strings.Join(got, ", "))
	}
	for minute := range n.minutes {
		n.trouble(w, minute)
		w.scrape()
	}
	if got := w.Alerts(t); !slices.Equal(got, n.want) {
		t.Errorf("alerts %q, want %q", got, n.want)
	}
	if n.metric != nil && w.Replicas[0].Metric(n.metric[0], n.metric[1:]...) == 0 {
		t.Errorf("%q is 0", n.metric)
	}
	n.told.check(t, w)
}
