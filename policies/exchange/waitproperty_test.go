package exchange

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const refusedConnection = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}"

// Whatever cools down or is held back when a request comes, and whatever its
// attempts are answered: no attempt asks what cools down while another backend
// is ready for the model, or what is over its rate limit for less than may be
// waited; a new request waits only where no model is ready, and begins at a model
// whose backends are surely out only where no other is ready; and no wait is longer
// than max_wait, or beyond the deadline.
func TestWaitProperties(t *testing.T) {
	eachSeed(t, 1500, 7, waitRandomly)
}

func waitRandomly(t *testing.T, rnd *rand.Rand) {
	backends, accounts := someBackends(rnd, 2)
	chain := route.Chain{{Model: "pro"}, {Model: "lite"}}[:1+rnd.IntN(2)]
	attempts := 1 + rnd.IntN(5)
	deadline := []time.Duration{8 * time.Second, 10 * time.Minute}[rnd.IntN(2)]
	r := newRig(t, func(cfg *Config) {
		cfg.Backends, cfg.Accounts = slices.Clone(backends), accounts
		cfg.Models.Aliases = map[string]route.Chain{"top": chain}
		cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: attempts, Deadline: deadline}}
	})
	var path []string
	for _, b := range backends {
		if rnd.IntN(4) == 0 {
			r.outages.begin(outageKey{b.Name, "pro"}, 1, rnd.IntN(2) == 0)
			path = append(path, "held "+b.Name)
		}
	}
	time.Sleep(time.Duration(rnd.IntN(10)) * time.Second) // some may be probed
	for _, acc := range accounts {
		if rnd.IntN(3) == 0 {
			cause := []string{heal.ReasonRateLimit, heal.ReasonServerError}[rnd.IntN(2)]
			d := time.Duration(1+rnd.IntN(14)) * time.Second
			r.pool.Cool(acc.ID, "pro", account.Cooldown{Cause: cause, For: []time.Duration{d}})
			path = append(path, fmt.Sprint("cooled ", acc.ID, " ", cause, " ", d))
		}
	}
	for n, memory := 1, ""; ; n++ {
		if n > attempts {
			t.Fatalf("attempt %d of %d: %v", n, attempts, path)
		}
		limited, begun := map[string]time.Duration{}, time.Now()
		for _, acc := range accounts {
			limited[acc.ID] = r.pool.RemainingOf(heal.ReasonRateLimit, acc.ID, "pro")
		}
		readyForNew, ofNext := r.readyForNew(backends), r.wellFor(backends, chain[1:])
		a := r.begin(n, memory)
		send(t, a, askTop)
		waited, in := time.Since(begun), limited[a.account.ID]
		path = append(path, fmt.Sprintf("%d asks %s/%s after %s", n, a.account.ID, a.model, waited))
		switch ready := names(a.ready()); {
		case a.cools() && len(ready) > 0:
			t.Fatalf("asks what cools down, while %v are ready: %v", ready, path)
		case a.model == "pro" && in > waited && in <= a.settings.MaxWait && in-waited < a.untilDeadline():
			t.Fatalf("does not wait for what is over its rate limit: %v", path)
		case n == 1 && waited > 0 && readyForNew+ofNext != "":
			t.Fatalf("waits, while %s is ready: %v", readyForNew+ofNext, path)
		case n == 1 && ofNext != "" && !a.probing && a.surelyOut(a.chosen()):
			t.Fatalf("begins where requests surely fail, while %s is ready: %v", ofNext, path)
		case waited > a.settings.MaxWait || a.untilDeadline() <= 0:
			t.Fatalf("waits too long: %v", path)
		}
		reply, kind := a.failRandomly(rnd)
		path = append(path, fmt.Sprint(kind, ": ", reply.Verdict, " ", reply.Wait))
		if !reply.Verdict.Again() {
			return
		}
		memory = reply.Memory
		time.Sleep(reply.Wait)
	}
}

// readyForNew is a backend that a new request for pro may be sent to at once:
// one that is not held back, or is due for a probe.
func (r rig) readyForNew(backends []route.Backend) string {
	for _, b := range backends {
		out := r.outages.known[outageKey{b.Name, "pro"}]
		if in, ok := r.pool.Ready(b.Name, "pro", nil); ok && in == 0 && (out == nil || !out.next.After(time.Now())) {
			return b.Name
		}
	}
	return ""
}

// wellFor is a backend that is ready for one of the models and not held back.
func (r rig) wellFor(backends []route.Backend, models route.Chain) string {
	for _, hop := range models {
		for _, b := range backends {
			in, ok := r.pool.Ready(b.Name, hop.Model, nil)
			if ok && in == 0 && !r.outages.held(outageKey{b.Name, hop.Model}) {
				return b.Name + "/" + hop.Model
			}
		}
	}
	return ""
}

// ready are the candidates of the attempt's model that could be asked now.
func (a *attempt) ready() (list []route.Candidate) {
	for _, c := range a.candidates {
		if c.Model == a.model && a.readyIn(c) == 0 {
			list = append(list, c)
		}
	}
	return list
}

// cools reports whether what the attempt asks cools down.
func (a *attempt) cools() bool {
	return a.x.pool.Cooling(a.account.ID, a.model) || a.x.pool.Cooling(backendKey(a.backend.Name), a.model)
}

// failRandomly ends an attempt in one of the ways that are not the request's
// fault.
func (a *attempt) failRandomly(rnd *rand.Rand) (*policies.Reply, string) {
	kind := passingFailures[rnd.IntN(len(passingFailures))]
	switch rnd.IntN(4) {
	case 0:
		defer a.Close(policies.EndComplete)
		return a.ResponseHeaders(&policies.Response{Status: 503, Details: refusedConnection}).Reply, "refused connection"
	case 1:
		kind = spentFailures[rnd.IntN(len(spentFailures))]
	}
	return answerWith(a, kind.status, kind.body).Reply, kind.name
}
