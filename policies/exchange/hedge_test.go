package exchange

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/hedge"
	"github.com/heald-proxy/heald/policies/route"
)

// hedger is a rig under a policy with hedge, whose budget is full.
func hedger(t *testing.T, setting string) (rig, func(name, label string) float64) {
	t.Helper()
	r, count := newRig(t, func(c *Config) {
		c.Policies = map[string]route.Settings{route.DefaultPolicy: {Hedge: setting}}
	}).counting(t)
	earn(r, 1000)
	return r, count
}

func earn(r rig, requests int) {
	for range requests {
		r.duplicates.Earn()
	}
}

// paid is how many duplicates the budget still pays for.
func paid(r rig) (n int) {
	for r.duplicates.Take() {
		n++
	}
	for range n {
		r.duplicates.GiveBack()
	}
	return n
}

// hedgeOf returns the headers of a forwarded request that ask for a duplicate.
func hedgeOf(f *policies.Forward) map[string]string {
	got := map[string]string{}
	for _, h := range f.Set {
		if strings.HasPrefix(h.Name, "x-envoy-") {
			got[h.Name] = h.Value
		}
	}
	return got
}

func TestHedgeHeaders(t *testing.T) {
	want := map[string]string{
		"x-envoy-hedge-on-per-try-timeout": "true", "x-envoy-upstream-rq-per-try-timeout-ms": "1500", "x-envoy-max-retries": "1",
		"x-envoy-retry-on": "retriable-headers", "x-envoy-retriable-header-names": "x-heald-lost",
	}
	r, _ := hedger(t, "1.5s")
	if got := hedgeOf(send(t, r.begin(1, ""), ask)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	// A client cannot ask for it: heald removes what it sends.
	off, _ := hedger(t, "off")
	f := send(t, off.begin(1, "", "x-envoy-retry-on", "5xx", "x-envoy-max-retries", "9"), ask)
	if got := hedgeOf(f); len(got) > 0 || !strings.Contains(strings.Join(f.Remove, " "), "x-envoy-max-retries") {
		t.Errorf("without hedge: sets %v, removes %v", got, f.Remove)
	}
}

func TestNoHedge(t *testing.T) {
	long := strings.Replace(ask, "hi", strings.Repeat("word ", hedgeBodyLimit/5+10), 1)
	rows := []struct {
		name, setting, body string
		attempt             int
		headers             []string
	}{
		{"a long body", "1s", long, 1, nil},
		{"a second attempt", "1s", ask, 2, nil},
		{"no shorter than peek.timeout", "1m", ask, 1, nil},
		{"switched off by the route", "1s", ask, 1, []string{"x-heald-set", "hedge=off"}},
	}
	for _, row := range rows {
		r, count := hedger(t, row.setting)
		a := r.begin(row.attempt, "", row.headers...)
		if got := hedgeOf(send(t, a, row.body)); len(got) > 0 {
			t.Errorf("%s: got %v", row.name, got)
		}
		answerWith(a, 200, hello+stop)
		for _, result := range hedgeResults {
			if n := count("heald_hedges_total", result); n != 0 {
				t.Errorf("%s: %v %s", row.name, n, result)
			}
		}
	}
	r, _ := hedger(t, "1s")
	count := r.begin(1, "")
	count.in.Path = "/v1/messages/count_tokens"
	if got := hedgeOf(send(t, count, ask)); len(got) > 0 {
		t.Errorf("a count: got %v", got)
	}
	r, _ = hedger(t, "off")
	if got := hedgeOf(send(t, r.begin(1, "", "x-heald-set", "hedge=1s"), ask)); got["x-envoy-upstream-rq-per-try-timeout-ms"] != "1000" {
		t.Errorf("switched on by the route: got %v", got)
	}
}

func TestHedgeBudget(t *testing.T) {
	r, count := newRig(t, func(c *Config) {
		c.Policies = map[string]route.Settings{route.DefaultPolicy: {Hedge: "1s"}}
	}).counting(t)
	asked := 0
	for i := range 40 {
		a := r.begin(1, "")
		if len(hedgeOf(send(t, a, ask))) > 0 {
			asked++
			a.begunAt, a.sentAt = a.begunAt.Add(-3*time.Second), a.sentAt.Add(-3*time.Second)
		}
		answerWith(a, 200, hello+stop, "x-heald-hedged", "1")
		if asked > (i+1)/10 {
			t.Fatalf("%d of the first %d requests were sent twice", asked, i+1)
		}
	}
	if asked != 4 || count("heald_hedges_total", "over_budget") != 36 || count("heald_hedges_total", "lost") != 4 {
		t.Errorf("%d asked for, %v over budget, %v lost; want 4, 36, 4", asked, count("heald_hedges_total", "over_budget"), count("heald_hedges_total", "lost"))
	}
}

// What came of it: Envoy's header says when the sending that was answered began.
func TestHedgeResults(t *testing.T) {
	rows := []struct {
		name    string
		took    time.Duration // the delay is 1s
		status  int           // 0: no reply came
		details string
		said    string
		result  string // of the metric
		logged  bool
		spent   bool
	}{
		{"in time", 300 * time.Millisecond, 200, "via_upstream", "", "", false, false},
		{"in time, after a retry of Envoy's own", 300 * time.Millisecond, 200, "via_upstream", "7", "", false, false},
		{"the second sending", 1500 * time.Millisecond, 200, "via_upstream", "1012", "won", true, true},
		{"the first one", 1500 * time.Millisecond, 200, "via_upstream", "7", "lost", true, true},
		{"any success", 1500 * time.Millisecond, 201, "via_upstream", "1003", "won", true, true},
		{"which one is not known", 1500 * time.Millisecond, 200, "via_upstream", "yes", "sent", true, true},
		{"both fail", 1500 * time.Millisecond, 503, "via_upstream", "1003", "sent", true, true},
		{"Envoy's budget", 1500 * time.Millisecond, 200, "via_upstream", "", "over_budget", false, false},
		{"just in time", 1100 * time.Millisecond, 200, "via_upstream", "", "", false, false},
		{"an early error", 300 * time.Millisecond, 503, "via_upstream", "", "", false, false},
		{"no reply", 1500 * time.Millisecond, 0, "", "", "sent", true, true},
		{"the client leaves early", 300 * time.Millisecond, 0, "", "", "", false, false},
		{"both connections break", 1500 * time.Millisecond, 503, "upstream_reset", "", "sent", true, true},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r, count := hedger(t, "1s")
			before := paid(r)
			a := r.begin(1, "")
			send(t, a, ask)
			earn(r, 9) // with the request's own, what it paid
			a.begunAt, a.sentAt = a.sentAt.Add(-row.took), a.sentAt.Add(-row.took)
			if row.status != 0 {
				a.ResponseHeaders(&policies.Response{Status: row.status, Details: row.details,
					Headers: policies.Headers{{Name: "x-heald-hedged", Value: row.said}}})
			}
			a.Close(policies.EndCancelled)
			total := 0.0
			for _, result := range hedgeResults {
				total += count("heald_hedges_total", result)
			}
			if row.result == "" && total != 0 || row.result != "" && (total != 1 || count("heald_hedges_total", row.result) != 1) {
				t.Errorf("%v were counted, want one %q", total, row.result)
			}
			want := map[bool]string{true: row.result}[row.logged]
			line := r.log.FilterMessage("attempt finished").All()[0].ContextMap()
			if got, _ := line["hedged"].(string); got != want {
				t.Errorf("logged %q, want %q", got, want)
			}
			if spent := paid(r) == before; spent != row.spent {
				t.Errorf("paid for: %v, want %v", spent, row.spent)
			}
		})
	}
}

// A percentile needs times, and the duplicates do not distort them.
func TestHedgeByPercentile(t *testing.T) {
	r, count := hedger(t, "p90")
	took := func(d time.Duration, said string) map[string]string {
		a := r.begin(1, "")
		got := hedgeOf(send(t, a, ask))
		a.sentAt, a.begunAt = a.sentAt.Add(-d), a.begunAt.Add(-d)
		answerWith(a, 200, hello+stop, "x-heald-hedged", said)
		return got
	}
	for i := range hedge.Enough {
		if got := took(time.Duration(i+1)*time.Second, ""); len(got) > 0 {
			t.Fatalf("after %d times: %v", i, got)
		}
	}
	if n := count("heald_hedges_total", "not_enough_times"); n != hedge.Enough {
		t.Errorf("%v had not enough times, want %d", n, hedge.Enough)
	}
	got := took(time.Second/2, "")["x-envoy-upstream-rq-per-try-timeout-ms"]
	if got < "18000" || got > "18100" || len(got) != 5 {
		t.Errorf("the delay is %s ms, want the 18th of 20 times", got)
	}
	// A win says only that the first sending took longer.
	for range hedge.Enough {
		took(18500*time.Millisecond, "18001")
	}
	if got := took(time.Second/2, "")["x-envoy-upstream-rq-per-try-timeout-ms"]; got < "18000" || len(got) != 5 {
		t.Errorf("after wins the delay is %s ms, want no less than before", got)
	}
}

// Both times of an attempt are measured, with hedge or without.
func TestProviderTimes(t *testing.T) {
	r, _ := newRig(t, nil).counting(t)
	a := r.begin(1, "")
	send(t, a, ask)
	a.sentAt = a.sentAt.Add(-2 * time.Second)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	a.ResponseBody([]byte(heartbeat), false)
	a.sentAt = a.sentAt.Add(-3 * time.Second)
	a.ResponseBody([]byte(hello+stop), true)
	a.Close(policies.EndComplete)
	line := r.log.FilterMessage("attempt finished").All()[0].ContextMap()
	headers, _ := line["headers_ms"].(int64)
	content, _ := line["content_ms"].(int64)
	if headers/1000 != 2 || content/1000 != 5 {
		t.Errorf("logged headers after %d ms and content after %d ms, want 2 s and 5 s", headers, content)
	}
	failed := r.begin(1, "")
	send(t, failed, ask)
	answerWith(failed, 503, overload)
	line = r.log.FilterMessage("attempt finished").All()[1].ContextMap()
	if line["content_ms"] != nil {
		t.Errorf("an error was logged with content after %v ms", line["content_ms"])
	}
}

// Settings that are possible and hardly meant.
func TestHedgeNotes(t *testing.T) {
	for hedge, want := range map[string]string{
		"off": "", "2s": "", "p90": "", "p99": "", "59s": "",
		"1m": "x.hedge: 1m0s is not shorter than peek.timeout", "2m": "is not shorter than peek.timeout", "p89": "x.hedge: 11 of 100 attempts", "p50": "50 of 100",
	} {
		notes := route.Settings{Hedge: hedge}.WithDefaults().Notes("x")
		switch {
		case want == "" && len(notes) > 0:
			t.Errorf("%s: %v", hedge, notes[0])
		case want != "" && (len(notes) != 1 || !notes[0].Note || !strings.Contains(notes[0].Error(), want)):
			t.Errorf("%s: got %v, want %q", hedge, notes, want)
		}
	}
}
