package exchange

import (
	"context"
	"errors"
	"hash/maphash"
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

// destination is a model at a backend, by their names.
type destination struct{ backend, model string }

func destinationOf(c route.Candidate) destination { return destination{c.Backend.Name, c.Model} }

// choose finds the candidates. Earlier attempts say which ones to avoid.
func (a *attempt) choose() *policies.Reply {
	chain := a.x.cfg.Models.Resolve(a.req.Model)
	if err := gemini.ValidModel(chain[0].Model); err != nil {
		return a.refuseModel(heal.ReasonRefused, conversation.ErrInvalid, redact.Quote(a.req.Model)+": "+err.Error())
	}
	a.candidates = a.suitable(route.Plan(route.Request{
		Chain: chain, Backends: a.backends, Table: a.x.catalog.Table(), Operation: a.route.Operation,
		OneModel: a.settings.StrictModel || a.embeds(), // vectors of two models cannot be compared
	}))
	if len(a.candidates) == 0 {
		if err := a.x.catalog.Table().Capabilities(chain[0].Model).CheckOperation(a.route.Operation); err != nil {
			return a.refuse(heal.ReasonRefused, &conversation.Error{Kind: conversation.ErrInvalid, Param: "model", Message: "model " + strconv.Quote(chain[0].Model) + ": " + err.Error()})
		}
		return a.refuseModel(heal.ReasonNoBackend, conversation.ErrNotFound, strconv.Quote(chain[0].Model)+" is served by no backend of this gateway")
	}
	if reply := a.leaveUnpriced(); reply != nil {
		return reply
	}
	if !slices.ContainsFunc(a.candidates, func(c route.Candidate) bool { return a.x.accounts.Has(c.Backend.Name) }) {
		return a.refuse(heal.ReasonNoAccount, &conversation.Error{Kind: conversation.ErrAPI,
			Message: "gateway configuration: backend " + a.candidates[0].Backend.Name + " has no account; add one under accounts in heald.yaml"})
	}
	a.leaveLost()
	return nil
}

// acquire waits until the attempt is due, and then leases an account of the best
// candidate that is ready. If none is ready, it waits for one.
func (a *attempt) acquire(ctx context.Context, body []byte) *policies.Reply {
	if err := a.pause(ctx); err != nil {
		return a.refuseGone()
	}
	if reply := a.checkDeadline(); reply != nil {
		return reply
	}
	a.settleTokens(ctx)
	a.sum = account.RequestSum(maphash.Bytes(sumSeed, body))
	began := time.Now()
	order := a.order()
	lease, err := a.x.accounts.Acquire(ctx, a.plan(order), a.want(body, order))
	a.record.waited += time.Since(began)
	switch {
	case err != nil && ctx.Err() != nil:
		return a.refuseGone()
	case err != nil && a.counts():
		a.estimate = gemini.EstimateTokens(len(body))
		return a.estimated().Reply
	case err != nil:
		if reply := a.refuseTenant(err); reply != nil {
			return reply
		}
		return a.refuseUnavailable(err)
	}
	a.take(lease, order)
	a.skipped = a.passedOver()
	a.countFailover()
	return nil
}

// take records the account and the candidate of a lease, in the service tier
// that is next there.
func (a *attempt) take(l account.Lease, order []route.Candidate) {
	a.lease, a.account = l, l.Account()
	c := l.Candidate()
	i := slices.IndexFunc(order, func(o route.Candidate) bool { return destinationOf(o) == destination{c.Backend, c.Model} })
	a.backend, a.model, a.tier = order[i].Backend, c.Model, order[i].Tier
}

// chosen is the candidate that the attempt asks.
func (a *attempt) chosen() route.Candidate {
	return route.Candidate{Backend: a.backend, Model: a.model, Tier: a.tier}
}

// order lists the candidates in the order in which the request prefers them:
// model by model along the chain, and of each model first the candidates that
// the request has not left. Models where it has left all candidates come last.
// The last attempt, after a failover, takes any candidate that was not left
// before one that was. Of several tiers of a model at a backend only the next
// one is listed: the accounts are the same.
func (a *attempt) order() []route.Candidate {
	var fresh, again []route.Candidate
	for _, c := range a.candidates {
		switch {
		case a.exhausted(c):
		case a.hasLeft(c):
			again = append(again, c) // it failed only in passing
		default:
			fresh = append(fresh, c)
		}
	}
	order := fresh
	switch {
	case len(again) > 0 && a.lastAfterFailover():
		order = slices.Concat(fresh, again)
	case len(again) > 0:
		order = byModel(fresh, again)
	}
	return nextTiers(order)
}

// nextTiers keeps the first tier of each model at a backend.
func nextTiers(order []route.Candidate) (out []route.Candidate) {
	if !slices.ContainsFunc(order, func(c route.Candidate) bool { return c.Tier != "" }) {
		return order
	}
	for _, c := range order {
		if !slices.ContainsFunc(out, func(o route.Candidate) bool { return destinationOf(o) == destinationOf(c) }) {
			out = append(out, c)
		}
	}
	return out
}

// plan converts an order to candidates of package account.
func (a *attempt) plan(order []route.Candidate) []account.Candidate {
	table, last := a.x.catalog.Table(), a.lastAfterFailover()
	plan := make([]account.Candidate, len(order))
	for i, c := range order {
		plan[i] = account.Candidate{Backend: c.Backend.Name, Model: c.Model, Priority: i, CachedFrom: int64(table.Capabilities(c.Model).CachedFrom)}
		plan[i].Begun = !last && slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool { return t.Model == c.Model })
		if i > 0 && c.Model == order[i-1].Model && c.Backend.Priority > 0 && c.Backend.Priority == order[i-1].Backend.Priority && a.hasLeft(c) == a.hasLeft(order[i-1]) {
			plan[i].Priority = plan[i-1].Priority
		}
	}
	return plan
}

// byModel lists the candidates of each model together, in the order of the
// models.
func byModel(fresh, again []route.Candidate) (out []route.Candidate) {
	all := slices.Concat(fresh, again)
	for _, c := range all {
		if slices.ContainsFunc(out, func(o route.Candidate) bool { return o.Model == c.Model }) {
			continue
		}
		for _, o := range all {
			if o.Model == c.Model {
				out = append(out, o)
			}
		}
	}
	return out
}

func (a *attempt) lastAfterFailover() bool {
	n := len(a.memory.Tries)
	return a.attemptsUsed() == a.settings.Attempts && n > 0 && a.memory.Tries[n-1].Verdict == policies.Failover
}

// dueSlack is how long an attempt that has waited until it was due may wait for
// its account, which should be ready by then: clocks of replicas differ.
const dueSlack = time.Second

// want is what the attempt needs of an account.
func (a *attempt) want(body []byte, order []route.Candidate) account.Want {
	retry := len(a.memory.Tries) > 0 || a.lost > 0
	w := account.Want{
		Request: a.sum, Retry: retry, Count: a.counts(), NoProbe: a.settings.Attempts == 1 && !a.x.cfg.OneHop,
		MaxWait: a.settings.QueueWait, Deadline: time.Now().Add(max(a.untilDeadline(), 0)),
	}
	if retry {
		w.MaxWait = max(a.settings.MaxWait-a.record.waited, dueSlack)
	}
	if retry || len(a.memory.Spent) > 0 {
		w.Avoid = a.avoid
	}
	if body != nil { // else it is for the rest of an answer, whose size is that of the whole
		a.size = a.sizeOf(body)
	}
	all := a.expect(order)
	w.Tokens = all.Input
	if a.x.accounts.Several() && !a.counts() {
		w.Session, w.Cached = a.session(body), 1
	}
	a.wantOfTenant(&w, all)
	return w
}

// avoid says how far the request avoids an account for a model, after what its
// earlier attempts have seen.
func (a *attempt) avoid(id, model string) account.Avoidance {
	out := account.Fresh
	for i := range a.memory.Tries {
		t := &a.memory.Tries[i]
		if t.OfModel && t.Model != model || !a.sameAccount(t.Account, t.OfGroup, id) {
			continue
		}
		switch {
		case t.Failure == heal.Spent && !a.showsAnother(t):
			return account.Spent
		case t.Rotate:
			out = account.Tried
		}
	}
	for _, s := range a.memory.Spent {
		if (s.Model == "" || s.Model == model) && a.sameAccount(s.Account, s.OfGroup, id) {
			return account.Spent
		}
	}
	if l := a.memory.Lost; l != nil && l.Model == model && l.Account == id {
		return account.Tried
	}
	if n := len(a.memory.Tries); n > 0 && out == account.Fresh {
		if t := &a.memory.Tries[n-1]; t.Account == id && t.Model == model && !t.Rotate && t.Verdict != policies.Failover {
			return account.Again
		}
	}
	return out
}

// showsAnother reports whether the account that was refused may have another
// access token now. It gets one more try.
func (a *attempt) showsAnother(t *heal.Try) bool {
	if t.Reason != heal.ReasonBadKey || !a.x.accounts.HasTokens(t.Account) {
		return false
	}
	n := 0
	for i := range a.memory.Tries {
		if o := &a.memory.Tries[i]; o.Account == t.Account && o.Reason == heal.ReasonBadKey {
			n++
		}
	}
	return n == 1
}

// sameAccount reports whether a failure of one account, or of its quota group,
// applies to another account.
func (a *attempt) sameAccount(found string, ofGroup bool, id string) bool {
	return found == id || ofGroup && found != "" && a.x.accounts.Group(found) == a.x.accounts.Group(id)
}

// outlook says which accounts of a candidate are ready, or when they will be.
func (a *attempt) outlook(c route.Candidate) account.Outlook {
	return a.x.accounts.Outlook(account.Candidate{Backend: c.Backend.Name, Model: c.Model}, &account.Want{Count: a.counts(), Avoid: a.avoid})
}

// hasLeft reports whether an earlier attempt asked to leave the candidate, or
// was lost there.
func (a *attempt) hasLeft(c route.Candidate) bool {
	if l := a.memory.Lost; l != nil && l.Left && destinationOf(c) == lostAt(l) {
		return true
	}
	return slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Verdict == policies.Failover && t.Backend == c.Backend.Name && (!t.OfModel || t.Model == c.Model) && (!t.OfTier || t.Tier == c.Tier)
	})
}

// exhausted reports whether the candidate cannot help the request: all its
// accounts are spent, or the prompt is too long for the model.
func (a *attempt) exhausted(c route.Candidate) bool {
	if len(a.memory.Tries) == 0 && len(a.memory.Spent) == 0 {
		return false
	}
	return !a.outlook(c).Any || slices.ContainsFunc(a.memory.Tries, func(t heal.Try) bool {
		return t.Failure == heal.Overflow && !a.larger(c.Model, t.Model)
	})
}

// larger reports whether a model has a larger context window than another.
func (a *attempt) larger(model, than string) bool {
	table := a.x.catalog.Table()
	return table.Capabilities(model).Context > table.Capabilities(than).Context
}

// refuseUnavailable ends a request for which no account is available. err is one
// of Acquire.
func (a *attempt) refuseUnavailable(err error) *policies.Reply {
	u := &account.Unavailable{Kind: account.NoKind}
	errors.As(err, &u)
	e := unavailableError(u)
	reason := unavailableReasons[u.Kind]
	if len(a.memory.Tries) > 0 {
		noRetry := e.NoRetry && u.Kind != account.NoKind // which is what this request alone has found out
		e = a.finalError(e)
		e.NoRetry = e.NoRetry || noRetry
		retryAfterUnavailable(&e, u)
	}
	return a.refuse(reason, &e)
}
