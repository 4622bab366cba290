package bootstrap

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"

	"github.com/heald-proxy/heald/envoy"
)

var (
	// pageStats are statistics of Envoy's as the admin interface names them.
	pageStats = regexp.MustCompile("[`\"](((cluster|listener|http)\\.[\\w*-]+|server|envoy\\.overload_actions|overload)\\.[a-z0-9_.]+)[`\"]")
	// promStats are the same as Prometheus sees them.
	promStats = regexp.MustCompile(`\benvoy_(cluster|http|listener|server)_([a-z0-9_]+)\b`)
)

// What the pages, dashboards and end-to-end tests name is there with --lean.
func TestLeanStatsHaveWhatPagesName(t *testing.T) {
	lean, found := leanStats(), 0
	look := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		needs := func(name string) {
			found++
			if !keepsStat(lean, name) {
				t.Errorf("%s names %s, which --lean leaves out: add it to neededStats", path, name)
			}
		}
		for _, m := range pageStats.FindAllStringSubmatch(string(text), -1) {
			needs(strings.ReplaceAll(m[1], ".*.", ".any."))
		}
		for _, m := range promStats.FindAllStringSubmatch(string(text), -1) {
			switch scope, rest := m[1], strings.TrimSuffix(m[2], "_bucket"); {
			case rest == "cluster_name" || rest == "name" || rest == "conn_manager_prefix" || rest == "listener_address":
			case scope == "server":
				needs("server." + rest)
			default:
				needs(scope + ".any." + rest)
			}
		}
	}
	pages, err := filepath.Glob("../../*.md")
	if err != nil || len(pages) < 5 {
		t.Fatal(pages, err)
	}
	for _, path := range pages {
		if filepath.Base(path) != "CHANGELOG.md" {
			look(path)
		}
	}
	// Dashboards and rules, whatever their folder; and the code that starts Envoy.
	for _, root := range []string{"..", "../../test/e2e"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch ext := filepath.Ext(path); {
			case err != nil || d.IsDir() || strings.HasPrefix(path, "../bootstrap/"):
			case filepath.Base(path) == "config_dump.json": // what meshes make, with route configurations called http.…
			case ext == ".json" || ext == ".yaml" || ext == ".go" && !strings.HasPrefix(path, "../proc/"):
				look(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 10 {
		t.Errorf("only %d names were found: the expressions no longer fit the pages", found)
	}
}

func TestCheckStats(t *testing.T) {
	regex := func(s string) *matcherv3.StringMatcher {
		return &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_SafeRegex{SafeRegex: &matcherv3.RegexMatcher{Regex: s}}}
	}
	list := func(m ...*matcherv3.StringMatcher) *matcherv3.ListStringMatcher {
		return &matcherv3.ListStringMatcher{Patterns: m}
	}
	prefix := &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Prefix{Prefix: "Cluster."}, IgnoreCase: true}
	contains := &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Contains{Contains: "retry"}}
	suffix := &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Suffix{Suffix: "healthy"}}
	exact := &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_Exact{Exact: "server.live"}}
	for _, c := range []struct {
		name    string
		matcher *metricsv3.StatsMatcher
		notes   int
		health  bool // membership is among what is missing
	}{
		{"none", nil, 0, false},
		{"lean", leanStats().StatsMatcher, 0, false},
		{"nothing is kept", &metricsv3.StatsMatcher{StatsMatcher: &metricsv3.StatsMatcher_RejectAll{RejectAll: true}}, len(neededStats), true},
		{"nothing is rejected", &metricsv3.StatsMatcher{StatsMatcher: &metricsv3.StatsMatcher_RejectAll{}}, 0, false},
		{"all but retries and health", &metricsv3.StatsMatcher{StatsMatcher: &metricsv3.StatsMatcher_ExclusionList{ExclusionList: list(contains, suffix)}}, 2, true},
		{"clusters alone", &metricsv3.StatsMatcher{StatsMatcher: &metricsv3.StatsMatcher_InclusionList{InclusionList: list(prefix)}}, len(neededStats) - 3, false},
		{"one and some", &metricsv3.StatsMatcher{StatsMatcher: &metricsv3.StatsMatcher_InclusionList{InclusionList: list(exact, regex(`http\..*`))}}, len(neededStats) - 3, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Parse(envoy.Config)
			if err != nil {
				t.Fatal(err)
			}
			b.StatsConfig = &metricsv3.StatsConfig{StatsMatcher: c.matcher}
			health, notes := false, 0
			for _, p := range Check(b, Want{}) {
				if p.Path != "stats_config.stats_matcher" {
					t.Errorf("%s", p)
				}
				notes++
				health = health || strings.Contains(p.Problem, "membership_healthy")
			}
			if notes != c.notes || health != c.health {
				t.Errorf("%d notes, %v; want %d, %v", notes, health, c.notes, c.health)
			}
		})
	}
}

// Of a mesh's Envoy only statistics of its own clusters are said to be left out.
func TestStatsOfMeshes(t *testing.T) {
	for name, want := range map[string][]string{
		"istio-gateway":    {"cluster.heald-inner.upstream_rq_retry_overflow is left out", "cluster.outbound|9000||heald.heald.svc.cluster.local;.outlier_detection.ejections_active is left out"},
		"gateway-portable": nil, // Envoy Gateway leaves nothing out
	} {
		var got []string
		for _, p := range checkDump(t, rendered+"/"+name+"/config_dump.json", wantOfRendered(name)) {
			if p.Path == "stats_config.stats_matcher" {
				got = append(got, p.Problem)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}
