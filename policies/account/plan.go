package account

import (
	"context"
	"fmt"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

// Scheduler chooses accounts. It is safe for concurrent use.
type Scheduler interface {
	// Acquire waits until one of the candidates may be asked. It blocks, so it
	// is called outside the stream's lock. The error is *Unavailable, one of
	// Want.Tenant, or that of ctx.
	Acquire(ctx context.Context, plan []Candidate, w Want) (Lease, error)
}

// Candidate is a model at a backend. A plan lists candidates in order of
// preference, those of one model together.
type Candidate struct {
	Backend, Model string
	// Priority: neighbors in the plan with the same one are scored together.
	Priority int
	// Begun reports that the request has begun with the model: it waits for this
	// model rather than ask one behind it.
	Begun bool
	// CachedFrom is the least prompt, in tokens, that the model caches by
	// itself; 0 is none. Only longer ones have a home.
	CachedFrom int64
}

// Want is what an attempt needs and knows.
type Want struct {
	// Tenant is who calls, as TenantWant.Name.
	Tenant string
	// Weight is the tenant's share where tenants compete; 0 is 1.
	Weight float64
	// Limits returns what the tenant may still take now. It is called again after
	// each wait, since windows roll and tenants are disabled; its error ends the
	// Acquire. nil takes nothing of the tenant.
	Limits func(now time.Time) (*state.TenantWant, error)
	// Rivals reports that there are other tenants: a store that replicas share
	// is then told of each tenant's service, also without Limits.
	Rivals bool
	// MaxWaiting is how many requests of the tenant may wait; 0 is no limit.
	MaxWaiting int
	// Session is the conversation's key; see SessionKey. 0 has no home.
	Session uint64
	// Tokens are the input tokens, estimated.
	Tokens int64
	// Cached is the share of the prompt, 0 to 1, that was sent before.
	Cached float64
	// Retry says that the request has failed before: it goes before new requests
	// of its tenant, and probes nothing while something else is ready.
	Retry bool
	// NoProbe says that the request has no attempt to spare for a probe.
	NoProbe bool
	// MaxWait bounds the wait. Deadline, unless it is zero, is when the answer must
	// have begun: the wait ends earlier, by the time that content usually takes.
	MaxWait  time.Duration
	Deadline time.Time
	// Count says that tokens are counted: it takes no slot and no quota, does not
	// wait, and probes nothing.
	Count bool
	// Request identifies the request; see RequestSum.
	Request RequestSum
	// Avoid says what the request has found out about an account; nil means
	// nothing.
	Avoid func(account, model string) Avoidance

	asked *state.TenantWant // what Limits said last
}

// Avoidance says how far a request avoids an account.
type Avoidance uint8

// The avoidances.
const (
	Fresh Avoidance = iota // no reason to avoid it
	Tried                  // another account is preferred
	Spent                  // it will not answer this request
	Again                  // ask it again, whatever the others' scores
)

// Unavailable is why no candidate may be asked.
type Unavailable struct {
	Kind Kind
	// What is the account, group or backend, or the tenant's limit. Cause is
	// that of the cooldown; "" if it is none.
	What, Cause string
	// Until is when it ends, as far as it is known; Over is how long that takes,
	// or a guess, and 0 if it may end at any time. RetryAfter is when to try
	// again: then, or at the next probe.
	Until            time.Time
	RetryAfter, Over time.Duration
}

// Error says what is unavailable, and until when.
func (u *Unavailable) Error() string {
	s := unavailableTexts[u.Kind]
	if u.What != "" {
		s += " (" + u.What + ")"
	}
	if u.RetryAfter > 0 {
		s += fmt.Sprintf(", for %v more", u.RetryAfter.Round(time.Millisecond))
	}
	return s
}

var unavailableTexts = map[Kind]string{
	NoKind:        "no account serves it",
	Busy:          "all slots are taken",
	RateLimit:     "the rate limit is reached",
	NoCapacity:    "the backend has no capacity",
	Outage:        "the backend does not answer",
	QuotaSpent:    "the quota is used up",
	NoMoney:       "money is missing",
	Refused:       "the provider does not serve it",
	BadCredential: "the credential is refused",
	TenantSlots:   "all slots of the tenant are taken",
	TenantWaiting: "too many requests of the tenant are waiting",
	TenantBudget:  "the tenant's budget is used up",
	Crowded:       "too many requests are waiting",
	NoState:       "the state that replicas share cannot be reached",
	Forbidden:     "the provider forbids it",

	TenantReserved: "the tenant's budget is set aside for its requests that run",
}
