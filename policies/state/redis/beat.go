package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// ledgerRest is how long a ledger keeps an account or tenant of which nothing
// is held: shorter than the store keeps a tenant, so that one missing there was
// lost.
const ledgerRest = time.Hour

// beats sends heartbeats until Close, the first one at once: all replicas must
// know how many there are before they work by themselves.
func (s *Store) beats(ctx context.Context) {
	var next <-chan time.Time
	if !s.timing.byHand {
		ticker := time.NewTicker(s.timing.Beat)
		defer ticker.Stop()
		next = ticker.C
	}
	for {
		select {
		case <-s.closed:
			return
		case <-next:
		case <-s.kick:
		}
		if s.alone.Load() {
			continue
		}
		s.background(ctx, func(ctx context.Context) {
			_ = s.Beat(ctx) // the next one tries again; calls show whether the store is there
		})
	}
}

// wake asks for a heartbeat out of turn.
func (s *Store) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// grace is how long slots are not given away after the data was lost: until
// every replica has beaten.
func (s *Store) grace() time.Duration { return s.timing.Beat + s.timing.Beat/5 }

// newIncarnation makes a name for new data.
func (s *Store) newIncarnation() string { return rand.Text() }

// Beat is a heartbeat, in one round trip, and compares what this replica holds
// with its shares. Where they differ by more than calls on their way can
// explain, a second round trip corrects the share by the difference, which
// commutes with those calls.
func (s *Store) Beat(ctx context.Context) error {
	select {
	case s.beating <- struct{}{}:
		defer func() { <-s.beating }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.alone.Load() {
		return errAlone
	}
	known := s.known.Load()
	accounts := s.accounts.statements(ledgerRest)
	pool := &call{script: beatScript, keys: []string{s.keys.replicas, s.keys.summary}, args: []any{
		s.timing.now(), s.replica, known.incarnation, s.newIncarnation(), known.replicas,
		s.timing.Silent.Microseconds(), s.grace().Microseconds(), s.timing.Gone.Microseconds(), s.keys.accounts}}
	for _, h := range accounts {
		pool.keys = append(pool.keys, s.keys.accounts+h.name)
		pool.args = append(pool.args, h.name, h.slots)
	}
	calls := []*call{pool}
	tenants := s.tenantStatements()
	for i := range tenants {
		calls = append(calls, s.tenantBeat(&tenants[i], known.replicas))
	}
	s.run(ctx, calls...)

	answer, err := pool.list()
	if err != nil {
		return err
	}
	if len(answer) != 3+len(accounts) {
		return errReply
	}
	incarnation := text(answer[0])
	if known.incarnation != "" && incarnation != known.incarnation {
		s.relearn.Store(time.Now().Add(s.grace()).UnixNano())
	}
	s.known.Store(&knowledge{incarnation, number(answer[1])})
	var corrections []*call
	for i, h := range accounts {
		if number(answer[2]) != 0 {
			break // they were set
		}
		if by := s.accounts.difference(h, number(answer[3+i])); by != 0 {
			corrections = append(corrections, &call{script: restateScript, keys: []string{s.keys.summary, s.keys.accounts + h.name},
				args: []any{s.timing.now(), s.replica, incarnation, h.name, by}})
		}
	}
	var settled []settledDoubt
	for i := range tenants {
		correction, err := s.compareTenant(&tenants[i], calls[1+i])
		if err != nil {
			return err
		}
		if correction.call != nil {
			corrections = append(corrections, correction.call)
			settled = append(settled, correction.settled...)
		}
	}
	if len(corrections) == 0 {
		return nil
	}
	s.run(ctx, corrections...)
	for _, c := range corrections {
		if err := c.err(); err != nil {
			return err
		}
	}
	s.reserved.settled(settled)
	return nil
}

// Rejoin reports what this replica holds after it worked by itself; see
// state.Guard.
func (s *Store) Rejoin(ctx context.Context) error {
	s.alone.Store(false)
	return s.Beat(ctx)
}

// errAlone is the error of a heartbeat that a Take asks for while this replica
// begins to work by itself.
var errAlone = errors.New("redis: no heartbeats while this replica works by itself")

// Alone ends heartbeats until Rejoin.
func (s *Store) Alone() { s.alone.Store(true) }

// Hold counts slots that this replica took by itself while the store could not
// be reached, and has a heartbeat tell the store of them. by is negative when they
// are given back.
func (s *Store) Hold(account, tenant string, by int) {
	if account != "" {
		s.accounts.hold(account, int64(by))
	}
	if tenant != "" {
		s.tenants.hold(tenant, int64(by))
	}
	s.wake()
}
