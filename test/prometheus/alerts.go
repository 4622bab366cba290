package prometheus

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// alert finds the alerts in what promtool says that it got.
	alert = regexp.MustCompile(`\{__name__="ALERTS", (.*?)\} 1E`)
	label = regexp.MustCompile(`(\w+)="((?:[^"\\]|\\.)*)"`)
)

// Alerts are the alerts of rules.yaml that fire at the end of the recording, where a
// minute lies between two scrapes: each as its name with its labels but severity, as
// in HealdReplicaDown{instance="h1",job="heald"}, in the order of the alphabet.
func (r *Recording) Alerts(t testing.TB) []string {
	t.Helper()
	// A test with an impossible expectation makes promtool print the actual value.
	text := fmt.Sprintf("rule_files: [%q]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n%s"+
		"  promql_expr_test:\n  - expr: ALERTS{alertstate=\"firing\"}\n    eval_time: %dm\n    exp_samples: [{labels: impossible, value: 0}]\n",
		Rules(), r.inputSeries(told), r.scrapes-1)
	file := filepath.Join(t.TempDir(), "recording.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	output, _ := Promtool(t, "", "test", "rules", file)
	_, got, found := strings.Cut(output, "got:")
	if !found {
		t.Fatalf("promtool says:\n%s", output)
	}
	var alerts []string
	for _, m := range alert.FindAllStringSubmatch(got, -1) {
		name, labels := "", []string(nil)
		for _, l := range label.FindAllStringSubmatch(m[1], -1) {
			switch l[1] {
			case "alertname":
				name = l[2]
			case "alertstate", "severity":
			default:
				labels = append(labels, l[0])
			}
		}
		alerts = append(alerts, name+"{"+strings.Join(labels, ",")+"}")
	}
	slices.Sort(alerts)
	return alerts
}

// told matches the metrics that rules may use: Go's own metrics and Envoy's
// histograms are many.
func told(series string) bool {
	return strings.HasPrefix(series, "up{") || strings.HasPrefix(series, "heald_") ||
		strings.HasPrefix(series, "envoy_cluster_") && !strings.Contains(series, "_bucket{")
}
