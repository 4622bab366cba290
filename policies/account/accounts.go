package account

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/state"
)

// Accounts holds all accounts, with the state of each, of their groups and
// backends. It is a Scheduler.
//
// One lock guards all of it. It is never held while the store is asked, nor
// while a request waits.
type Accounts struct {
	store  state.Store
	shared bool
	random func() float64
	log    *zap.Logger

	members map[string][]*member // by backend, in order of preference
	byID    map[string]*member
	rates   map[string]state.Rates // by group, configured
	limited bool                   // some account has slots or rates

	mu            sync.Mutex
	book          book
	suspects      suspects
	lanes         map[laneKey]*lane
	quotas        map[state.GroupModel]*quota
	queue         *Queue[*waiting]
	otherReplicas otherReplicas           // what other replicas serve
	turn          *Waiter[*waiting]       // the waiting request that tries now
	wakeNext      *waiting                // the waiting request that wakes at the alarm
	wakeAt        time.Time               // when the first thing that is waited for ends; zero: unknown
	looks         int64                   // rankings for those who wait
	rooms         map[string]*waitingRoom // by the backend of the first choice
	tenants       map[string]tenantBlock  // what keeps a tenant back by its limits
	decisions     decisions

	dayEnds     time.Time            // Google's, as of the last ranking that asked
	snapshotAt  time.Time            // when the last snapshot was requested
	takenAt     time.Time            // when the last snapshot was taken
	incarnation string               // of the store's data, as of the last snapshot
	replicas    int                  // as of the last snapshot; 0 before the first
	reading     bool                 // the snapshot
	seen        map[state.Doc][]byte // documents of the last snapshot
	dirty       map[Subject]bool     // changes that other replicas must be told of
	writing     bool
	background  sync.WaitGroup
	closed      context.Context // ends with Close
	close       context.CancelFunc
}

// Deps are what Accounts uses but does not own.
type Deps struct {
	// Store has the slots, rates and tenants' limits; without one nothing may be
	// limited.
	Store state.Store
	// Shared says that other replicas use the store as well.
	Shared bool
	// Random is in [0,1).
	Random func() float64
	Log    *zap.Logger
}

var _ Scheduler = (*Accounts)(nil)

// New checks the accounts, in order of preference. The error lists each fault.
// Close ends what runs in the background.
func New(accounts []Account, deps Deps) (*Accounts, error) {
	p := &Accounts{
		store: deps.Store, shared: deps.Shared && deps.Store != nil, random: deps.Random, log: deps.Log,
		members: map[string][]*member{}, byID: map[string]*member{},
		book: newBook(), suspects: suspects{}, lanes: map[laneKey]*lane{}, quotas: map[state.GroupModel]*quota{},
		queue: NewQueue[*waiting](mostWaiting), otherReplicas: otherReplicas{}, rooms: map[string]*waitingRoom{}, tenants: map[string]tenantBlock{}, dirty: map[Subject]bool{},
	}
	p.closed, p.close = context.WithCancel(context.Background())
	var errs []error
	for i := range accounts {
		a := accounts[i]
		errs = append(errs, check(&a, fmt.Sprintf("accounts[%d]", i), p.byID[a.ID] != nil))
		switch {
		case a.Tokens != nil:
			a.Scheme = Bearer
		case a.Scheme == "":
			a.Scheme = APIKey
		}
		a.group = a.Group()
		m := &member{Account: a, order: i}
		p.byID[a.ID] = m
		p.members[a.Backend] = append(p.members[a.Backend], m)
		p.limited = p.limited || a.Slots > 0 || a.Rates != state.Rates{}
	}
	p.rates = groupRates(p.members)
	return p, errors.Join(errs...)
}

// Close ends what runs in the background and waits for it: a read, and pending
// writes of what was learned.
func (p *Accounts) Close() {
	p.close()
	p.background.Wait()
}
