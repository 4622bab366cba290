package simulate

import (
	"testing"
	"time"
)

// Short forms of some scenarios: heald reaches its aims by a wide margin, in every
// run of the tests. `make simulate` has the aims themselves.
func TestAims(t *testing.T) {
	for name, aim := range map[string]Aim{
		"x3-known":   {OfBound: 0.9, Refused: 5},
		"greedy-1:1": {OfBound: 0.9, Refused: 5, Jain: 0.95, WorstTenant: 0.9},
		"greedy-3:1": {OfBound: 0.9, Refused: 5, Jain: 0.85, WorstTenant: 0.8},
		"x3-learned": {OfBound: 0.9, Refused: 20},
	} {
		s := Named(name)
		s.Length = 2 * time.Minute
		for _, r := range play(t, s, Policies()) {
			if missed := r.Missed(aim); r.Policy == Heald && missed != "" {
				t.Errorf("%s: %s", name, missed)
			}
			if r.OfBound > 1.0001 {
				t.Errorf("%s: %s has %.2f %% of what nobody can exceed", name, r.Policy, 100*r.OfBound)
			}
		}
	}
}

// Whoever takes the least loaded account takes the one that fails: it gives its
// places back soonest. The simulation must show that, or it shows nothing.
func TestLeastLoadedIsATrap(t *testing.T) {
	s := Named("outage")
	results := map[string]Result{}
	for _, r := range play(t, s, Policies()) {
		results[r.Policy] = r
	}
	if trap, random := results["least-loaded"], results["random"]; trap.OfBound > random.OfBound-0.03 {
		t.Errorf("least-loaded %.3f of the bound, random %.3f: want clearly less", trap.OfBound, random.OfBound)
	}
	if r := results[Heald]; r.OfBound < 0.98 || r.Failed > 10 {
		t.Errorf("heald: %.3f of the bound, %.1f failures for 1,000 attempts", r.OfBound, r.Failed)
	}
}
