package observability

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/test/stack"
)

// matched finds label, operator and value of each matcher of an expression.
var matched = regexp.MustCompile(`(\w+)(=~|!~|!=|=)"([^"]*)"`)

// wordsOf are the values that labels of heald's have in the code.
func wordsOf(t *testing.T) map[string][]string {
	t.Helper()
	states := []string{"ready", "disabled"}
	for k := account.Busy; k <= account.TenantReserved; k++ {
		states = append(states, k.String())
	}
	var verdicts []string
	for v := policies.Pass; v <= policies.Fail; v++ {
		verdicts = append(verdicts, v.String())
	}
	return map[string][]string{
		"reason": heal.Reasons, "state": states, "verdict": verdicts,
		"outcome":            written(t, "policies/exchange/close.go", `return "([a-z]+)"`),
		"result":             written(t, "policies/exchange/*.go", `(?:metrics\.memory\.WithLabelValues|\.ignored)\("([a-z_]+)"\)`),
		"kind":               written(t, "extproc/breach.go", `kind = "([a-z_]+)"`),
		"left":               {"backend", "model", "tier"},
		"limit":              {"rpm", "tpm", "rpd"},
		"envoy_cluster_name": {"inner", "heald"},
		"job":                {"heald"},
	}
}

// written are the words that a pattern finds in source files.
func written(t *testing.T, files, pattern string) (words []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(stack.Root(), files))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
			words = append(words, m[1])
		}
	}
	if len(words) < 4 {
		t.Fatalf("%s has %q alone: the test does not find its words", files, words)
	}
	return words
}

// unknownWords are the values, and alternatives of values, that an expression asks
// for and that no label has.
func unknownWords(words map[string][]string, expr string) (unknown []string) {
	for _, m := range matched.FindAllStringSubmatch(expr, -1) {
		label, operator, value := m[1], m[2], m[3]
		if value == "" || strings.HasPrefix(value, "$") {
			continue // what is chosen above the panels, and "no backend"
		}
		alternatives := []string{value}
		if strings.HasSuffix(operator, "~") {
			alternatives = strings.Split(value, "|")
		}
		for _, a := range alternatives {
			if a == "" || !slices.ContainsFunc(words[label], regexp.MustCompile("^(?:"+a+")$").MatchString) {
				unknown = append(unknown, label+operator+a)
			}
		}
	}
	return unknown
}

// Each word that the dashboard and the rules ask for is one that heald tells.
func TestVocabulary(t *testing.T) {
	words := wordsOf(t)
	for _, r := range readRules(t) {
		for _, u := range unknownWords(words, r.Expr) {
			t.Errorf("%s: heald never tells %s", r.Alert+r.Record, u)
		}
	}
	for _, row := range Rows {
		for _, p := range row.Panels {
			for _, q := range p.Queries {
				for _, u := range unknownWords(words, q.Expression()) {
					t.Errorf("%s: heald never tells %s", p.Title, u)
				}
			}
		}
	}
}

// A word that nothing has is found in each kind of matcher.
func TestUnknownWords(t *testing.T) {
	words := wordsOf(t)
	for expr, want := range map[string][]string{
		`a{reason=~"rate_limited|quota_exhausteX",backend=~"$backend",account!=""}`: {"reason=~quota_exhausteX"},
		`a{state=~"broken|money"} / b{verdict!="passed"}`:                           {"state=~broken", "verdict!=passed"},
		`a{reason!~"tenant_.*|ok|"}`:                                                {"reason!~"},
		`a{result="other_keys"} + b{outcome=~"failed|broken"}`:                      {"result=other_keys"},
		`a{color="red"}`: {"color=red"},
	} {
		if got := unknownWords(words, expr); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", expr, got, want)
		}
	}
}
