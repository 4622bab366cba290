package state

import (
	"context"
	"time"
)

// Store holds what replicas share. It is safe for concurrent use. Every method
// obeys ctx. An error means that the outcome is unknown, and that the call must
// not be repeated: the heartbeat corrects slots and reservations of budgets, and
// minutes run out.
type Store interface {
	// Take takes for the tenant and at the first place that has room, in one
	// atomic step: both, or nothing. Only a cluster of Redis may hold one while
	// the other refuses, until the answer; see package redis.
	Take(ctx context.Context, want *Want) (Taken, error)
	// Correct corrects a reservation before the end. The returned receipt says
	// what is reserved from then on, and replaces the one in c: it is the one to
	// settle, after Correct has returned. It equals c's if nothing was changed:
	// there is nothing to change, or the store cannot be told now. With an error
	// it is a receipt that leaves nothing uncounted, whether the store was told
	// or not.
	Correct(ctx context.Context, c Correction) (Receipt, error)
	// Settle ends what was taken. Each Taken is settled once.
	Settle(ctx context.Context, ended ...Settlement) error
	// Snapshot returns the state of all accounts, groups and documents. It may
	// be as old as SnapshotAge.
	Snapshot(ctx context.Context) (*Snapshot, error)
	// Change replaces a document by what change makes of it: nil of one that
	// does not exist, and nil to delete it. change may be called several times
	// and must not block. The document ends after life.
	Change(ctx context.Context, doc Doc, life time.Duration, change func(old []byte) []byte) error
	// Get returns a value that was Put; nil if there is none. With
	// ErrUnavailable the value is the one that this replica has put, if any:
	// others may have put a newer one.
	Get(ctx context.Context, key Key) ([]byte, error)
	// Put keeps a value until its life ends.
	Put(ctx context.Context, key Key, value []byte, life time.Duration) error
	// Count adds one to a counter and returns it; its life begins with the first.
	Count(ctx context.Context, key Key, life time.Duration) (int64, error)
	// Close ends what runs in the background, and gives all slots back.
	Close() error
}

// SnapshotAge is how old a snapshot may be.
const SnapshotAge = 250 * time.Millisecond

// Want is what an attempt needs before it may go upstream.
type Want struct {
	// Tenant is who calls; nil takes nothing for a tenant.
	Tenant *TenantWant
	// Places are where the attempt may go, in order of preference, at most
	// MostPlaces. Empty takes for the tenant alone.
	Places []Place
}

// MostPlaces is how many places one step looks at.
const MostPlaces = 4

// TenantWant is what an attempt takes of its tenant.
type TenantWant struct {
	Name string
	// Slots are how many attempts the tenant may have at once; 0 is no limit.
	Slots int
	// Budgets are what is reserved of each window; all must have room.
	Budgets []Budget
}

// Budget is a limit on one window of time. Windows are fixed: a minute, hour,
// day or month as the clock has it.
type Budget struct {
	// Name identifies the tenant's budget, as in "tokens/day". It is configured,
	// never a client's.
	Name string
	// Ends is when the window ends; it identifies the window.
	Ends time.Time
	// Limit and Amount are in requests, tokens, or millionths of the currency.
	// A limit of 0 lets nothing pass.
	Limit, Amount int64
}

// Place is one account, for one model.
type Place struct {
	Account string
	// Slots are how many attempts the account may have at once; 0 is no limit.
	Slots int
	// Group is the quota group, for Model.
	Group, Model string
	// Rates limit the group's use of the model.
	Rates Rates
	// Tokens are the input tokens to reserve.
	Tokens int64
	// Whole is the limit that Rates.Tokens is a part of; 0 where it is no part. A
	// request that is larger than the part, but not than the whole, fits where
	// nothing is used: it could never be sent otherwise.
	Whole int64
	// DayEnds is when the day of Rates.Day ends: midnight at Google. Without it
	// days are not counted.
	DayEnds time.Time
}

// Rates are limits of a quota group for one model; 0 is no limit.
//
// A minute is [Minute] and up to a second more, so that no 60 seconds have more,
// wherever the provider begins to count.
type Rates struct {
	Requests int64 `json:"rpm,omitempty"` // per minute
	Tokens   int64 `json:"tpm,omitempty"` // input tokens per minute
	Day      int64 `json:"rpd,omitempty"` // requests per day
}

// Need is how many tokens of Rates.Tokens must be free for the place's request. All
// of its tokens are counted once it fits.
func (p *Place) Need() int64 {
	if p.Rates.Tokens < p.Tokens && p.Tokens <= p.Whole {
		return p.Rates.Tokens
	}
	return p.Tokens
}

// Taken is the outcome of a Take.
type Taken struct {
	// Place is the index of the place that had room; -1 if none had, or the
	// tenant had none.
	Place int
	// Tenant says why the tenant was refused; "" if it was not. It is
	// TenantSlots or the name of a budget.
	Tenant string
	// TenantReady is when the budget's window ends that refused; zero for slots.
	TenantReady time.Time
	// Reserved says that the refusing budget is full only because of what attempts
	// under way have reserved: the same request may fit once they are settled,
	// before TenantReady. Of several full budgets one that is used up is named
	// first. False if the store does not know, and for slots.
	Reserved bool
	// Full says of each place that had no room why, in the order of Want.Places.
	Full []Full
	// Service is the tenant's service so far over all replicas; see Settlement.
	Service int64
	// Local says that the store could not be reached, and that this replica
	// decided by itself.
	Local bool
	// Receipt is handed back with Settle.
	Receipt Receipt
}

// TenantSlots is the Taken.Tenant of a tenant whose slots are all taken.
const TenantSlots = "slots"

// Full is why a place had no room.
type Full struct {
	// Limit is "slots", "rpm", "tpm" or "rpd".
	Limit string
	// In is how long until it has room again if nothing else is taken; 0 if
	// unknown: for slots, and for more tokens than the whole limit.
	In time.Duration
}

// Receipt says what was taken, for whom, and when by the store's clock. It
// refers to the Want it was taken by, which must not be changed before Settle.
type Receipt struct {
	Tenant  string
	Slot    bool // of the tenant
	Budgets []Budget
	Place   *Place // nil if none was taken
	At      int64  // second of the store's clock in which rates were counted
	Local   bool   // taken while the store could not be reached
}

// Settlement ends what was taken.
type Settlement struct {
	Receipt Receipt
	// Unsent says that nothing went upstream: all that was reserved is given
	// back, requests included.
	Unsent bool
	// Tokens are the input tokens that upstream has counted for its rates;
	// negative if unknown, and the reservation stands.
	Tokens int64
	// Used is what was really used of each of Receipt.Budgets, in their order.
	// nil if unknown, and the reservations stand.
	Used []int64
	// Service is what was done for the tenant: input and four times the output
	// tokens, divided by its weight.
	Service int64
}

// Snapshot is what ranking reads.
type Snapshot struct {
	// At is when it was taken, by this process's clock.
	At time.Time
	// InUse are the attempts of each account, over all replicas.
	InUse map[string]int
	// Load is what each group has used, by model.
	Load map[GroupModel]Load
	// Docs are all documents.
	Docs map[Doc][]byte
	// Replicas are those that live, this one included, and those that may still
	// work by themselves since they cannot reach the store: Gone are these.
	Replicas, Gone int
	// Incarnation names the store's data: it is another one when they were lost.
	// "" is unknown.
	Incarnation string
}

// GroupModel is a quota group's use of one model.
type GroupModel struct{ Group, Model string }

// Load is what a group has used of a model.
type Load struct{ Requests, Tokens, Day int64 }

// Doc names a small document about an account, a quota group or a backend.
type Doc struct {
	Of   DocKind
	Name string // of the account, group or backend
	Part string // what of it, as in a model's name; "" for all
}

// DocKind is what a document is about.
type DocKind string

// The kinds of documents.
const (
	OfAccount DocKind = "account"
	OfGroup   DocKind = "group"
	OfBackend DocKind = "backend"
)

// Key names a value of a tenant. No tenant can reach the values of another.
type Key struct {
	Tenant string
	Space  Space
	ID     string
}

// Space is a kind of values.
type Space string

// The spaces.
const (
	Attempts   Space = "req" // memory between attempts, by request
	Signatures Space = "sig" // signatures that clients lose, by conversation
)
