package bootstrap

import (
	"cmp"
	"strings"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
)

// checkStats checks that Envoy keeps the statistics that are needed: those that
// are left out are 0 for Envoy itself, too. Of a mesh's Envoy only those of the
// clusters are asked for, by the names that they have there: its own health checks
// and its dashboards need no others.
func (c *checker) checkStats(b *bootstrapv3.Bootstrap) {
	const path = "stats_config.stats_matcher"
	inMesh := c.dump != nil && c.dump.mesh() != byHand
	for _, s := range neededStats {
		sample, fix := s.sample, "keep names that match "+s.pattern()+", as heald envoy --lean does"
		if inMesh {
			if sample = c.inDump(s); sample == "" {
				continue
			}
			fix = "keep names that match " + s.pattern() + "; in Istio: meshConfig.defaultConfig.proxyStatsMatcher.inclusionRegexps"
		}
		if !keepsStat(b.GetStatsConfig(), sample) {
			c.note(path, sample+" is left out", s.why, fix)
		}
	}
}

// inDump is the name of a statistic's sample in a mesh; "" if it is not needed
// there.
func (c *checker) inDump(s stat) string {
	if !s.inMeshes || len(c.outer) == 0 {
		return ""
	}
	named := func(cluster string) string { return cmp.Or(c.cluster(cluster).GetAltStatName(), cluster) }
	return strings.NewReplacer("cluster.heald.", "cluster."+named(c.filter.cluster())+".", "cluster.inner.", "cluster."+named(c.outer[0].cluster)+".").Replace(s.sample)
}
