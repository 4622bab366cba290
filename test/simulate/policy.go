package simulate

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// Policy decides where requests go. One value is one replica of a gateway. It is
// safe for concurrent use.
type Policy interface {
	// Acquire returns an account for the request's next attempt; a policy that
	// waits does so here. tried are the accounts of its earlier attempts. The
	// error is a *Refused, or ctx's.
	Acquire(ctx context.Context, r *Request, tried []int) (Lease, error)
	Close()
}

// Lease is one account for one attempt.
type Lease interface {
	// Account is the index of the account.
	Account() int
	// Note is called once, at the first content or at the failure.
	Note(Reply)
	// Done ends the lease, at the answer's end or after the failure.
	Done(Reply)
}

// Refused is a policy's own refusal: nothing went upstream.
type Refused struct{ RetryAfter time.Duration }

func (r *Refused) Error() string { return "refused for " + r.RetryAfter.String() }

// Maker makes the replicas of a policy for a scenario.
type Maker struct {
	Name string
	Make func(s *Scenario) []Policy
}

// Heald is the name of heald's own policy in the tables.
const Heald = "heald"

// Baselines are the policies that heald is compared with.
var Baselines = []Maker{
	{"random", each(newRandom)},
	{"round-robin", each(newRoundRobin)},
	{"least-loaded", each(newLeastLoaded)},
	{"least-loaded+cooldown", each(newCooldown)},
	{"lowest-tpm", makeLowestTPM},
}

// each makes one chooser for each replica: they know nothing of each other.
func each(make1 func(*Scenario, *rand.Rand) chooser) func(*Scenario) []Policy {
	return func(s *Scenario) []Policy {
		var all []Policy
		for i := range s.replicas() {
			rnd := rand.New(rand.NewPCG(s.Seed, uint64(i)))
			all = append(all, &baseline{&sync.Mutex{}, make1(s, rnd)})
		}
		return all
	}
}

// Policies are all, heald's last.
func Policies() []Maker {
	return append(Baselines[:len(Baselines):len(Baselines)], Maker{Heald, makeHeald})
}
