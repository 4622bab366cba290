package account

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// beginProbe takes the probe of an option: one request at a time, over all
// replicas. It reports false if another request was faster. p.mu is held, but
// not while the store is asked.
func (p *Accounts) beginProbe(ctx context.Context, now time.Time, o *option) bool {
	if o.probe == ofBackend {
		return p.beginProbeOf(ctx, now, o.lane)
	}
	taken := o.coolings(now)
	o.busy = now.Add(probeTime)
	for i, c := range taken {
		if !p.change(ctx, c.of.subject, func() (bool, func()) { return c.begin(now) }) {
			for _, c := range taken[:i] {
				c.at.Probe.end(now, false)
				p.write(c.of.subject)
			}
			return false
		}
	}
	return true
}

func (p *Accounts) beginProbeOf(ctx context.Context, now time.Time, l *lane) bool {
	return p.change(ctx, l.subject(), func() (bool, func()) {
		before := l.outage.Breaker
		permission, next := before.Allow(now)
		l.outage.Breaker = next
		return permission == Probe, func() { l.outage.Breaker = before }
	})
}

// endProbe ends the probe of an option that did not lift what it was for.
func (p *Accounts) endProbe(now time.Time, o *option, end ProbeEnd) {
	if o.probe == ofBackend {
		generation := o.lane.outage.Generation
		o.lane.outage.probed(now, o.generation, end, p.random())
		if o.lane.outage.Generation == generation {
			return
		}
		p.write(o.lane.subject())
		if end == ProbeFailed {
			p.log.Info("probe failed", zap.String("backend", o.lane.backend), zap.String("model", o.lane.model),
				zap.Int64("next_in_ms", o.lane.outage.Ready().Sub(now).Milliseconds()))
		}
		return
	}
	for _, c := range o.coolings(now) {
		if c.at.Probe == nil || !c.at.Probe.Busy.Equal(o.busy) { // it took too long: another one is under way
			continue
		}
		c.at.Probe.end(now, end == ProbeFailed)
		c.at.Generation++
		p.write(c.of.subject)
	}
}

// coolingOf is a cooling with its subject.
type coolingOf struct {
	of    *subjectState
	cause string
	at    *cooling
}

// begin takes the probe of one cooling.
func (c coolingOf) begin(now time.Time) (ok bool, undo func()) {
	at := c.of.causes[c.cause] // another replica's word may have taken its place
	if at == nil || at.Probe == nil || at.Probe.due().After(now) {
		return false, nil
	}
	before := *at.Probe
	at.Probe.begin(now)
	at.Generation++
	return true, func() {
		*at.Probe = before
		at.Generation--
	}
}

// coolings are what keeps an option back and may be probed.
func (o *option) coolings(now time.Time) (out []coolingOf) {
	for _, list := range [][]*subjectState{o.lane.states, o.seat.states, o.place.states} {
		for _, t := range list {
			for cause, c := range t.causes {
				if c.Until.After(now) && c.Probe != nil {
					out = append(out, coolingOf{t, cause, c})
				}
			}
		}
	}
	return out
}

// fail records that a backend failed a request.
func (p *Accounts) fail(now time.Time, l *lane, known uint64, r RequestSum, reason string, doubtful, certain bool) {
	if doubtful && !p.suspects.again(now, l.subject(), reason, r) {
		return
	}
	if l.outage.failed(now, known, r, doubtful || certain, p.random()) {
		p.log.Warn("backend is held back until it answers a probe", zap.String("backend", l.backend),
			zap.String("model", l.model), zap.String("reason", reason))
	}
	p.write(l.subject())
}

// Lost records that the connection of an attempt at a candidate broke, after its
// lease has ended.
func (p *Accounts) Lost(c Candidate, r RequestSum, reason string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.lane(c.Backend, c.Model)
	p.fail(time.Now(), l, l.outage.Generation, r, reason, true, false)
}

// subject is what the lane's breaker is about.
func (l *lane) subject() Subject { return Subject{OfBackend, l.backend, l.model} }
