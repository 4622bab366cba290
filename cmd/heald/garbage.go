package main

import (
	"fmt"
	"os"

	"github.com/heald-proxy/heald/cmd/heald/collector"
	"github.com/heald-proxy/heald/cmd/heald/config"
)

// newPacer chooses GOGC from now on; nil if the operator has chosen it.
func newPacer() *collector.Pacer {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	return collector.New()
}

// tellGOGC is what the log says about GOGC if the heap has budget bytes; 0 for
// no limit.
func tellGOGC(budget int64) string {
	if own := os.Getenv("GOGC"); own != "" {
		return own + " (GOGC of the environment)"
	}
	least, most := collector.Bounds(budget)
	return fmt.Sprintf("%d to %d, by what is live", most, least)
}

// limitMemory tells the collector what the process may use.
func (s *sidecar) limitMemory(cfg *config.Config) config.Limits {
	limits := cfg.Memory.Apply()
	s.collector.SetLimit(s.heapBudget(limits))
	return limits
}

// heapBudget is the memory for which GOGC is chosen: the smallest of all limits,
// in bytes; 0 for none. A GOMEMLIMIT that is off, or larger than the process may
// use, only means that Go's own limit bounds nothing.
func (s *sidecar) heapBudget(l config.Limits) int64 {
	if s.flags.StartsEnvoy { // it is in the same container
		l.Cgroup /= 2
		if l.Source == "cgroup" {
			l.Soft /= 2
		}
	}
	budget := int64(0)
	for _, n := range []int64{l.Soft, l.Limit, l.Cgroup} {
		if n > 0 && (budget == 0 || n < budget) {
			budget = n
		}
	}
	return budget
}
