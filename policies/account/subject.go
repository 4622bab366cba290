package account

import "time"

// Scope is what a failure or a limit belongs to. Mixing them up would keep back
// what works, and use what does not: ten keys of one project share one quota.
type Scope uint8

// The scopes.
const (
	OfAccount Scope = iota // one credential: refused, expired
	OfGroup                // a quota group: its project's requests and tokens
	OfBilling              // a billing account: money, over all of its groups
	OfBackend              // an endpoint: capacity, the way to it
)

// String is the scope's word in logs and status.
func (s Scope) String() string {
	return [...]string{"account", "group", "billing account", "backend"}[s]
}

// Subject is what is kept back: for one model, or with Model "" for all.
type Subject struct {
	Scope Scope
	Name  string // of the account, group, billing account or backend
	Model string
}

// Kind says what clients are told of what is kept back.
type Kind uint8

// The kinds. Replicas share their numbers: new ones go to the end.
const (
	NoKind        Kind = iota
	Busy               // all slots are taken
	RateLimit          // requests or tokens per minute
	NoCapacity         // the backend has no capacity
	Outage             // the backend does not answer
	QuotaSpent         // requests per day, or a model without any
	NoMoney            // prepaid credit or a spending limit
	Refused            // the provider does not serve it so: a region, a model
	BadCredential      // a credential that is refused

	TenantSlots    // the tenant has as many attempts as it may
	TenantWaiting  // as many of its requests wait as may
	TenantBudget   // a window of the tenant is used up
	Crowded        // as many requests wait as may
	NoState        // the store cannot be reached
	Forbidden      // the provider does not let the credential, which is good, use it: an API that is disabled
	TenantReserved // a window of the tenant is set aside for requests under way

	kinds = iota
)

// String is the kind's word in logs and labels.
func (k Kind) String() string {
	return [...]string{"", "busy", "rate_limit", "capacity", "outage", "quota", "money", "refused", "credential",
		"tenant_slots", "tenant_waiting", "tenant_budget", "crowded", "no_state", "forbidden", "tenant_reserved"}[k]
}

// Cooldown says how long something is kept back after a failure.
type Cooldown struct {
	// Scope and OfModel say what is kept back: of the lease's account, for the
	// lease's model alone or for every model.
	Scope   Scope
	OfModel bool
	// Cause separates series of failures: an outage does not count towards a
	// refused credential.
	Cause string
	// Kind is what clients that would have to wait for it are told.
	Kind Kind
	// Said is the provider's reason, as in SERVICE_DISABLED; "" if it has none.
	// See ProviderReason.
	Said string
	// For has one duration per consecutive failure; the last one repeats. Failures
	// while it is kept back count as the same one, since requests that run at the
	// same time fail together.
	For []time.Duration
	// Within, if not 0, is the time within which failures are consecutive,
	// whatever came between them; otherwise a success ends the series.
	Within time.Duration
	// Probes lets one request at a time test before the end whether it is over;
	// see probeSteps. Stated, if not 0, is the delay that the provider stated,
	// after which there is a probe as well.
	Probes bool
	Stated time.Duration
	// Soft says that it is used anyway if nothing else is ready.
	Soft bool
	// Doubtful says that the request itself may be to blame: it is kept back
	// only once another request has failed in the same way.
	Doubtful bool
	// Meanwhile has one duration per consecutive failure for which it is kept back
	// for the model while there is doubt; nil for none.
	Meanwhile []time.Duration
}
