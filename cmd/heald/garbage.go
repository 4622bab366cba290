package main

import (
	"fmt"
	"os"

	"github.com/heald-proxy/heald/cmd/heald/collector"
	"github.com/heald-proxy/heald/cmd/heald/config"
)

// newPacer chooses GOGC from now on, unless the operator has: nil then.
func newPacer() *collector.Pacer {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return collector.New()
}

// tellGOGC is what the log says of GOGC where the collector aims at soft bytes;
// 0 for nowhere.
func tellGOGC(soft int64) string {
	if own := os.Getenv("GOGC"); own != "" {
		return own + " (GOGC of the environment)"
	}
	least, most := collector.Bounds(soft)
	return fmt.Sprintf("%d to %d, by what is live", most, least)
}

// limitMemory tells the collector what the process may use.
func (s *sidecar) limitMemory(cfg *config.Config) config.Limits {
	limits := cfg.Memory.Apply()
	budget := limits.Soft
	if s.flags.StartsEnvoy && limits.Source == "cgroup" {
		budget /= 2 // Envoy is in the same container
	}
	s.collector.SetLimit(budget)
	return limits
}
