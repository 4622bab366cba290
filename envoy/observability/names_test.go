package observability

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/stack"
)

// rule is one of rules.yaml.
type rule struct {
	Record, Alert, Expr string
	Labels, Annotations map[string]string
}

func readRules(t *testing.T) (all []rule) {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	readYAML(t, "rules.yaml", &file)
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 20 {
		t.Fatalf("%d rules: the test does not find them", len(all))
	}
	return all
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func operating(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(stack.Root(), "OPERATING.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// metricRow is a row of OPERATING's table of all metrics.
var metricRow = regexp.MustCompile("(?m)^\\| `(heald_[a-z_]+)` \\| ([a-z_, ]*) \\|")

// labelsOf are the labels of each metric that queries may name: heald's, as
// OPERATING.md lists them, and what is known of others.
func labelsOf(t *testing.T) map[string][]string {
	t.Helper()
	known := map[string][]string{
		"up":                                             {"job"},
		"process_resident_memory_bytes":                  nil,
		"process_cpu_seconds_total":                      nil,
		"envoy_cluster_upstream_rq_retry":                {"envoy_cluster_name"},
		"envoy_cluster_upstream_rq_retry_overflow":       {"envoy_cluster_name"},
		"envoy_cluster_upstream_rq_retry_limit_exceeded": {"envoy_cluster_name"},
		"envoy_cluster_membership_healthy":               {"envoy_cluster_name"},
	}
	rows := metricRow.FindAllStringSubmatch(operating(t), -1)
	if len(rows) < 50 {
		t.Fatalf("OPERATING.md lists %d metrics: the test does not find them", len(rows))
	}
	for _, row := range rows {
		labels := strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' || r == ' ' })
		known[row[1]] = labels
		if strings.HasSuffix(row[1], "_seconds") {
			for _, part := range []string{"_bucket", "_sum", "_count"} {
				known[row[1]+part] = append(slices.Clone(labels), "le")
			}
		}
	}
	return known
}

var (
	quoted    = regexp.MustCompile(`"[^"]*"`)
	ranges    = regexp.MustCompile(`\[[^\]]*\]`)
	matchers  = regexp.MustCompile(`\{([^}]*)\}`)
	groupings = regexp.MustCompile(`\b(?:by|on|without|ignoring) \(([^)]*)\)`)
	word      = regexp.MustCompile(`[a-z_][a-z_0-9:]*`)
)

// keywords are the words of PromQL that the queries use and that name no metric.
var keywords = strings.Fields("sum max min count rate increase histogram_quantile last_over_time absent time and or unless offset bool by on vector m h")

// named are the metrics and the labels that an expression names.
func named(expr string) (metrics, labels []string) {
	expr = quoted.ReplaceAllString(ranges.ReplaceAllString(expr, ""), "")
	for _, of := range []*regexp.Regexp{matchers, groupings} {
		for _, m := range of.FindAllStringSubmatch(expr, -1) {
			labels = append(labels, word.FindAllString(m[1], -1)...)
		}
		expr = of.ReplaceAllString(expr, "")
	}
	for _, w := range word.FindAllString(expr, -1) {
		if !slices.Contains(keywords, w) {
			metrics = append(metrics, w)
		}
	}
	return metrics, labels
}

// Every metric and label that the dashboard and the rules name exists.
func TestNames(t *testing.T) {
	known := labelsOf(t)
	check := func(where, expr string) {
		metrics, labels := named(expr)
		if len(metrics) == 0 {
			t.Errorf("%s: %s names no metric", where, expr)
		}
		allowed := []string{"instance"}
		for _, m := range metrics {
			of, found := known[m]
			if !found {
				t.Errorf("%s: there is no metric %s", where, m)
			}
			allowed = append(allowed, of...)
		}
		for _, l := range labels {
			if !slices.Contains(allowed, l) {
				t.Errorf("%s: %s has no label %s", where, strings.Join(metrics, ", "), l)
			}
		}
	}
	rules := readRules(t)
	for _, r := range rules {
		if r.Record != "" {
			_, labels := named(r.Expr)
			known[r.Record] = labels
		}
	}
	for _, r := range rules {
		check(r.Alert+r.Record, r.Expr)
	}
	for _, row := range Rows {
		for _, p := range row.Panels {
			for _, q := range p.Queries {
				check(p.Title, q.Expression())
			}
		}
	}
	for _, v := range Variables {
		metric, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Query, "label_values("), ")"), ", ")
		check("variable "+v.Name, metric+"{"+label+"}")
	}
}

// The test finds what expressions name.
func TestNamed(t *testing.T) {
	metrics, labels := named(`histogram_quantile(0.95, sum by (le, op) (rate(a_bucket{x=~"y|z",v!=""}[$__rate_interval]))) / (b:c > bool 0) and on (w) d offset 10m`)
	if want := []string{"a_bucket", "b:c", "d"}; !slices.Equal(metrics, want) {
		t.Errorf("metrics %q, want %q", metrics, want)
	}
	if want := []string{"x", "v", "le", "op", "w"}; !slices.Equal(labels, want) {
		t.Errorf("labels %q, want %q", labels, want)
	}
}

// What alerts do not count as a failure of the gateway is what the log does not
// call an error: one list, in policies/heal, and what is no failure at all.
func TestClientsFaultsAreNoFailures(t *testing.T) {
	want := append([]string{heal.ReasonClientGone, heal.ReasonProbe, heal.ReasonPreflight}, heal.ClientsFaults...)
	for _, r := range readRules(t) {
		if r.Record != "heald:requests_failed:ratio_rate5m" {
			continue
		}
		m := regexp.MustCompile(`reason!~"([^"]*)"`).FindStringSubmatch(r.Expr)
		if m == nil {
			t.Fatalf("%s excludes no reason", r.Expr)
		}
		excluded := regexp.MustCompile("^(?:" + m[1] + ")$")
		for _, reason := range heal.Reasons {
			if excluded.MatchString(reason) != slices.Contains(want, reason) {
				t.Errorf("%s: the rule excludes it: %t, want %t", reason, excluded.MatchString(reason), slices.Contains(want, reason))
			}
		}
		return
	}
	t.Fatal("there is no rule of the share of failures")
}
