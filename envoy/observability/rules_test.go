package observability

import (
	"regexp"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/prometheus"
)

// promtool takes the rules, and plays the cases of rules_test.yaml.
func TestRules(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "rules.yaml"}, {"test", "rules", "rules_test.yaml"}} {
		if output, ok := prometheus.Promtool(t, "", args...); !ok {
			t.Errorf("promtool %s:\n%s", strings.Join(args, " "), output)
		}
	}
}

// Each alert has a case in which it fires, and one in which it is quiet.
func TestRuleCases(t *testing.T) {
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name string           `yaml:"alertname"`
				Want []map[string]any `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	readYAML(t, "rules_test.yaml", &file)
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, c := range file.Tests {
		for _, a := range c.Alerts {
			if len(a.Want) > 0 {
				fires[a.Name] = true
			} else {
				quiet[a.Name] = true
			}
		}
	}
	for _, r := range readRules(t) {
		if r.Alert != "" && (!fires[r.Alert] || !quiet[r.Alert]) {
			t.Errorf("%s: a case in which it fires: %v, in which it is quiet: %v", r.Alert, fires[r.Alert], quiet[r.Alert])
		}
	}
}

const pages = "https://github.com/heald-proxy/heald/blob/main/OPERATING.md#"

// section finds the runbook of an alert: its name, and its text up to the next
// heading.
var section = regexp.MustCompile(`(?ms)^### (Heald\w+)\n(.*?)^#`)

// Each alert says how bad it is and what it is about, and leads to a section of
// OPERATING.md that says what it means, what to look at and what to do.
func TestRunbooks(t *testing.T) {
	_, alerts, found := strings.Cut(operating(t), "\n## Alerts\n")
	if !found {
		t.Fatal("OPERATING.md has no section Alerts")
	}
	runbooks := map[string]string{}
	for rest := alerts; ; {
		m := section.FindStringSubmatchIndex(rest)
		if m == nil {
			break
		}
		runbooks[rest[m[2]:m[3]]] = rest[m[4]:m[5]]
		rest = rest[m[5]:]
	}
	for _, r := range readRules(t) {
		if r.Alert == "" {
			continue
		}
		if s := r.Labels["severity"]; s != "critical" && s != "warning" && s != "info" {
			t.Errorf("%s: severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s has no summary or description", r.Alert)
		}
		if got, want := r.Annotations["runbook_url"], pages+strings.ToLower(r.Alert); got != want {
			t.Errorf("%s: runbook_url %s, want %s", r.Alert, got, want)
		}
		text, found := runbooks[r.Alert]
		for _, part := range []string{"**It means:**", "**Look at:**", "**Do:**"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: OPERATING.md has a section: %v, and in it no %s", r.Alert, found, part)
			}
		}
		delete(runbooks, r.Alert)
	}
	for name := range runbooks {
		t.Errorf("OPERATING.md has a section on %s, which is no alert", name)
	}
}
