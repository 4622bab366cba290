package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/exchange"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis"
	"github.com/heald-proxy/heald/test/stack"
)

// documents explain log words in tables whose first column is headed by
// wordColumn.
var documents = []string{"OPERATING.md"}

const wordColumn = "Log word"

var (
	quoted     = regexp.MustCompile("`([^`]*)`")
	reasonIs   = regexp.MustCompile(`reason=~?"([^"]*)"`)
	metricName = regexp.MustCompile(`\bheald_[a-z_]+`)
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(stack.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// explained are the words in the first column of a document's tables.
func explained(text string) (words []string) {
	inside := false
	for line := range strings.SplitSeq(text, "\n") {
		first, _, table := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		first = strings.TrimSpace(first)
		switch {
		case !strings.HasPrefix(line, "|") || !table:
			inside = false
		case first == wordColumn:
			inside = true
		case inside:
			// What stands in parentheses is where the word is found.
			first, _, _ = strings.Cut(first, "(")
			for _, m := range quoted.FindAllStringSubmatch(first, -1) {
				words = append(words, m[1])
			}
		}
	}
	return words
}

func TestWordsOfTheDocuments(t *testing.T) {
	var all []string
	for _, name := range documents {
		text := read(t, name)
		words := explained(text)
		if len(words) < 20 {
			t.Errorf("%s explains %d words: the test does not find its tables", name, len(words))
		}
		for _, m := range reasonIs.FindAllStringSubmatch(text, -1) {
			for w := range strings.SplitSeq(m[1], "|") {
				if !slices.Contains(heal.Reasons, w) {
					t.Errorf("%s has a query for the reason %q, which heald does not write", name, w)
				}
			}
		}
		for _, w := range words {
			if !slices.Contains(heal.Reasons, w) {
				t.Errorf("%s explains %q, which heald does not write", name, w)
			}
		}
		all = append(all, words...)
	}
	for _, r := range heal.Reasons {
		if !slices.Contains(all, r) {
			t.Errorf("heald writes %q, which neither %s explains", r, strings.Join(documents, " nor "))
		}
	}
}

// tables are the folders whose tests hold every word against what happened:
// the verdict and peek tables, the attempts, and the faults.
var tables = []string{"policies/heal", "policies/exchange", "test/e2e"}

func TestEveryWordIsAsserted(t *testing.T) {
	constants := reasonConstants(t, reasonFile)
	asserted, used := map[string]bool{}, map[string]bool{}
	err := filepath.WalkDir(stack.Root(), func(path string, d os.DirEntry, err error) error {
		rel, _ := filepath.Rel(stack.Root(), path)
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && rel != ".":
			return filepath.SkipDir
		case strings.HasSuffix(rel, "_test.go") && slices.Contains(tables, filepath.ToSlash(filepath.Dir(rel))):
			identifiers(t, path, asserted)
		case strings.HasSuffix(rel, ".go") && !strings.HasSuffix(rel, "_test.go") && filepath.Base(rel) != "reason.go":
			identifiers(t, path, used)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, word := range constants {
		if !slices.Contains(heal.Reasons, word) {
			t.Errorf("heal.Reasons lacks %s", name)
		}
		switch {
		case !used[name]:
			t.Errorf("no code uses %s: write it or delete it", name)
		case !asserted[name]:
			t.Errorf("no test of %s asserts %s", strings.Join(tables, ", "), name)
		}
	}
	if len(heal.Reasons) != len(constants) {
		t.Errorf("heal.Reasons has %d words, there are %d constants", len(heal.Reasons), len(constants))
	}
}

// extproc may not import policies/heal and has words of its own.
func TestWordsOfExtproc(t *testing.T) {
	all, own := reasonConstants(t, reasonFile), reasonConstants(t, "extproc/breach.go")
	if len(own) == 0 {
		t.Error("the test does not find them")
	}
	for name, word := range own {
		if all[name] != word {
			t.Errorf("extproc writes %s, %q; %s has %q", name, word, reasonFile, all[name])
		}
	}
}

const reasonFile = "policies/heal/reason.go"

// reasonConstants are the Reason constants of a file and their words.
func reasonConstants(t *testing.T, name string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(stack.Root(), name), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || !strings.HasPrefix(spec.Names[0].Name, "Reason") {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			out[spec.Names[0].Name], _ = strconv.Unquote(lit.Value)
		}
		return false
	})
	return out
}

// identifiers notes the identifiers of a file; comments are none.
func identifiers(t *testing.T, path string, into map[string]bool) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			into[id.Name] = true
		}
		return true
	})
}

// Metrics that the documents name must be there.
func TestMetricsOfTheDocuments(t *testing.T) {
	known := read(t, "extproc/metrics.go") + read(t, "policies/exchange/inflight.go") + read(t, "cmd/heald/version.go") // names of their own, as literals
	registry := prometheus.NewRegistry()
	exchange.NewMetrics(registry)
	config.NewMetrics(registry)
	record.NewMetrics(registry)
	state.NewGuardMetrics(registry)
	redis.NewMetrics(registry)
	registry.MustRegister(account.NewMetrics(func() *account.Accounts { return nil }, strings.Clone), exchange.NewLearnedMetrics(nil))
	ch := make(chan *prometheus.Desc, 100)
	registry.Describe(ch)
	close(ch)
	for d := range ch {
		known += d.String()
	}
	for _, name := range pages(t) {
		if name == "CHANGELOG.md" {
			continue // it names what there was before
		}
		for _, metric := range metricName.FindAllString(read(t, name), -1) {
			base := strings.TrimSuffix(metric, "_bucket")
			if !strings.Contains(known, `"`+base+`"`) {
				t.Errorf("%s names the metric %s, which heald does not have", name, metric)
			}
		}
	}
}
