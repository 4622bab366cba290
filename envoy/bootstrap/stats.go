package bootstrap

import (
	"regexp"
	"strings"

	metricsv3 "github.com/envoyproxy/go-control-plane/envoy/config/metrics/v3"
	matcherv3 "github.com/envoyproxy/go-control-plane/envoy/type/matcher/v3"
)

// stat is a kind of Envoy statistics that somebody needs.
type stat struct {
	// scope is how the name begins: "cluster", "http" and "listener" are
	// followed by the name of one, "server" and "overload" are not.
	scope string
	// names are what the name ends with, behind the scope.
	names []string
	// sample is the whole name of one that the configuration of heald has; ""
	// where that depends on the configuration.
	sample string
	// why says who needs it.
	why string
	// inMeshes says that a mesh's Envoy should have it as well.
	inMeshes bool
}

// neededStats are the statistics without which something does not work, or that
// OPERATING, stats.yaml or heald itself read. With --lean Envoy has only these.
var neededStats = []stat{
	{"cluster", []string{"membership_healthy", "membership_degraded", "membership_total"}, "cluster.heald.membership_healthy",
		"/healthz is computed from them: without, it is 503 for ever", false},
	{"http", []string{"downstream_rq_active"}, "http.outer.downstream_rq_active",
		"heald up uses it to wait for running requests before it stops Envoy", false},
	{"cluster", []string{"upstream_rq_retry", "upstream_rq_retry_overflow", "upstream_rq_retry_limit_exceeded"}, "cluster.inner.upstream_rq_retry_overflow",
		"they show that retries were refused, which heald cannot know", true},
	{"listener", []string{"downstream_global_cx_overflow"}, "listener.outer.downstream_global_cx_overflow",
		"it shows that connections were refused", false},
	{"overload", []string{"count", "active"}, "envoy.overload_actions.reset_high_memory_stream.count",
		"they show that Envoy is short of memory", false},
	{"server", []string{"live", "concurrency", "memory_allocated", "uptime"}, "server.live",
		"they show that Envoy runs, with how many workers, in how much memory", false},
	{"cluster", []string{"upstream_rq_active", "upstream_rq_total", "upstream_cx_active", "upstream_cx_connect_fail", "outlier_detection.ejections_active", "http2.keepalive_timeout"}, "cluster.heald.outlier_detection.ejections_active",
		"they show which replica or provider cannot be reached", true},
	{"http", []string{"downstream_rq_total", "downstream_rq_5xx", "downstream_rq_4xx", "downstream_cx_active"}, "http.outer.downstream_rq_5xx",
		"they count replies that Envoy made itself, which heald does not see", false},
}

// pattern is a regular expression of the whole names.
func (s stat) pattern() string {
	names := "(" + strings.Join(s.names, "|") + ")"
	names = strings.ReplaceAll(names, ".", `\.`)
	switch s.scope {
	case "server":
		return `server\.` + names
	case "overload":
		return `(overload\.)?envoy\.overload_actions\..+\.` + names
	}
	return s.scope + `\..+\.` + names
}

// leanStats keeps the statistics that are needed and no others.
func leanStats() *metricsv3.StatsConfig {
	list := &matcherv3.ListStringMatcher{}
	for _, s := range neededStats {
		list.Patterns = append(list.Patterns, &matcherv3.StringMatcher{MatchPattern: &matcherv3.StringMatcher_SafeRegex{
			SafeRegex: &matcherv3.RegexMatcher{Regex: s.pattern()}}})
	}
	return &metricsv3.StatsConfig{StatsMatcher: &metricsv3.StatsMatcher{StatsMatcher: &metricsv3.StatsMatcher_InclusionList{InclusionList: list}}}
}

// keepsStat reports whether Envoy has a statistic of this name.
func keepsStat(c *metricsv3.StatsConfig, name string) bool {
	matches := func(list *matcherv3.ListStringMatcher) bool {
		for _, p := range list.GetPatterns() {
			if matchesText(p, name) {
				return true
			}
		}
		return false
	}
	switch m := c.GetStatsMatcher().GetStatsMatcher().(type) {
	case *metricsv3.StatsMatcher_RejectAll:
		return !m.RejectAll
	case *metricsv3.StatsMatcher_ExclusionList:
		return !matches(m.ExclusionList)
	case *metricsv3.StatsMatcher_InclusionList:
		return matches(m.InclusionList)
	}
	return true
}

// matchesText reports whether Envoy's matcher matches; what is not known to heald
// does.
func matchesText(m *matcherv3.StringMatcher, text string) bool {
	fold := func(s string) string { return s }
	if m.GetIgnoreCase() {
		fold = strings.ToLower
	}
	text = fold(text)
	switch p := m.GetMatchPattern().(type) {
	case *matcherv3.StringMatcher_Exact:
		return text == fold(p.Exact)
	case *matcherv3.StringMatcher_Prefix:
		return strings.HasPrefix(text, fold(p.Prefix))
	case *matcherv3.StringMatcher_Suffix:
		return strings.HasSuffix(text, fold(p.Suffix))
	case *matcherv3.StringMatcher_Contains:
		return strings.Contains(text, fold(p.Contains))
	case *matcherv3.StringMatcher_SafeRegex:
		re, err := regexp.Compile("^(?:" + p.SafeRegex.GetRegex() + ")$")
		return err != nil || re.MatchString(text)
	}
	return true
}
