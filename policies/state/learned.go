package state

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/heald-proxy/heald/policies/heal"
)

// lasting are the repairs that apply to a model at a backend, not to one
// request: they are remembered, so that the next request need not fail first.
const lasting = heal.OmitIDs | heal.OmitPenalties | heal.OmitLogprobs | heal.RaiseThinking | heal.NoTrailingModel

const (
	// learnedLimit bounds what is remembered: model names come from clients.
	learnedLimit = 1000
	// learnedLife is how long a repair is made without being asked for, after
	// the last request that was refused without it. Providers fix what they
	// refuse: one request finds that out, at the price of one more attempt if
	// they have not.
	learnedLife = 15 * time.Minute
)

// Learned remembers which repairs models need. It belongs to one replica, and
// its content ends with its holder. The zero value is empty. It is safe for
// concurrent use.
type Learned struct {
	// Tell is called after each change, by the goroutine that made it; nil for
	// none. It is set before the first use.
	Tell func(LearnedChange)

	mu    sync.Mutex
	known map[modelAt]*refusals
	count int // of facts in known
	// heard is what only the text of an error said, by the request that met it.
	heard map[learnedKey]uint64
}

// modelAt is a model at a backend.
type modelAt struct{ backend, model string }

// refusals are what a model at a backend refuses. Schemas are remembered one by
// one: others may be simple enough.
type refusals struct {
	repairs map[heal.Repairs]*fact
	schemas map[SchemaSum]*fact
}

// fact is one repair that is made without being asked for.
type fact struct{ since, confirmed time.Time }

func (f *fact) ended(now time.Time) bool { return now.Sub(f.confirmed) >= learnedLife }

// learnedKey is one repair of a model at a backend; schemas is that of
// RelaxSchema alone.
type learnedKey struct {
	modelAt
	repair  heal.Repairs
	schemas SchemaSum
}

// SchemaSum is a checksum of a request's schemas.
type SchemaSum [sha256.Size]byte

// LearnedResult says how a repair has changed.
type LearnedResult string

// The results.
const (
	RepairLearned   LearnedResult = "learned"
	RepairEnded     LearnedResult = "ended"     // by time, or for want of room
	RepairUnlearned LearnedResult = "unlearned" // it may have broken an answer
)

// LearnedResults are all of them.
var LearnedResults = []LearnedResult{RepairLearned, RepairEnded, RepairUnlearned}

// LearnedRepairs are the repairs that can be learned, each by itself.
var LearnedRepairs = (lasting | heal.RelaxSchema).Each()

// LearnedChange is one repair that was learned, or is no longer made.
type LearnedChange struct {
	Backend, Model string
	Repair         heal.Repairs
	Result         LearnedResult
	Why            string // in words
}

// Of returns the repairs that the model needs at the backend. schemas is only
// called if some were refused.
func (l *Learned) Of(backend, model string, schemas func() SchemaSum) heal.Repairs {
	at := modelAt{backend, model}
	known, relaxed := l.at(at)
	if relaxed && l.holds(learnedKey{at, heal.RelaxSchema, schemas()}) {
		known |= heal.RelaxSchema
	}
	return known
}

// at returns the repairs that apply whatever the schemas, and whether schemas
// were refused.
func (l *Learned) at(at modelAt) (known heal.Repairs, schemas bool) {
	var changes []LearnedChange
	defer func() { l.notify(changes) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.known[at]
	if r == nil {
		return 0, false
	}
	now := time.Now()
	for repair, f := range r.repairs {
		if f.ended(now) {
			changes = append(changes, l.drop(learnedKey{modelAt: at, repair: repair}, RepairEnded, whyOver))
			continue
		}
		known |= repair
	}
	return known, len(r.schemas) > 0
}

const (
	whyOver = "no request was refused without it for 15 minutes"
	whyRoom = "there is no room for more"
)

// holds reports whether the repair is made.
func (l *Learned) holds(k learnedKey) bool {
	var changes []LearnedChange
	defer func() { l.notify(changes) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.fact(k)
	if f != nil && f.ended(time.Now()) {
		changes = append(changes, l.drop(k, RepairEnded, whyOver))
		f = nil
	}
	return f != nil
}

// Add records that a request was answered with these repairs after it was
// refused without them. For the structured ones among them, upstream named the
// field. For the others only an error's text did, and texts can quote what a
// client wrote: they are remembered once a second, different request needed the
// same. request distinguishes requests.
func (l *Learned) Add(backend, model string, r, structured heal.Repairs, request uint64, schemas func() SchemaSum) {
	if r &= lasting | heal.RelaxSchema; r == 0 {
		return
	}
	var sum SchemaSum
	if r.Has(heal.RelaxSchema) {
		sum = schemas()
	}
	var changes []LearnedChange
	defer func() { l.notify(changes) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, k := range keysOf(backend, model, r, sum) {
		if structured.Has(k.repair) || l.again(k, request) {
			changes = append(changes, l.record(now, k)...)
		}
	}
}

// keysOf are the keys of repairs, of which RelaxSchema is about these schemas.
func keysOf(backend, model string, r heal.Repairs, schemas SchemaSum) (keys []learnedKey) {
	for _, repair := range r.Each() {
		k := learnedKey{modelAt: modelAt{backend, model}, repair: repair}
		if repair == heal.RelaxSchema {
			k.schemas = schemas
		}
		keys = append(keys, k)
	}
	return keys
}

// again reports whether another request got the same before.
func (l *Learned) again(k learnedKey, request uint64) bool {
	if before, known := l.heard[k]; known {
		return before != request
	}
	if l.heard == nil || len(l.heard) >= learnedLimit {
		l.heard = map[learnedKey]uint64{}
	}
	l.heard[k] = request
	return false
}

// record remembers a repair, or confirms it.
func (l *Learned) record(now time.Time, k learnedKey) (changes []LearnedChange) {
	if f := l.fact(k); f != nil && !f.ended(now) {
		f.confirmed = now
		return nil
	} else if f != nil {
		changes = append(changes, l.drop(k, RepairEnded, whyOver))
	}
	if l.count >= learnedLimit {
		changes = append(changes, l.makeRoom(now)...)
	}
	r := l.known[k.modelAt]
	if r == nil {
		r = &refusals{repairs: map[heal.Repairs]*fact{}, schemas: map[SchemaSum]*fact{}}
		if l.known == nil {
			l.known = map[modelAt]*refusals{}
		}
		l.known[k.modelAt] = r
	}
	l.count++
	if f := (&fact{now, now}); k.repair == heal.RelaxSchema {
		r.schemas[k.schemas] = f
	} else {
		r.repairs[k.repair] = f
	}
	return append(changes, k.change(RepairLearned, "the model refused requests without it"))
}

// Unlearn forgets the repairs of a request that was sent at the time sent; why
// is the reason. Repairs that were learned later stay: the request says nothing
// about them. What only texts said about them is forgotten, too.
func (l *Learned) Unlearn(backend, model string, r heal.Repairs, sent time.Time, why string, schemas func() SchemaSum) {
	if r &= lasting | heal.RelaxSchema; r == 0 {
		return
	}
	var sum SchemaSum
	if r.Has(heal.RelaxSchema) {
		sum = schemas()
	}
	var changes []LearnedChange
	defer func() { l.notify(changes) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keysOf(backend, model, r, sum) {
		if f := l.fact(k); f != nil && !f.since.After(sent) {
			changes = append(changes, l.drop(k, RepairUnlearned, why))
			delete(l.heard, k)
		}
	}
}

// fact is what is remembered; nil for nothing.
func (l *Learned) fact(k learnedKey) *fact {
	r := l.known[k.modelAt]
	switch {
	case r == nil:
		return nil
	case k.repair == heal.RelaxSchema:
		return r.schemas[k.schemas]
	}
	return r.repairs[k.repair]
}

// drop removes a repair.
func (l *Learned) drop(k learnedKey, result LearnedResult, why string) LearnedChange {
	r := l.known[k.modelAt]
	if k.repair == heal.RelaxSchema {
		delete(r.schemas, k.schemas)
	} else {
		delete(r.repairs, k.repair)
	}
	if len(r.repairs)+len(r.schemas) == 0 {
		delete(l.known, k.modelAt)
	}
	l.count--
	return k.change(result, why)
}

func (k learnedKey) change(result LearnedResult, why string) LearnedChange {
	return LearnedChange{k.backend, k.model, k.repair, result, why}
}

// notify calls Tell; the lock must not be held.
func (l *Learned) notify(changes []LearnedChange) {
	if l.Tell == nil {
		return
	}
	for _, c := range changes {
		l.Tell(c)
	}
}
