package exchange

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

const refusedConnection = "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}"

// Whatever cools down or is held back when a request comes, and whatever its
// attempts are answered: no attempt asks what is over its rate limit, or what
// surely fails while something else is ready; a new request waits only where
// nothing is ready; and no wait is longer than queue_wait and max_wait, or beyond
// the deadline.
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
	limited := map[string]time.Time{} // until when, for pro
	for _, b := range backends {
		if rnd.IntN(4) == 0 {
			r.fail(b.Name, "pro", rnd.IntN(2) == 0)
			path = append(path, "held "+b.Name)
		}
	}
	time.Sleep(time.Duration(rnd.IntN(10)) * time.Second) // some may be probed
	for _, acc := range accounts {
		if rnd.IntN(3) == 0 {
			cause := []string{heal.ReasonRateLimit, heal.ReasonServerError}[rnd.IntN(2)]
			d := time.Duration(1+rnd.IntN(14)) * time.Second
			r.cool(acc.ID, "pro", cause, d)
			if cause == heal.ReasonRateLimit {
				limited[acc.ID] = time.Now().Add(d)
			}
			path = append(path, fmt.Sprint("cooled ", acc.ID, " ", cause, " ", d))
		}
	}
	for n, memory := 1, ""; ; n++ {
		if n > attempts {
			t.Fatalf("attempt %d of %d: %v", n, attempts, path)
		}
		begun := time.Now()
		ready := r.readyFor(backends, chain)
		a := r.begin(n, memory)
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatalf("refused: %s", reply.Body)
		}
		_, reply := a.RequestBody(context.Background(), []byte(askTop))
		waited := time.Since(begun)
		if reply != nil {
			if ready := r.readyFor(backends, chain); n == 1 && ready != "" {
				t.Fatalf("refused while %s is ready: %s %v", ready, reply.Body, path)
			}
			a.Close(policies.EndComplete)
			return
		}
		path = append(path, fmt.Sprintf("%d asks %s/%s after %s", n, a.account.ID, a.model, waited))
		longest := a.settings.QueueWait
		if n > 1 {
			longest = 2 * a.settings.MaxWait // until it is due, and then for an account
		}
		switch soft := r.remaining(a.account.ID, a.model); {
		case n == 1 && soft > 0 && ready != "":
			t.Fatalf("asks what cools down, while %s is ready: %v", ready, path)
		case limited[a.account.ID].After(time.Now()) && a.model == "pro":
			t.Fatalf("asks what is over its rate limit: %v", path)
		case n == 1 && waited > 0 && ready != "":
			t.Fatalf("waits, while %s is ready: %v", ready, path)
		case n == 1 && ready != "" && !a.probing() && r.surelyOut(a.backend.Name, a.model):
			t.Fatalf("begins at what surely fails, while %s is ready: %v", ready, path)
		case waited > longest || a.untilDeadline() <= 0:
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

// readyFor is a backend that a new request may be sent to at once for one of the
// models, and that is not held back.
func (r rig) readyFor(backends []route.Backend, models route.Chain) string {
	for _, hop := range models {
		for _, b := range backends {
			if r.remaining(":"+b.Name, hop.Model) == 0 && !r.held(b.Name, hop.Model) {
				return b.Name + "/" + hop.Model
			}
		}
	}
	return ""
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
