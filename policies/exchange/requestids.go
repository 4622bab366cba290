package exchange

import (
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
)

// In some meshes each attempt of a request has a request id of its own, by which
// its memory is not found. Nothing in one attempt shows that. So each replica keeps,
// for a moment, which body it has asked another attempt for under which id. If the
// same tenant's same body then comes under another id, and no attempt under the
// first one has come, the id seems to have changed. It may also be a client that
// asks again itself, because the outer listener did not; so nothing but a warning
// follows, and none while memories are found.

// askedAgain is a request for which another attempt was asked.
type askedAgain struct {
	body  string // checksum, with the tenant's name
	id    string // checksum
	until time.Time
}

const (
	// mostAskedAgain bounds them. The oldest is forgotten.
	mostAskedAgain = 256
	// retryLag is how much later than after its wait the next attempt may come.
	retryLag = time.Second
	// idsProven is how long a memory that was found proves that ids stay.
	idsProven = 10 * time.Minute
)

// requestIDs watches whether request ids stay the same from attempt to attempt.
type requestIDs struct {
	mu    sync.Mutex
	asked []askedAgain // the oldest first
	found time.Time    // a memory was
}

// ask notes that another attempt was asked for.
func (r *requestIDs) ask(body, id string, wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.asked) == mostAskedAgain {
		r.asked = append(r.asked[:0], r.asked[1:]...)
	}
	// Envoy adds up to a half to the waits that it makes.
	r.asked = append(r.asked, askedAgain{body: body, id: id, until: time.Now().Add(wait + wait/2 + retryLag)})
}

// stay notes that an attempt has found the memory of the one before.
func (r *requestIDs) stay(body, id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found = time.Now()
	for i, a := range r.asked {
		if a.body == body && a.id == id {
			r.asked = append(r.asked[:i], r.asked[i+1:]...)
			return
		}
	}
}

// changed reports whether a request that has found no memory seems to be the next
// attempt of one with another id.
func (r *requestIDs) changed(body, id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if !r.found.IsZero() && now.Sub(r.found) < idsProven {
		return false
	}
	other := -1
	for i, a := range r.asked {
		switch {
		case a.body != body || now.After(a.until):
		case a.id == id:
			return false
		default:
			other = i
		}
	}
	if other >= 0 {
		r.asked = append(r.asked[:other], r.asked[other+1:]...) // it is told of once
	}
	return other >= 0
}

// checkID looks whether the attempt seems to have another id than the one before,
// now that it has found no memory.
func (a *attempt) checkID() {
	if !a.x.ids.changed(a.bodyKey(), checksum([]byte(a.requestID()))) {
		return
	}
	a.ignored("other_id")
	if a.x.saidID.now() {
		a.x.log.Warn("request ids seem to change from attempt to attempt: with memory: store each attempt then begins anew; "+
			"have the inner listener keep "+policies.HeaderRequestID+" (preserve_external_request_id: true; said once an hour)", zap.String("request_id", a.requestID()))
	}
}

// bodyKey tells the tenant's body.
func (a *attempt) bodyKey() string { return a.stored.body + "/" + a.caller.Tenant.Name }

// noCount counts attempts whose number Envoy does not tell, and says once an hour
// what that means.
func (a *attempt) noCount() {
	a.x.metrics.memory.WithLabelValues("no_count").Inc()
	if !a.x.saidCount.now() {
		return
	}
	id := zap.String("request_id", a.requestID())
	if a.settings.StoresMemory() {
		a.x.log.Info("Envoy does not tell the number of attempts ("+policies.HeaderAttemptCount+"), so the store counts them, which costs two more calls for each request; "+
			"include_request_attempt_count on the outer route saves them (said once an hour)", id)
		return
	}
	a.x.log.Warn("Envoy does not tell the number of attempts ("+policies.HeaderAttemptCount+"): attempts that are lost with their replica are not counted, so a request that kills replicas is tried as often as Envoy likes; "+
		"set include_request_attempt_count on the outer route, or memory: store (said once an hour)", id)
}

// hourly lets something be said once an hour.
type hourly struct {
	mu   sync.Mutex
	last time.Time
}

func (h *hourly) now() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.last.IsZero() && time.Since(h.last) < time.Hour {
		return false
	}
	h.last = time.Now()
	return true
}
