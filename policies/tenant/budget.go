package tenant

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Estimate is what an attempt may use at most, as far as is known before it is
// sent.
type Estimate struct {
	// Tokens are input and expected output.
	Tokens int64
	// Input is the input alone, for the account: what to keep free of its minute.
	Input int64
	// Certain are those of Tokens that are no guess: the input, and the output if
	// the client has set a limit below what is expected.
	Certain int64
	// Cost is in nano-units of the currency; nil if the price is unknown, and
	// nothing is reserved. CertainCost is that of Certain.
	Cost, CertainCost *int64
}

// reserve is the amount to reserve of a limit. The length of an answer is a
// guess, which must not refuse a request for good: if the expected amount is
// above the limit and the certain one is not, the whole limit is reserved.
func reserve(expected, certain, limit int64) int64 {
	if certain > limit {
		return expected
	}
	return min(expected, limit)
}

// Usage is what an attempt has used.
type Usage struct {
	Input, Output int64 // tokens
	// Cost is in nano-units of the currency; nil if the price is unknown, and
	// the reservation stands.
	Cost *int64
}

// Want is what an attempt takes of the tenant before it goes upstream. nil is
// nothing: the tenant has neither slots nor limits, and no store has to be asked.
func (t *Tenant) Want(e Estimate, now time.Time) *state.TenantWant {
	limits := t.Limits.list()
	if t.MaxConcurrency == 0 && len(limits) == 0 {
		return nil
	}
	want := &state.TenantWant{Name: t.Name, Slots: t.MaxConcurrency}
	for _, l := range limits {
		b := state.Budget{Name: l.name, Ends: l.window.End(now), Limit: l.most}
		switch l.unit {
		case Requests:
			b.Amount = 1
		case Tokens:
			b.Amount = reserve(max(e.Tokens, 0), e.Certain, l.most)
		case Money:
			b.Amount = reserve(micros(e.Cost, 0), micros(e.CertainCost, 0), l.most)
		}
		want.Budgets = append(want.Budgets, b)
	}
	return want
}

// InUnits converts an amount as a store counts it to the limit's own unit:
// millionths of the currency to money.
func InUnits(limit string, amount int64) float64 {
	if u, _, ok := ParseLimit(limit); ok && u == Money {
		return float64(amount) / micro
	}
	return float64(amount)
}

// Refused returns the error for what the store has refused of want, at the time
// now; nil if it has refused nothing of the tenant's. want is nil if this
// request waited behind another one of the tenant that was refused. after is
// the caller's estimate of how long slots stay taken.
func (t *Tenant) Refused(taken *state.Taken, want *state.TenantWant, now time.Time, after time.Duration) *Denied {
	if taken.Tenant == "" {
		return nil
	}
	d := &Denied{Kind: Budget, Tenant: t.Name, Limit: taken.Tenant}
	u, w, ok := ParseLimit(taken.Tenant)
	if !ok {
		return &Denied{Kind: Slots, Tenant: t.Name, RetryAfter: after}
	}
	if want != nil && slices.ContainsFunc(want.Budgets, func(b state.Budget) bool { return b.Name == taken.Tenant && b.Amount > b.Limit }) {
		d.Kind = TooLarge
		return d
	}
	if w != Total {
		d.RetryAfter = max(taken.TenantReady.Sub(now), 0)
	}
	switch {
	case u == Money && w >= Month:
		d.Kind = OutOfMoney
	case w == Total:
		d.Kind = Spent
	}
	return d
}

// Settlement ends what receipt has taken, once the attempt is over. used is what
// it used, estimated where upstream did not say; nil if nothing went upstream.
func (t *Tenant) Settlement(receipt state.Receipt, used *Usage) state.Settlement {
	if used == nil {
		return state.Settlement{Receipt: receipt, Unsent: true}
	}
	out := state.Settlement{Receipt: receipt, Tokens: used.Input, Service: used.Service() / int64(max(t.Weight, 1))}
	for _, b := range receipt.Budgets {
		amount := b.Amount
		switch u, _, _ := ParseLimit(b.Name); u {
		case Requests: // it was one
		case Tokens:
			amount = used.Input + used.Output
		case Money:
			amount = micros(used.Cost, b.Amount)
		}
		out.Used = append(out.Used, amount)
	}
	return out
}

// outputWeight is how much more an output token counts than an input token:
// about what it costs, in time and money.
const outputWeight = 4

// Service is the work done for the tenant, by which the queue is fair between
// tenants.
func (u *Usage) Service() int64 { return u.Input + outputWeight*u.Output }

// micros are nano-units in millionths, rounded up so that many small sums are
// not free; unknown is for a cost that is unknown.
func micros(nanos *int64, unknown int64) int64 {
	if nanos == nil {
		return unknown
	}
	return (max(*nanos, 0) + 999) / 1000
}
