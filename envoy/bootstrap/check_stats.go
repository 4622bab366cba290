package bootstrap

import (
	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
)

// checkStats checks that Envoy keeps the statistics that are needed: those that
// are left out are 0 for Envoy itself, too.
func (c *checker) checkStats(b *bootstrapv3.Bootstrap) {
	const path = "stats_config.stats_matcher"
	for _, s := range neededStats {
		if keepsStat(b.GetStatsConfig(), s.sample) {
			continue
		}
		c.note(path, s.sample+" is left out", s.why, "keep names that match "+s.pattern()+", as heald envoy --lean does")
	}
}
