package observed

import (
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/envoy/observability"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/policies/tenant"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/fakegoogle"
	"github.com/heald-proxy/heald/test/prometheus"
	"github.com/heald-proxy/heald/test/stack"
)

// step lies between two scrapes of the day.
const step = 15 * time.Second

// chosen is what Grafana puts in for the variables of the dashboard.
var chosen = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$backend", ".*", "$tenant", ".*")

// Each query of each panel finds something in what a heald told on a day on which a
// bit of everything happened, with the labels that its legend names; and what can be
// chosen above the panels has values.
func TestDashboard(t *testing.T) {
	w := day(t)
	p := prometheus.Start(t, &w.Recording, step)
	queries := 0
	seen := map[string]bool{}
	for _, row := range observability.Rows {
		for _, panel := range row.Panels {
			seen[panel.Title] = true
			for _, q := range panel.Queries {
				queries++
				// The day has something to count, so that no 0 may stand in for it.
				expr := chosen.Replace(strings.TrimSuffix(q.Expression(), " or vector(0)"))
				found, err := p.Query(expr)
				if err != nil || len(found) == 0 {
					t.Errorf("%s, %s: found %v, %v: %s", row.Title, panel.Title, found, err, expr)
					continue
				}
				if wrong := did[panel.Title]; wrong != nil && wrong(found) {
					t.Errorf("%s, %s: the day went otherwise: %v: %s", row.Title, panel.Title, found, expr)
				}
				for _, name := range legendLabels.FindAllStringSubmatch(q.Legend, -1) {
					if !has(found, name[1]) {
						t.Errorf("%s, %s: no series of %s has a label %s", row.Title, panel.Title, expr, name[1])
					}
				}
			}
		}
	}
	t.Logf("%d queries", queries)
	for title := range did {
		if !seen[title] {
			t.Errorf("the dashboard has no panel %s", title)
		}
	}
	for _, v := range observability.Variables {
		m := labelValues.FindStringSubmatch(v.Query)
		if m == nil {
			t.Fatalf("%s is no label_values(metric, label)", v.Query)
		}
		if values, err := p.LabelValues(m[1], m[2]); err != nil || len(values) == 0 {
			t.Errorf("variable %s: found %q, %v", v.Name, values, err)
		}
	}
}

// did are the panels of which it is known what the day did, each with what would be
// wrong. The package observability compares every number over a day that is made up.
var did = map[string]func([]prometheus.Series) bool{
	"Replicas":                 func(s []prometheus.Series) bool { return s[0].Value != 2 },
	"Failed or broken":         func(s []prometheus.Series) bool { return s[0].Value <= 0 || s[0].Value > 0.5 }, // most have passed
	"Attempts per request":     func(s []prometheus.Series) bool { return s[0].Value < 0.3 || s[0].Value > 5 },  // a rate over a short day misses the first count of each series
	"Accounts out":             func(s []prometheus.Series) bool { return s[0].Value < 1 },                      // key-3 is wrong
	"Money in 24 h":            func(s []prometheus.Series) bool { return s[0].Value <= 0 },
	"Requests by outcome":      lacks("outcome", "passed", "failed", "local"),
	"Attempts by verdict":      lacks("verdict", "pass", "retry", "failover", "repair", "fail"),
	"Over the limit (429)":     lacks("reason", "rate_limited"),
	"Attempts by backend":      lacks("backend", "a", "b", "v"),
	"May not be asked":         lacks("state", "credential"),
	"Requests by tenant":       lacks("tenant", "team-0", "team-1"),
	"Attempts without a price": lacks("model", "other"), /* no client's model names a series */
	"Limits, used": func(s []prometheus.Series) bool {
		return slices.ContainsFunc(s, func(one prometheus.Series) bool { return one.Value < 0 || one.Value > 1 })
	},
	"Attempts that did not pass, by reason":  either(lacks("reason", "upstream_overloaded", "rate_limited"), shows("reason", "ok")),
	"Attempts that did not pass, by account": either(lacks("reason", "account_key_invalid"), shows("reason", "ok")),
}

// lacks reports whether no series has one of the values of a label.
func lacks(label string, values ...string) func([]prometheus.Series) bool {
	return func(s []prometheus.Series) bool {
		return slices.ContainsFunc(values, func(v string) bool { return !shows(label, v)(s) })
	}
}

// shows reports whether a series has a value of a label.
func shows(label, value string) func([]prometheus.Series) bool {
	return func(s []prometheus.Series) bool {
		return slices.ContainsFunc(s, func(one prometheus.Series) bool { return one.Labels[label] == value })
	}
}

func either(a, b func([]prometheus.Series) bool) func([]prometheus.Series) bool {
	return func(s []prometheus.Series) bool { return a(s) || b(s) }
}

var (
	legendLabels = regexp.MustCompile(`\{\{(\w+)\}\}`)
	labelValues  = regexp.MustCompile(`^label_values\((\w+), (\w+)\)$`)
)

// has reports whether one of the series has a label.
func has(series []prometheus.Series, label string) bool {
	for _, s := range series {
		if s.Labels[label] != "" {
			return true
		}
	}
	return false
}

// What heald tells has the form that Prometheus asks for.
func TestMetricsForm(t *testing.T) {
	w := start(t, stack.Options{})
	w.ask(claude("hello"))
	w.Settle()
	if output, ok := prometheus.Promtool(t, w.Replicas[0].Get("/metrics"), "check", "metrics"); !ok {
		t.Errorf("promtool check metrics:\n%s", output)
	}
}

// day has a bit of everything happen to two replicas that share a Redis.
func day(t *testing.T) *watch {
	t.Helper()
	google := &fakegoogle.Google{}
	metadata := httptest.NewServer(google.Metadata())
	t.Cleanup(metadata.Close)
	t.Setenv("GCE_METADATA_HOST", metadata.Listener.Addr().String())
	redis := redistest.Start(t)
	keys := []string{tenant.Make().Reveal(), tenant.Make().Reveal()}
	var config strings.Builder
	fmt.Fprintf(&config, "state: {redis: {url: %q}}\nrecord: {otlp: {endpoint: 'http://127.0.0.1:1'}}\nprices: {models: {}}\nmemory: {limit: 500MiB}\ntenants:\n", redis.URL())
	for i, key := range keys {
		fmt.Fprintf(&config, "- {name: team-%d, keys: [{hash: %q}]}\n", i, "sha256:"+tenant.HashOf(key).String())
	}
	w := start(t, stack.Options{
		Replicas: 2, Backends: []string{"a", "b", "v"}, Vertex: []string{"v"}, Keys: []string{"key-1", "key-2", "key-3"}, WrongKeys: []string{"key-3"},
		Config: config.String(), Resume: true,
		Policy: "{resume: text, peek: {timeout: 2s}, idle_timeout: 1s, local: {warmup: true}}",
		Account: func(i int) string {
			return [...]string{"project: p1, slots: 2, limits: {rpm: 1000, rpd: 100000}", "project: p2, slots: 2", "project: p3, slots: 2"}[i]
		},
		Fake: fakegemini.Options{Models: []string{"gemini-unpriced"}},
	})
	w.redis = redis
	w.addGoogle()
	w.scrape()
	penalty := fakegemini.Status(400, fakegemini.Message("Penalty is not enabled for this model"))
	rotterdam := fakegemini.EndWithoutFinish("The harbor of Rotterdam is the largest in Europe. ")
	for i, happens := range [][]fakegemini.Reply{
		nil,
		{fakegemini.EmptyOK()},
		{penalty}, {penalty}, {penalty}, {penalty}, {penalty}, // two of them at one replica, which learns
		many(2, fakegemini.Status(503)),
		{fakegemini.Status(429, fakegemini.QuotaID("GenerateRequestsPerMinutePerProjectPerModel"))},
		{rotterdam}, {rotterdam}, {rotterdam}, {rotterdam}, // at least one goes to a stream, which is resumed
		many(4, fakegemini.Status(400, fakegemini.Message("Unsupported thing."))),
	} {
		w.replies(happens...)
		w.ask(claude(fmt.Sprint("hello ", i)).by(keys[0]), chat(fmt.Sprint("bye ", i)).by(keys[1]))
		w.ask(request{"/v1/messages", `{"model":"gemini-unpriced","max_tokens":10,"messages":[{"role":"user","content":"hello"}]}`, keys[0]})
		w.scrape()
	}
	w.replies()
	w.redis.Pause()
	w.ask(times(3, claude("hello").by(keys[0]))...)
	w.scrape()
	w.redis.Resume()
	w.ask(times(3, claude("hello").by(keys[1]))...)
	w.scrape()
	w.ask(request{"/v1/messages", warmup, keys[0]})
	w.crowd(keys[0])
	w.scrape()
	w.Repeat(2) // a rate needs two scrapes after the first count
	return w
}

// replies are what each fake answers next, and nothing that was left over.
func (w *watch) replies(replies ...fakegemini.Reply) {
	for _, f := range w.Fakes {
		f.Reset()
		f.Enqueue(replies...)
	}
}

// warmup is a probe of Claude Code's.
const warmup = `{"model":"gemini-3.5-flash","max_tokens":1,"messages":[{"role":"user","content":"quota"}]}`

// addGoogle gives backend v an account whose tokens come from Google.
func (w *watch) addGoogle() {
	w.t.Helper()
	text, err := os.ReadFile(w.Config)
	if err == nil {
		err = os.WriteFile(w.Config, []byte(strings.Replace(string(text), "accounts:\n", "accounts:\n- {id: google, backend: v, credential: {type: metadata}, slots: 1}\n", 1)), 0o600)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.Reload()
}

// crowd has more requests run than accounts have slots, and scrapes while they wait.
func (w *watch) crowd(key string) {
	w.t.Helper()
	gate := make(chan struct{})
	w.replies(many(60, fakegemini.Gate(gate).Then(fakegemini.Text("done")))...)
	done := make(chan struct{})
	go func() { // ends before crowd does
		defer close(done)
		w.ask(times(60, claude("crowd").by(key))...)
	}()
	w.eventually("requests wait", func() bool {
		return w.Replicas[0].Metric("heald_tenant_waiting")+w.Replicas[1].Metric("heald_tenant_waiting") > 0
	})
	w.scrapeNow()
	close(gate)
	<-done
	w.replies()
}
