package exchange

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// outages are the backends that have failed with a model and not answered
// since: requests begin at another backend that is ready, if there is one. Where
// all backends of a model are surely out, they begin at the next model of their
// chain that is ready. One request at a time is let through as a probe. They live in this process, and
// end with its configuration.
type outages struct {
	mu    sync.Mutex
	known map[outageKey]*outage
}

// outageKey is a model at a backend.
type outageKey struct{ backend, model string }

// outageOf is the key of a candidate's outage.
func outageOf(c route.Candidate) outageKey { return outageKey{c.Backend.Name, c.Model} }

type outage struct {
	request account.RequestSum // the first that failed
	sure    bool               // another one failed alike
	failed  int                // probes
	next    time.Time          // when a probe may go
	probing bool               // one is under way
}

// probeAfter is the time until a probe, by failed probes; the last one repeats.
var probeAfter = []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}

// mostOutages bounds those that are kept: model names come from clients.
const mostOutages = 1000

// begin notes that a backend failed a request, and reports whether that is new.
func (o *outages) begin(k outageKey, request account.RequestSum, sure bool) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if out := o.known[k]; out != nil {
		out.sure = out.sure || sure || request != out.request
		return false // only a probe lengthens it: requests that run at the same time fail together
	}
	if o.known == nil || len(o.known) >= mostOutages {
		o.known = map[outageKey]*outage{}
	}
	o.known[k] = &outage{request: request, sure: sure, next: time.Now().Add(probeAfter[0])}
	return true
}

// lift ends an outage, and reports whether there was one.
func (o *outages) lift(k outageKey) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, held := o.known[k]
	delete(o.known, k)
	return held
}

// held reports whether a backend is held back.
func (o *outages) held(k outageKey) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.known[k] != nil
}

// surely reports whether a backend is held back since different requests failed
// there: enough to let others begin at another model.
func (o *outages) surely(k outageKey) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.known[k]
	return out != nil && out.sure
}

// probe reports whether the caller is to probe a backend that is held back: it
// is time, and nobody else does. Whoever probes calls probed, or lift.
func (o *outages) probe(k outageKey) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.known[k]
	if out == nil || out.probing || out.next.After(time.Now()) {
		return false
	}
	out.probing = true
	return true
}

// probeEnd is how a probe ended that does not lift the outage.
type probeEnd uint8

const (
	probeOpen    probeEnd = iota // without a word of the backend: the client left, say
	probeRefused                 // the backend refused this request or its account: the next one may be answered
	probeFailed                  // the backend failed again
)

// probed ends a probe. After one that was refused the next request probes, or
// requests that are refused anyway could keep all others from it. A failure makes
// the time until the next probe longer. next is that time; 0 if it is not put off.
func (o *outages) probed(k outageKey, end probeEnd) (next time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := o.known[k]
	if out == nil || !out.probing {
		return 0
	}
	out.probing = false
	if end == probeRefused {
		return 0
	}
	if end == probeFailed && out.failed < len(probeAfter)-1 {
		out.failed++
	}
	out.next = time.Now().Add(probeAfter[out.failed])
	return probeAfter[out.failed]
}

// failedAt is a request's failure at a backend.
type failedAt struct {
	outageKey
	request  account.RequestSum
	reason   string
	doubtful bool // the request may be to blame
}

// holdBack lets later requests begin at another backend.
func (a *attempt) holdBack(f failedAt) {
	if f.doubtful && !a.x.pool.Suspect(backendKey(f.backend), f.model, f.reason, f.request) {
		return
	}
	if a.x.outages.begin(f.outageKey, f.request, f.doubtful) && max(len(a.backends), len(a.candidates)) > 1 {
		a.log.Warn("backend is held back until it answers a probe", zap.String("backend", f.backend),
			zap.String("model", f.model), zap.String("reason", f.reason))
	}
}

// probed ends the attempt's probe, if it is one.
func (a *attempt) probed(end probeEnd) {
	if !a.probing {
		return
	}
	a.probing = false
	if next := a.x.outages.probed(outageKey{a.backend.Name, a.model}, end); end == probeFailed {
		a.log.Info("probe failed", zap.String("backend", a.backend.Name), zap.String("model", a.model), zap.Duration("next_in", next))
	}
}

// endOf tells how a probe ended that showed this and was ruled so.
func endOf(seen *heal.Seen, r *heal.Ruling) probeEnd {
	switch {
	case r.Backend.Scope != heal.NoEffect:
		return probeFailed
	case seen.Cut || seen.Details != "":
		return probeOpen
	}
	return probeRefused
}

// answered takes back what was held against the backend.
func (a *attempt) answered() {
	a.probing = false
	a.x.pool.Good(backendKey(a.backend.Name), a.model)
	if a.x.outages.lift(outageKey{a.backend.Name, a.model}) && max(len(a.backends), len(a.candidates)) > 1 {
		a.log.Info("backend is no longer held back", zap.String("backend", a.backend.Name), zap.String("model", a.model))
	}
}
