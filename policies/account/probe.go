package account

import "time"

// probeSteps are the times from one probe of a long cooldown to the next, by
// failed probes; the last one repeats. A credential that is refused, a quota of
// a day, money that is missing: owners fix them, and the ends that providers
// state are often wrong, so one request tries now and then.
var probeSteps = []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// probeTime is how long a probe may take before another request may probe: its
// replica may have died.
const probeTime = 2 * time.Minute

// probe says when a request may test whether a cooldown is over.
type probe struct {
	Next time.Time `json:"next"`           // when the next one may go
	Busy time.Time `json:"busy,omitzero"`  // until then one is under way
	Step int       `json:"step,omitempty"` // of probeSteps, the one after Next
}

// newProbe lets the first one go after the stated delay, or after the first step.
func newProbe(now time.Time, stated time.Duration) *probe {
	if stated > 0 {
		return &probe{Next: now.Add(stated)}
	}
	return &probe{Next: now.Add(probeSteps[0]), Step: 1}
}

// due is when a probe may go.
func (p *probe) due() time.Time {
	if p.Busy.After(p.Next) {
		return p.Busy
	}
	return p.Next
}

// begin takes the probe: nobody else may until it has ended.
func (p *probe) begin(now time.Time) { p.Busy = now.Add(probeTime) }

// end records that the probe did not show that the cooldown is over. A probe
// without a result is repeated after the same time.
func (p *probe) end(now time.Time, failed bool) {
	last := len(probeSteps) - 1
	step := p.Step
	if failed {
		p.Step = min(p.Step+1, last)
	} else {
		step = max(step-1, 0)
	}
	p.Busy, p.Next = time.Time{}, now.Add(probeSteps[min(step, last)])
}
