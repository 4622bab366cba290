package redis

import (
	"context"
	"crypto/rand"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/heald-proxy/heald/policies/state"
)

// Store is the store that replicas share.
type Store struct {
	client  redis.UniversalClient
	keys    keys
	timing  Timing
	replica string // a new name for each process

	accounts, tenants *ledger
	reserved          reservations
	totals            totals
	oneStep           bool // tenants and pool are at one server
	refusals          refusals

	// known is the incarnation of the data as this replica knows it: "" until its
	// first heartbeat.
	known    atomic.Pointer[knowledge]
	beating  chan struct{} // holds one token, taken by the running heartbeat
	beatings uint64        // number of tenant statements so far
	alone    atomic.Bool   // no heartbeats
	kick     chan struct{} // asks for a heartbeat out of turn
	queue    chan ending
	waiting  sync.WaitGroup // of the queue, and what of it is on its way
	dropped  tally          // settlements that found the queue full
	lost     tally          // settlements whose outcome is unknown
	snapshot snapshots
	trouble  trouble
	relearn  atomic.Int64 // Unix nanoseconds until which replicas return to lost data

	stop   context.CancelFunc
	closed chan struct{} // closed when Close has begun
	once   sync.Once
	work   sync.WaitGroup
}

// knowledge is what a heartbeat has told.
type knowledge struct {
	incarnation string // of the pool's data
	replicas    int64
}

var _ state.Remote = (*Store)(nil)

// queued bounds the settlements that wait, with the corrections before them; what
// comes after is dropped and counted, and heartbeats give its slot back.
const queued = 8192

// New returns a store that connects when it is first used, so that a Redis that
// is down at start is no error.
func New(cfg Config) (*Store, error) {
	const path = "state.redis"
	if err := cfg.Validate(path); err != nil {
		return nil, err
	}
	client, err := cfg.client(path)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		client:   client,
		keys:     poolKeys(cfg.pool()),
		timing:   cfg.timing(),
		replica:  rand.Text(),
		accounts: newLedger(),
		tenants:  newLedger(),
		beating:  make(chan struct{}, 1),
		kick:     make(chan struct{}, 1),
		queue:    make(chan ending, queued),
		closed:   make(chan struct{}),
		stop:     stop,
	}
	s.known.Store(&knowledge{})
	s.trouble.tls = strings.HasPrefix(cfg.URL, "rediss:")
	client.AddHook(&s.trouble)
	if m := cfg.Metrics; m != nil {
		s.dropped.counter, s.lost.counter = m.dropped, m.lost
	}
	_, cluster := client.(*redis.ClusterClient)
	s.oneStep = !cluster
	// Both end with Close, which waits for them.
	s.wake()
	s.work.Go(func() { s.beats(ctx) })
	s.work.Go(func() { s.settlements(ctx) })
	return s, nil
}

// Close sends the settlements that wait, gives back what this replica still
// holds, and ends what runs in the background. It takes three times
// Timing.Background at most.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closed)
		late := time.AfterFunc(s.timing.Background, s.stop) // a Redis that is down must not block
		s.work.Wait()
		late.Stop()
		s.stop()
		ctx, cancel := context.WithTimeout(context.Background(), s.timing.Background)
		defer cancel()
		s.leave(ctx)
		s.snapshot.wait()
		_ = s.client.Close() // pending reads are no longer needed
	})
	return nil
}

// leave gives back all slots. If that fails, they are given back when this
// replica has been silent.
func (s *Store) leave(ctx context.Context) {
	pool := &call{script: leaveScript, keys: []string{s.keys.replicas, s.keys.summary}, args: []any{s.timing.now(), s.replica}}
	calls := []*call{pool}
	for _, h := range s.accounts.statements(0) {
		pool.keys = append(pool.keys, s.keys.accounts+h.name)
		pool.args = append(pool.args, h.name)
	}
	for _, h := range s.tenants.statements(0) {
		if h.slots > 0 {
			calls = append(calls, &call{script: tenantRestateScript, keys: []string{tenantKey(h.name)}, args: []any{s.timing.now(), s.replica, h.incarnation, -h.slots, ""}})
		}
	}
	s.run(ctx, calls...)
}
