package observability

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/test/prometheus"
)

// mutants are a rule's expression with one thing taken away or changed: a word of a
// list, a summand, a comparison. Each is a mistake that an edit may make.
func mutants(expr string) (all []string) {
	for _, m := range list.FindAllStringSubmatch(expr, -1) {
		words := strings.Split(m[1], "|")
		for i := range words {
			rest := append(append([]string{}, words[:i]...), words[i+1:]...)
			all = append(all, strings.ReplaceAll(expr, `"`+m[1]+`"`, `"`+strings.Join(rest, "|")+`"`))
		}
	}
	for _, change := range [][2]string{
		{`verdict="fail"`, `verdict=~"fail|retry"`}, {`outcome="broken"`, `outcome=~"broken|canceled"`},
		{"min by", "max by"}, {"heald_backend_breaker) >= 1", "heald_backend_breaker) >= 2"}, {`{kind!="too_large"}`, ""},
		{"[1h] offset", "[1m] offset"},
	} {
		if strings.Contains(expr, change[0]) {
			all = append(all, strings.ReplaceAll(expr, change[0], change[1]))
		}
	}
	if summands := strings.Split(expr, "\n+ "); len(summands) == 2 {
		_, compared, _ := strings.Cut(summands[1], " > ")
		all = append(all, summands[0]+" > "+compared, summands[1])
	}
	if left, _, ok := strings.Cut(expr, "\nand heald:requests:rate5m"); ok {
		all = append(all, left)
	}
	return all
}

// list is a matcher with several words.
var list = regexp.MustCompile(`[=!]~"([^"]*\|[^"]*)"`)

// The cases of words_test.yaml fail for every mutant of a rule.
func TestEveryWordOfARuleCounts(t *testing.T) {
	rules, err := os.ReadFile("rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file cases
	readYAML(t, "words_test.yaml", &file)
	all := readRules(t)
	if output, ok := prometheus.Promtool(t, "", "test", "rules", "words_test.yaml"); !ok {
		t.Fatalf("the rules as they are:\n%s", output)
	}
	seen := map[string]bool{}
	for _, r := range all {
		about := file.about(t, alertsOf(r, all))
		for i, mutant := range mutants(r.Expr) {
			if seen[mutant] {
				continue // a list that stands twice in a rule
			}
			seen[mutant] = true
			t.Run(fmt.Sprint(r.Alert, r.Record, i), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				text := strings.ReplaceAll(string(rules), indented(r.Expr), indented(mutant))
				if text == string(rules) {
					t.Fatalf("rules.yaml does not have the expression as it was read:\n%s", indented(r.Expr))
				}
				for name, content := range map[string]string{"rules.yaml": text, "words_test.yaml": about} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if _, ok := prometheus.Promtool(t, "", "test", "rules", filepath.Join(dir, "words_test.yaml")); ok {
					t.Errorf("no case of words_test.yaml fails with\n%s", mutant)
				}
			})
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d mutants: the test does not find them", len(seen))
	}
}

// cases are those of words_test.yaml.
type cases struct {
	RuleFiles []string    `yaml:"rule_files"`
	Interval  string      `yaml:"evaluation_interval"`
	Tests     []yaml.Node `yaml:"tests"`
}

// about is a file of the cases that name one of some alerts: playing all of them for
// each mutant would take minutes.
func (c cases) about(t *testing.T, alerts []string) string {
	t.Helper()
	var some []yaml.Node
	for _, test := range c.Tests {
		text, err := yaml.Marshal(&test)
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(alerts, func(name string) bool { return strings.Contains(string(text), name) }) {
			some = append(some, test)
		}
	}
	c.Tests = some
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// alertsOf are the alerts that a rule is, or is a part of.
func alertsOf(r rule, all []rule) (names []string) {
	if r.Alert != "" {
		return []string{r.Alert}
	}
	for _, other := range all {
		if other.Alert != "" && strings.Contains(other.Expr, r.Record) {
			names = append(names, other.Alert)
		}
	}
	return names
}

// indented is an expression as rules.yaml has it.
func indented(expr string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(expr), "\n", "\n      ")
}
