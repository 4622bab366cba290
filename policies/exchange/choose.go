package exchange

import (
	"slices"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// candidate is a model at a backend: what an attempt can be sent to.
type candidate struct {
	backend *Backend
	model   string
}

// choose settles backend, model and account. Earlier attempts say which to
// avoid.
func (a *attempt) choose() *policies.Reply {
	chain := a.x.cfg.Models.Resolve(a.req.Model)
	if err := gemini.ValidModel(chain[0].Model); err != nil {
		return a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Param: "model",
			Message: "model: " + err.Error()})
	}
	a.candidates = a.along(chain)
	if len(a.candidates) == 0 {
		return a.refuse(heal.ReasonNoBackend, &conversation.Error{Kind: conversation.ErrNotFound, Param: "model",
			Message: "model " + strconv.Quote(chain[0].Model) + " is served by no backend of this gateway"})
	}
	chosen := a.preferred()
	a.backend, a.model = chosen.backend, chosen.model
	a.account = a.x.pool.Choose(a.backend.Name, a.model, a.spentAccounts())
	if a.account == nil {
		return a.refuse(heal.ReasonNoAccount, &conversation.Error{Kind: conversation.ErrAPI,
			Message: "gateway configuration: backend " + a.backend.Name + " has no account; add one under accounts in heald.yaml"})
	}
	a.countFailover()
	return nil
}

// along lists what can be asked along a chain, in order of preference and
// without repetition.
func (a *attempt) along(chain Chain) []candidate {
	var out []candidate
	for _, hop := range chain {
		if a.settings.StrictModel && hop.Model != chain[0].Model {
			continue
		}
		for i := range a.backends {
			c := candidate{&a.backends[i], hop.Model}
			if (hop.Backend == "" || hop.Backend == c.backend.Name) && c.backend.serves(hop.Model) && !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// preferred is the first candidate that was not left and is not cooling down,
// else the first that was not left, else the first.
func (a *attempt) preferred() candidate {
	fresh := slices.DeleteFunc(slices.Clone(a.candidates), a.left)
	for _, c := range fresh {
		if !a.cooling(c) {
			return c
		}
	}
	return append(fresh, a.candidates...)[0]
}

// cooling reports whether a candidate is better passed over: the backend lacks
// capacity or cannot be reached, or no account of it will be ready for the
// model in the time that a request may wait.
func (a *attempt) cooling(c candidate) bool {
	return a.readyIn(c) > a.settings.MaxWait
}

// readyIn is how long it takes until a candidate may be asked; 0 for at once.
// A backend that cools down is not worth waiting for.
func (a *attempt) readyIn(c candidate) time.Duration {
	if a.x.pool.Cooling(backendKey(c.backend.Name), c.model) {
		return heal.UntilReload
	}
	return a.x.pool.Ready(c.backend.Name, c.model)
}

// backendKey keeps a backend's cooldowns apart from those of accounts, whose
// ids have no colon in front.
func backendKey(name string) string { return ":" + name }

// left reports whether an earlier attempt asked to leave the candidate.
func (a *attempt) left(c candidate) bool {
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Verdict == policies.Failover && t.Backend == c.backend.Name && (!t.OfModel || t.Model == c.model)
	})
}

// elsewhere notes what could be tried after this attempt but the same again:
// another backend, or another model at this one.
func (a *attempt) elsewhere(seen *heal.Seen) {
	for _, c := range a.candidates {
		switch {
		case a.left(c):
		case c.backend.Name != a.backend.Name:
			seen.OtherBackend = true
			seen.ReadyBackend = seen.ReadyBackend || c.model == a.model && a.readyIn(c) == 0
		case c.model != a.model:
			seen.OtherModel = true
		}
	}
}

// stuck reports whether the backend failed the request before this attempt, and
// the budget allows one more.
func (a *attempt) stuck() bool {
	return a.number == a.settings.Attempts-1 &&
		slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool { return t.Backend == a.backend.Name })
}

// spentAccounts are those that an earlier attempt asked not to use again for
// the model.
func (a *attempt) spentAccounts() []string {
	var out []string
	for _, t := range a.memory.Tries {
		if t.Rotate && (!t.OfModel || t.Model == a.model) {
			out = append(out, t.Account)
		}
	}
	return out
}

// passedOver are the candidates that come before the attempt's own, though no
// attempt of this request failed there: others did.
func (a *attempt) passedOver() []candidate {
	own := slices.Index(a.candidates, candidate{a.backend, a.model})
	return slices.DeleteFunc(slices.Clone(a.candidates[:max(own, 0)]), a.left)
}

// cooldownReason is the metric's label for a candidate that was passed over.
const cooldownReason = "cooldown"

// countFailover counts a move to another backend or model.
func (a *attempt) countFailover() {
	from, model, reason := "", "", ""
	switch n := len(a.memory.Tries); {
	case n > 0 && a.memory.Tries[n-1].Verdict == policies.Failover:
		last := a.memory.Tries[n-1]
		from, model, reason = last.Backend, last.Model, last.Reason
	case n == 0 && len(a.passedOver()) > 0:
		from, model, reason = a.candidates[0].backend.Name, a.candidates[0].model, cooldownReason
	default:
		return
	}
	switch {
	case from != a.backend.Name:
		a.x.metrics.failovers.WithLabelValues("backend", reason).Inc()
	case model != a.model:
		a.x.metrics.failovers.WithLabelValues("model", reason).Inc()
	}
}

// hops tell the way that a request has taken from backend to backend and from
// model to model.
func (a *attempt) hops() []string {
	var out []string
	for _, t := range a.memory.Tries {
		if t.Verdict == policies.Failover {
			out = append(out, "failover: left "+t.Model+" at "+t.Backend+" ("+t.Reason+")")
		}
	}
	if a.backend == nil {
		return out
	}
	for _, c := range a.passedOver() {
		out = append(out, "failover: passed over "+c.model+" at "+c.backend.Name+" (cooling down)")
	}
	return out
}
