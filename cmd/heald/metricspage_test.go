package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heald-proxy/heald/test/fixture"
	"github.com/heald-proxy/heald/test/stack"
)

// described is the description of a metric: its name, help and labels.
var described = regexp.MustCompile(`^Desc\{fqName: "(heald_[a-z_]+)", help: "(.*)", unit: "", constLabels: \{\}, variableLabels: \{([a-z_,]*)\}\}$`)

// metricsTable has a row for each metric of a registry, by name.
func metricsTable(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	ch := make(chan *prometheus.Desc, 1000)
	registry.Describe(ch)
	close(ch)
	var rows []string
	for d := range ch {
		if text := d.String(); strings.Contains(text, `"heald_`) {
			m := described.FindStringSubmatch(text)
			if m == nil {
				t.Fatalf("the test does not understand %s", text)
			}
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", m[1], strings.ReplaceAll(m[3], ",", ", "), m[2]))
		}
	}
	slices.Sort(rows)
	return "| Metric | Labels | What it says |\n|---|---|---|\n" + strings.Join(rows, "")
}

// OPERATING.md lists every metric of heald, with its help text.
func TestMetricsPage(t *testing.T) {
	t.Setenv("KEY", "k")
	s, _ := loadedSidecar(t, write(t, "heald.yaml", minimal+"state: {redis: {url: 'redis://127.0.0.1:1'}}\n"))
	t.Cleanup(func() { _ = s.state.Close() })
	table := metricsTable(t, s.registry)
	if n := strings.Count(table, "\n"); n < 50 {
		t.Fatalf("%d lines: the test does not find the metrics", n)
	}
	page := filepath.Join(stack.Root(), "OPERATING.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const heading = "\n## All metrics\n"
	before, section, found := bytes.Cut(text, []byte(heading))
	begin := bytes.Index(section, []byte("\n|"))
	if !found || begin < 0 {
		t.Fatalf("%s has no table under %q", page, heading)
	}
	intro, rest := section[:begin+1], section[begin+1:]
	end := bytes.Index(rest, []byte("\n\n"))
	if end < 0 {
		end = len(rest) - 1
	}
	want := slices.Concat(before, []byte(heading), intro, []byte(table), rest[end+1:])
	fixture.Diff(t, page, text, want)
}
