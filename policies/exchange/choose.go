package exchange

import (
	"slices"
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/route"
)

// choose settles backend, model and account. Earlier attempts say which to
// avoid.
func (a *attempt) choose() *policies.Reply {
	chain := a.x.cfg.Models.Resolve(a.req.Model)
	if err := gemini.ValidModel(chain[0].Model); err != nil {
		return a.refuseModel(heal.ReasonRefused, conversation.ErrInvalid, redact.Quote(a.req.Model)+": "+err.Error())
	}
	a.candidates = a.suited(route.Plan(route.Request{
		Chain: chain, Backends: a.backends, Table: a.x.catalog.Table(), Operation: a.route.Operation,
		OneModel: a.settings.StrictModel || a.embeds(), // vectors of two models cannot be compared
	}))
	if len(a.candidates) == 0 {
		if err := a.x.catalog.Table().Capabilities(chain[0].Model).Does(a.route.Operation); err != nil {
			return a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Param: "model", Message: "model " + strconv.Quote(chain[0].Model) + ": " + err.Error()})
		}
		return a.refuseModel(heal.ReasonNoBackend, conversation.ErrNotFound, strconv.Quote(chain[0].Model)+" is served by no backend of this gateway")
	}
	a.leaveLost()
	chosen := a.preferred()
	a.backend, a.model = chosen.Backend, chosen.Model
	a.account = a.accountAt(chosen)
	if a.account == nil {
		return a.refuse(heal.ReasonNoAccount, &conversation.Error{Kind: conversation.ErrAPI,
			Message: "gateway configuration: backend " + a.backend.Name + " has no account; add one under accounts in heald.yaml"})
	}
	a.skipped = a.passedOver()
	a.countFailover()
	return nil
}

// chosen is what the attempt asks.
func (a *attempt) chosen() route.Candidate {
	return route.Candidate{Backend: a.backend, Model: a.model}
}

// accountAt is the account to ask for a candidate; nil if it has none at all.
func (a *attempt) accountAt(c route.Candidate) *account.Account {
	return a.x.pool.Choose(c.Backend.Name, c.Model, a.avoided(c.Model), a.spent(c.Model))
}

// preferred is the candidate to ask: of the first model of the chain that can be
// asked at once, or that this request waits for since it has begun there. With no
// such model, of the first one that is ready in the time that a request may wait.
// The last attempt, after a failover, does not wait while something is ready.
func (a *attempt) preferred() route.Candidate {
	var fresh, again []route.Candidate
	for _, c := range a.candidates {
		switch {
		case a.exhausted(c):
		case a.left(c):
			again = append(again, c) // it failed only in passing
		default:
			fresh = append(fresh, c)
		}
	}
	if n := len(a.memory.Tries); a.attemptsUsed() == a.settings.Attempts && n > 0 && a.memory.Tries[n-1].Verdict == policies.Failover {
		if i := slices.IndexFunc(fresh, func(c route.Candidate) bool { return a.dueIn(c) == 0 && !a.heldBack(c) }); i >= 0 {
			return fresh[i]
		}
	}
	var inTime []route.Candidate
	for _, list := range [][]route.Candidate{fresh, again} {
		for _, c := range list { // for the order of models
			best, ok := a.preferredOf(ofModel(fresh, c.Model), ofModel(again, c.Model))
			if ok && a.worthIt(best) {
				return best
			}
			if ok {
				inTime = append(inTime, best)
			}
		}
	}
	return slices.Concat(inTime, fresh, again, a.candidates)[0]
}

// worthIt reports whether the best candidate of a model comes before those of the
// models behind it: unless all backends of its model are surely out, or it is over
// its rate limit and the request has not begun there.
func (a *attempt) worthIt(c route.Candidate) bool {
	if a.probing || a.counts() {
		return true
	}
	begun := slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool { return t.Model == c.Model })
	return !a.surelyOut(c) && (begun || a.dueIn(c) == 0)
}

// ofModel are the backends to ask for one model.
func ofModel(list []route.Candidate, model string) []route.Candidate {
	return slices.DeleteFunc(slices.Clone(list), func(c route.Candidate) bool { return c.Model != model })
}

// preferredOf is the backend to ask for a model: one that is ready, first those
// that the request has not left; then one that is worth waiting for. One that is
// held back comes after those that are ready, unless it is due for a probe and
// stands before them. It comes before those that are not: as a probe, or where
// the attempt would ask what still cools down. ok is false if none will be ready
// in time.
func (a *attempt) preferredOf(fresh, again []route.Candidate) (best route.Candidate, ok bool) {
	all := slices.Concat(fresh, again)
	best, ok = a.soonest(slices.DeleteFunc(slices.Clone(all), a.heldBack))
	if !ok {
		if best, ok = a.soonest(slices.DeleteFunc(slices.Clone(all), a.surelyOut)); ok && a.dueIn(best) == 0 {
			return best, true
		}
		if i := slices.IndexFunc(fresh, a.probes); i >= 0 {
			return fresh[i], true
		}
		return a.soonest(all)
	}
	before := fresh
	if a.dueIn(best) == 0 {
		before = fresh[:max(slices.Index(fresh, best), 0)]
	}
	if i := slices.IndexFunc(before, a.probes); i >= 0 {
		return before[i], true
	}
	if wait := a.wait(a.accountAt(best), best.Model); a.readyIn(best) > wait {
		if c, _ := a.soonest(all); a.dueIn(c) == 0 {
			return c, true
		}
	}
	return best, true
}

// soonest is the candidate that is ready first, in the time that a request may
// wait.
func (a *attempt) soonest(list []route.Candidate) (best route.Candidate, ok bool) {
	for _, c := range list {
		in := a.dueIn(c)
		if in > 0 && !a.mayWait(a.readyIn(c)) {
			continue
		}
		if !ok || in < a.dueIn(best) {
			best, ok = c, true
		}
	}
	return best, ok
}

// probes reports whether the request is to find out if a backend that is held
// back answers again. A retry does not: it has failed once already.
func (a *attempt) probes(c route.Candidate) bool {
	if len(a.memory.Tries) > 0 || a.lost > 0 || a.counts() || a.readyIn(c) > 0 {
		return false
	}
	a.probing = a.x.outages.probe(outageOf(c))
	return a.probing
}

// readyIn is how long it takes until a candidate may be asked; 0 for at once. A
// backend that cools down is not worth waiting for, beyond the time that the
// attempt has to wait anyway.
func (a *attempt) readyIn(c route.Candidate) time.Duration {
	backendIn := a.x.pool.Remaining(backendKey(c.Backend.Name), c.Model)
	in, ok := a.x.pool.Ready(c.Backend.Name, c.Model, a.spent(c.Model))
	if !ok || backendIn > max(a.untilDue(), 0) {
		return heal.UntilReload
	}
	return max(in, backendIn)
}

// dueIn is how long a candidate keeps the attempt waiting beyond the time that
// it has to wait anyway.
func (a *attempt) dueIn(c route.Candidate) time.Duration {
	return max(a.readyIn(c)-max(a.untilDue(), 0), 0)
}

// heldBack reports whether requests should rather begin elsewhere.
func (a *attempt) heldBack(c route.Candidate) bool { return a.x.outages.held(outageOf(c)) }

// surelyOut reports whether requests should rather begin at another model.
func (a *attempt) surelyOut(c route.Candidate) bool { return a.x.outages.surely(outageOf(c)) }

// backendKey keeps a backend's cooldowns apart from those of accounts, whose
// ids have no colon in front.
func backendKey(name string) string { return ":" + name }

// left reports whether an earlier attempt asked to leave the candidate, or was
// lost there.
func (a *attempt) left(c route.Candidate) bool {
	if l := a.memory.Lost; l != nil && l.Left && outageOf(c) == lostAt(l) {
		return true
	}
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Verdict == policies.Failover && t.Backend == c.Backend.Name && (!t.OfModel || t.Model == c.Model)
	})
}

// exhausted reports whether the candidate is of no use to the request: all its
// accounts are spent, or the prompt is too long for the model.
func (a *attempt) exhausted(c route.Candidate) bool {
	if _, some := a.x.pool.Ready(c.Backend.Name, c.Model, nil); !some {
		return false // that there is no account is told as such
	}
	_, some := a.x.pool.Ready(c.Backend.Name, c.Model, a.spent(c.Model))
	return !some || slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Failure == heal.Overflow && !a.larger(c.Model, t.Model)
	})
}

// larger reports whether a model has a larger context window than another.
func (a *attempt) larger(model, than string) bool {
	table := a.x.catalog.Table()
	return table.Capabilities(model).Context > table.Capabilities(than).Context
}

// avoided are the accounts that an earlier attempt asked not to use again for
// the model, as long as there are others, and those that requests for the rest of
// an answer found spent.
func (a *attempt) avoided(model string) []string {
	out := append(a.accounts(func(t heal.Try) bool { return t.Rotate && (!t.OfModel || t.Model == model) }), a.spentByRests(model)...)
	if l := a.memory.Lost; l != nil && l.Model == model {
		out = append(out, l.Account)
	}
	return out
}

// spent are the accounts of which this request has found that they will not
// answer for the model soon.
func (a *attempt) spent(model string) []string {
	return append(a.accounts(func(t heal.Try) bool { return t.Failure == heal.Spent && (!t.OfModel || t.Model == model) }), a.spentByRests(model)...)
}

// spentByRests are those that requests for the rest of an answer have found.
func (a *attempt) spentByRests(model string) []string {
	var out []string
	for _, s := range a.memory.Spent {
		if s.Model == "" || s.Model == model {
			out = append(out, s.Account)
		}
	}
	return out
}

// accounts are those of the attempts that is true for.
func (a *attempt) accounts(is func(heal.Try) bool) []string {
	var out []string
	for _, t := range a.memory.Tries {
		if is(t) {
			out = append(out, t.Account)
		}
	}
	return out
}
