package state

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Remote is a store that replicas share, as a Guard needs it.
type Remote interface {
	Store
	Used
	// Alone ends heartbeats until Rejoin, because this replica works by itself:
	// the store keeps the replica's slots, and the other replicas leave it its
	// part.
	Alone()
	// Rejoin reports to the store what this replica holds.
	Rejoin(ctx context.Context) error
	// Hold counts slots that this replica has taken by itself, of an account and
	// a tenant ("" for none), so that Rejoin reports them; by is negative when
	// they are given back.
	Hold(account, tenant string, by int)
	// Total is the largest use of a budget's window that the store has reported
	// to this replica.
	Total(tenant string, budget *Budget) int64
	// Trouble says why the store can be reached but does not work, and how to fix
	// it; "" if it works, as far as known.
	Trouble() string
}

// Local is the store of one process, as a Guard needs it.
type Local interface {
	Store
	// Record counts a request that the remote store has admitted.
	Record(p *Place)
	// Full says which limit of a place has no room, without taking anything.
	Full(p *Place) (Full, bool)
}

// GuardConfig configures a Guard. 0 means the default of each field.
type GuardConfig struct {
	OnError OnError
	// Deadline is how long a call may take. Default 25 ms.
	Deadline time.Duration
	// Misses is how many calls must go unanswered until this replica works by
	// itself, each begun after the one before was missed. Default 3.
	Misses int
	// Pause is how long it works by itself before it asks the store again; it
	// doubles until LongestPause. Defaults 1 s and 60 s.
	Pause, LongestPause time.Duration
	// Rejoin bounds the call that asks. Default 1 s.
	Rejoin time.Duration
	// Silent is after how long the other replicas take this one's slots: the
	// remote store's interval. Default 15 s.
	Silent time.Duration
	// Now is the clock by which Silent is measured, and how long ago an account was
	// full. Nil is time.Now; a test sets the remote store's and this one.
	Now func() time.Time

	Log     *zap.Logger   // nil logs nothing
	Metrics *GuardMetrics // nil counts nothing
}

// Guard protects requests from a shared store that is slow or gone. It calls the
// remote store with a deadline; while the store does not answer, this replica
// decides by itself, with its part of each limit, or refuses. A call whose
// outcome is unknown is never repeated at the remote store.
//
// A replica by itself keeps using the slots of an account that it held, as
// attempts end. It takes nothing while it holds its part of an account's slots
// or more, but running attempts go on: if one replica held more than its part
// before, for longer than twice GuardConfig.Silent, the account has more slots
// in use than its limit, by no more than that, until those streams end.
type Guard struct {
	remote Remote
	local  Local
	cfg    GuardConfig

	// deciding is read-locked while something is taken locally, which does not
	// block, and locked to forbid that.
	deciding sync.RWMutex
	frozen   bool

	mu      sync.Mutex
	down    bool
	since   time.Time           // of the last answer before it went down
	left    time.Time           // when it last began to be silent
	back    time.Time           // when it last came back
	own     map[GroupModel]Load // what this replica had used then
	misses  int                 // consecutive
	unheard int                 // consecutive snapshot reads without an answer
	knows   string              // the incarnation of the store's data since it came back
	counted uint64              // misses that were counted, ever
	last    *Snapshot           // the remote store's newest
	peaks   peaks               // of accounts' slots in use, lately
	merged  *Snapshot           // last with what the local store says
	mergeOf *Snapshot           // the local snapshot in merged
	// What is in use: slots that the remote store has given, and those of accounts
	// that this replica has taken by itself.
	accounts, tenants, byItself map[string]int
	// kept are the slots of accounts that this replica held when the store began to
	// be silent; nil while it answers. They stay its own meanwhile: late are the
	// settlements of those that the store has given, which it is told when it answers.
	kept   map[string]int
	late   []Settlement
	spent  map[spentKey]int64 // settlements that the remote store must still be told
	served map[string]int64   // service that it must still be told

	wake chan struct{}
	stop context.CancelFunc
	work sync.WaitGroup
}

var _ Store = (*Guard)(nil)

// NewGuard returns a guard over two stores, which it closes with itself.
func NewGuard(remote Remote, local Local, cfg GuardConfig) *Guard {
	cfg.OnError = cmp.Or(cfg.OnError, Open)
	cfg.Deadline = cmp.Or(cfg.Deadline, 25*time.Millisecond)
	cfg.Misses = cmp.Or(cfg.Misses, 3)
	cfg.Pause = cmp.Or(cfg.Pause, time.Second)
	cfg.LongestPause = cmp.Or(cfg.LongestPause, time.Minute)
	cfg.Rejoin = cmp.Or(cfg.Rejoin, time.Second)
	cfg.Silent = cmp.Or(cfg.Silent, 15*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &Guard{
		remote: remote, local: local, cfg: cfg,
		since:    cfg.Now(),
		accounts: make(map[string]int), tenants: make(map[string]int), byItself: make(map[string]int),
		spent: make(map[spentKey]int64), served: make(map[string]int64),
		wake: make(chan struct{}, 1), stop: stop,
	}
	cfg.Metrics.setUp(true)
	// Both end with Close, which waits for them.
	g.work.Go(func() { g.rejoins(ctx) })
	g.work.Go(func() { g.readSnapshots(ctx) })
	return g
}

// errDown is the error of calls that were not made.
var errDown = errors.New("state: working without the shared store")

// call calls the remote store. An error means that the outcome is unknown, or
// that the call was not made, or that the caller has left.
func (g *Guard) call(ctx context.Context, op string, do func(context.Context) error) error {
	began, down := g.begin()
	if down {
		return errDown
	}
	limited, cancel := context.WithTimeout(ctx, g.cfg.Deadline)
	defer cancel()
	start := time.Now()
	err := do(limited)
	g.cfg.Metrics.observe(op, time.Since(start))
	switch {
	case err == nil, errors.Is(err, ErrFull):
		if op != "snapshot" { // most values come from this process's memory
			g.answered()
		}
	case ctx.Err() == nil:
		g.cfg.Metrics.failed(op)
		g.missed(op, began, err)
	}
	return err
}

// alone says what to do after an error of call: nil means to decide locally.
func (g *Guard) alone(ctx context.Context, op string, err error) error {
	switch {
	case errors.Is(err, ErrFull):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case g.cfg.OnError == Closed:
		return ErrUnavailable
	}
	g.cfg.Metrics.decided(op)
	return nil
}

func (g *Guard) isDown() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.down
}

// begin returns how many misses were counted before a call, and whether to make
// the call.
func (g *Guard) begin() (counted uint64, down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counted, g.down
}

func (g *Guard) answered() {
	g.mu.Lock()
	if g.down {
		g.mu.Unlock()
		return
	}
	g.misses, g.since = 0, g.cfg.Now()
	late := g.letGo()
	g.mu.Unlock()
	g.tell(context.Background(), late)
}

// tell settles at the remote store what could not be settled there before. It
// does not wait, and drops what fails.
func (g *Guard) tell(ctx context.Context, late []Settlement) {
	if len(late) > 0 {
		_ = g.remote.Settle(ctx, late...)
	}
}

// missed counts a call without an answer. One that began before the last miss
// was counted says nothing new: under load many calls share one delay.
func (g *Guard) missed(op string, began uint64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.down || began != g.counted {
		return
	}
	if g.misses == 0 {
		g.leave() // from now on this replica decides by itself
		g.keep()
	}
	g.counted++
	if g.misses++; g.misses < g.cfg.Misses {
		return
	}
	g.goDown(op, err)
}

// goDown makes this replica work by itself; the lock is held.
func (g *Guard) goDown(op string, err error) {
	g.down = true
	g.remote.Alone()
	g.cfg.Metrics.setUp(false)
	what, fields := "the shared store does not answer; ", []zap.Field{zap.String("call", op), zap.Int("replicas", g.replicas()), zap.Error(err)}
	if trouble := g.remote.Trouble(); trouble != "" {
		what, fields = "the shared store cannot be used; ", append(fields, zap.String("trouble", trouble))
	}
	g.cfg.Log.Warn(what+map[OnError]string{
		Open: "this replica decides by itself, with its part of each limit", Closed: "new attempts are refused"}[g.cfg.OnError], fields...)
	g.wake <- struct{}{} // has room: down is set once between two receipts
}

// Close closes both stores.
func (g *Guard) Close() error {
	g.stop()
	g.work.Wait()
	g.mu.Lock()
	late := g.letGo()
	g.mu.Unlock()
	g.tell(context.Background(), late) // a last try
	return errors.Join(g.remote.Close(), g.local.Close())
}
