package observability

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/prometheus"
)

const (
	step    = 15 * time.Second // between two scrapes of the day
	scrapes = 120              // half an hour: more than any window but that of 24 h
)

// targets are the columns of testdata/day.txt.
var targets = []string{
	`job="heald",instance="heald-0"`, `job="heald",instance="heald-1"`,
	`job="envoy",instance="envoy-0"`, `job="envoy",instance="envoy-1"`,
}

// grows matches names of counters.
var grows = regexp.MustCompile(`_(total|bucket|sum|count|retry|retry_overflow|retry_limit_exceeded)$`)

// playDay plays testdata/day.txt to a Prometheus.
func playDay(t *testing.T) *prometheus.Server {
	t.Helper()
	lines := readLines(t, "testdata/day.txt")
	var day prometheus.Recording
	for i := range scrapes {
		day.Begin()
		for column, labels := range targets {
			var text strings.Builder
			for _, line := range lines {
				fields := strings.Fields(line)
				if len(fields) != 1+len(targets) {
					t.Fatalf("%q has no %d columns", line, len(targets))
				}
				name, _, _ := strings.Cut(fields[0], "{")
				value, err := strconv.ParseFloat(fields[1+column], 64)
				switch {
				case fields[1+column] == "-":
					continue
				case err != nil:
					t.Fatal(err)
				case grows.MatchString(name):
					value *= float64(i) * step.Seconds()
				}
				fmt.Fprintf(&text, "%s %g\n", fields[0], value)
			}
			day.Add(labels, text.String(), true)
		}
	}
	return prometheus.Start(t, &day, step)
}

// readLines are those of a file, but empty ones and comments.
func readLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return line == "" || strings.HasPrefix(line, "#") })
}

// answer is what a query finds, as lines of testdata/panels.txt: the labels in the
// order of the alphabet, and the value with four digits.
func answer(t *testing.T, p *prometheus.Server, expr string) []string {
	t.Helper()
	found, err := p.Query(chosen.Replace(expr))
	if err != nil {
		return []string{"  " + err.Error()}
	}
	var lines []string
	for _, series := range found {
		var labels []string
		for name, value := range series.Labels {
			if name != "__name__" && name != "job" {
				labels = append(labels, name+"="+value)
			}
		}
		slices.Sort(labels)
		line := "  " + strings.Join(append(labels, strconv.FormatFloat(series.Value, 'g', 4, 64)), " ")
		if strings.HasPrefix(expr, "time() - ") && series.Value > 1e9 {
			line = "  " + strings.Join(append(labels, "since 1970"), " ") // of a clock that the test does not know
		}
		if math.IsNaN(series.Value) {
			line += " is no number"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return lines
}

// chosen is what Grafana puts in for the variables of the dashboard.
var chosen = strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "$backend", ".*", "$tenant", ".*")

// changes are mistakes in queries: what is on the left becomes what is on the right,
// in one place at a time and everywhere.
var changes = [][2]string{
	{"0.95", "0.05"}, {"0.5", "0.95"}, {"failed|broken", "passed|broken"}, {"> bool 0", "> bool 9"}, {"> bool 0", "> bool 1"}, {"[24h]", "[24m]"},
	{"max by", "min by"}, {"min by", "max by"}, {"min(", "max("}, {"sum(", "max("}, {"sum by (", "max by ("}, {"count(", "max("}, {"sum(", "count("},
	{`verdict!="pass"`, `verdict!="fail"`}, {`state!="ready"`, `state!="busy"`}, {`backend!="",`, ""}, {`backend!=""}`, "}"}, {`account!="",`, ""}, {`"inner"`, `"heald"`},
	{"quota_exhausted", "quota_exhausteX"}, {"credential|forbidden|refused|money", "broken|bad"}, {"credential", "credentials"},
	{"rate(", "increase("}, {"increase(", "rate("}, {"3600 * ", ""},
	{"provider_headers", "provider_content"}, {"provider_content", "provider_headers"}, {"first_content", "request_first_byte"}, {"request_first_byte", "first_content"},
	{"state_errors", "state_local_decisions"}, {"state_local_decisions", "state_errors"}, {"slots_in_use", "slots"}, {"account_slots{", "account_slots_in_use{"},
	{"usage_cost", "usage_unpriced"}, {"usage_tokens", "usage_unpriced"}, {"group_used", "group_limit"}, {"group_limit", "group_learned_limit"}, {"group_learned_limit", "group_limit"},
	{"held_bytes", "held_limit_bytes"}, {"held_limit_bytes", "held_bytes"}, {"retry_overflow", "retry_limit_exceeded"}, {"retry_limit_exceeded", "retry_overflow"}, {"rq_retry{", "rq_retry_overflow{"},
	{"waited_total", "acquired_total"}, {"acquired_total", "waited_total"}, {"dropped_total", "lost_total"}, {" and on (instance) heald_build_info", ""},
}

// harmless reports whether a change does not change what a query means.
func harmless(panel, expr string, change [2]string) bool {
	switch {
	case change[0] == "rate(" && strings.HasPrefix(expr, "histogram_quantile("):
		return true // a quantile of the sum is that of the sum per second
	case strings.Contains(expr, "heald_account_state") && (change == [2]string{"max by", "min by"} || change == [2]string{"sum(", "count("}):
		return true // an account's state is told as 1 or not at all
	}
	// What is no backend on one side of a division has nothing on the other.
	return panel == "Share of attempts that did not pass" && strings.HasPrefix(change[0], `backend!=""`)
}

// mistakes are a query with one thing wrong.
func mistakes(panel, expr string) (all []string) {
	for _, m := range list.FindAllStringSubmatchIndex(expr, -1) {
		words := strings.Split(expr[m[2]:m[3]], "|")
		for i := range words {
			rest := slices.Concat(words[:i], words[i+1:])
			all = append(all, expr[:m[2]]+strings.Join(rest, "|")+expr[m[3]:])
		}
	}
	for _, change := range changes {
		if harmless(panel, expr, change) {
			continue
		}
		parts := strings.Split(expr, change[0])
		for i := 1; i < len(parts); i++ {
			all = append(all, strings.Join(parts[:i], change[0])+change[1]+strings.Join(parts[i:], change[0]))
		}
		if change[0] == "rate(" && strings.Contains(expr, " / ") {
			continue // on both sides of a division it changes nothing
		}
		all = append(all, strings.Join(parts, change[1]))
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(mistake string) bool { return mistake == expr })
}

// Each query of the dashboard finds in a day that is made up what testdata/panels.txt
// says, and with a mistake in it something else.
func TestPanelsTellTheDay(t *testing.T) {
	p := playDay(t)
	var got, undetected []string
	mistaken := 0
	for _, row := range Rows {
		for _, panel := range row.Panels {
			for _, q := range panel.Queries {
				told := answer(t, p, q.Expression())
				got = append(got, strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", row.Title, panel.Title, q.Legend), ": "))
				got = append(got, told...)
				if left, zero := strings.CutSuffix(q.Expression(), " or vector(0)"); zero && len(answer(t, p, left)) == 0 {
					t.Errorf("%s: vector(0) hides that nothing matches %s", panel.Title, left)
				}
				for _, mistake := range mistakes(panel.Title, q.Expression()) {
					mistaken++
					if slices.Equal(answer(t, p, mistake), told) {
						undetected = append(undetected, panel.Title+": "+mistake)
					}
				}
			}
		}
	}
	want := readLines(t, "testdata/panels.txt")
	if !slices.Equal(got, want) {
		t.Errorf("testdata/panels.txt differs; the queries find\n%s", strings.Join(got, "\n"))
	}
	for _, u := range undetected {
		t.Errorf("the day does not tell this from what is meant: %s", u)
	}
	t.Logf("%d mistakes", mistaken)
	if mistaken < 200 {
		t.Errorf("%d mistakes: the test does not make them", mistaken)
	}
}
