package redis

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/redis/redistest"
)

// loseTake takes for a tenant as if the answer were lost, and beats.
func (s *Store) loseTake(t testing.TB, want *state.Want) {
	t.Helper()
	c := s.tenantCall(want.Tenant)
	s.run(t.Context(), c)
	if err := c.err(); err != nil {
		t.Fatal(err)
	}
	s.tenants.took(want.Tenant.Name, false, "")
	s.reserved.took(want.Tenant.Name, want.Tenant.Budgets, false)
	if err := s.Beat(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// budgeted are replicas that reserve of one budget of a month.
type budgeted struct {
	t      *testing.T
	clock  *clock
	server *redistest.Server
	ends   time.Time
}

func newBudgeted(t *testing.T) *budgeted {
	c := newClock()
	return &budgeted{t: t, clock: c, server: redistest.Start(t), ends: c.Now().Add(30 * 24 * time.Hour)}
}

func (b *budgeted) open(change ...func(*Config)) *Store {
	b.t.Helper()
	return open(b.t, b.server, append(change, func(cfg *Config) { cfg.Timing.now, cfg.Timing.byHand = b.clock.text, true })...)
}

func (b *budgeted) want(amount int64) *state.Want {
	return &state.Want{Tenant: &state.TenantWant{Name: "t", Budgets: []state.Budget{{Name: "tokens/month", Ends: b.ends, Limit: 1000, Amount: amount}}}}
}

func (b *budgeted) take(s *Store, amount int64) state.Receipt {
	b.t.Helper()
	taken, err := s.Take(b.t.Context(), b.want(amount))
	if err != nil || taken.Tenant != "" {
		b.t.Fatalf("got %+v, %v", taken, err)
	}
	return taken.Receipt
}

func (b *budgeted) beat(all ...*Store) {
	b.t.Helper()
	for _, s := range all {
		if err := s.Beat(b.t.Context()); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *budgeted) settle(s *Store, r state.Receipt, used int64) {
	b.t.Helper()
	_ = s.Settle(b.t.Context(), state.Settlement{Receipt: r, Tokens: -1, Used: []int64{used}})
	s.waiting.Wait()
}

// has checks what the store has of the budget: its use with what is reserved, and
// how much of that replicas have reserved.
func (b *budgeted) has(s *Store, when string, use, reserved int64) {
	b.t.Helper()
	var gotUse, gotReserved int64
	for field, value := range s.client.HGetAll(context.Background(), tenantKey("t")).Val() {
		words := strings.Fields(value)
		switch {
		case strings.HasPrefix(field, "b:"):
			gotUse = integer(words[1])
		case strings.HasPrefix(field, "v:"):
			gotReserved += integer(words[1])
			if integer(words[1]) <= 0 {
				b.t.Errorf("%s: %s is %s", when, field, value)
			}
		}
	}
	if gotUse != use || gotReserved != reserved {
		b.t.Errorf("%s: %d used, %d of it reserved; want %d and %d", when, gotUse, gotReserved, use, reserved)
	}
}

// What a take has reserved whose answer is lost is given back by the next
// heartbeat, not at the end of the month.
func TestLostTakeGivesItsReservationBack(t *testing.T) {
	b := newBudgeted(t)
	p := newProxy(t, b.server.Addr())
	s := b.open(func(cfg *Config) { cfg.URL = "redis://" + p.addr() })
	known := b.take(s, 100)
	p.deaf.Store(true)
	if _, err := s.Take(t.Context(), b.want(800)); err == nil {
		t.Fatal("an answer that was lost")
	}
	b.has(s, "before the heartbeat", 900, 900)
	b.beat(s)
	b.has(s, "after it", 100, 100)
	b.settle(s, known, 70)
	b.has(s, "at rest", 70, 0)
}

// What a dead replica had reserved may have been used: it counts as used. Slots
// come back.
func TestDeadReplicasReservationsAreUsed(t *testing.T) {
	b := newBudgeted(t)
	dies, lives := b.open(), b.open()
	b.take(dies, 300)
	mine := b.take(lives, 50)
	dies.abandon()
	for range 4 { // 20 s
		b.clock.Sleep(beat)
		b.beat(lives)
	}
	b.has(lives, "after its death", 350, 50)
	b.settle(lives, mine, 20)
	b.beat(lives)
	b.has(lives, "at rest", 320, 0)
}

// A replica that was thought dead settles what it had reserved all the same, once.
func TestLateReplicaSettlesItsReservations(t *testing.T) {
	for name, first := range map[string]bool{"beats first": true, "settles first": false} {
		t.Run(name, func(t *testing.T) {
			b := newBudgeted(t)
			late, other := b.open(), b.open()
			one, two := b.take(late, 300), b.take(late, 200)
			b.settle(other, b.take(other, 1), 0)
			for range 4 {
				b.clock.Sleep(beat)
				b.beat(other)
			}
			b.has(other, "thought dead", 500, 0)
			if first {
				b.beat(late)
				b.has(other, "back", 500, 500)
			}
			b.settle(late, one, 10)
			b.beat(late)
			b.has(other, "one is settled", 210, 200)
			b.settle(late, two, 0)
			b.beat(late, other)
			b.has(other, "at rest", 10, 0)
		})
	}
}

// What was used and could not be told is not given back: the estimate counts as
// used. A lost take beside it is.
func TestLostSettlementCountsAsUsed(t *testing.T) {
	b := newBudgeted(t)
	s := b.open()
	r := b.take(s, 300)
	s.forget(&state.Settlement{Receipt: r, Used: []int64{250}}) // the queue was full
	s.loseTake(t, b.want(70))
	b.has(s, "a take and a settlement were lost", 300, 0)
	s.loseTake(t, b.want(40)) // the doubt is over
	b.has(s, "a take is lost later", 300, 0)

	// It may also have arrived, unknown to the replica.
	r = b.take(s, 100)
	e := state.Settlement{Receipt: r, Used: []int64{60}}
	s.run(t.Context(), s.tenantEnd(&e))
	s.reserved.ended("t", r.Budgets, false)
	b.beat(s)
	b.has(s, "it had arrived", 360, 0)
	s.loseTake(t, b.want(40))
	b.has(s, "and a take is lost later", 360, 0)
	if n := len(s.reserved.tenants); n > 0 {
		b.beat(s)
		if n = len(s.reserved.tenants); n > 0 {
			t.Errorf("%d tenants are remembered of whom nothing is reserved", n)
		}
	}
}

// Heartbeats amid takes, corrections and settlements change nothing: calls on their way explain
// every difference.
func TestReservationsAmidHeartbeats(t *testing.T) {
	b := newBudgeted(t)
	s := b.open()
	const workers, calls = 6, 60
	var work sync.WaitGroup
	var used atomic.Int64
	for i := range workers {
		work.Go(func() {
			for n := range calls {
				want := b.want(10)
				want.Tenant.Budgets[0].Limit = 1 << 40
				taken, err := s.Take(t.Context(), want)
				if err != nil || taken.Tenant != "" {
					t.Errorf("got %+v, %v", taken, err)
					return
				}
				left := int64(10)
				if n%4 > 0 {
					left = int64(n%4) * 2
					taken.Receipt, _ = s.Correct(t.Context(), state.Correction{Receipt: taken.Receipt, Tokens: -1, Amounts: []int64{left}})
				}
				e := state.Settlement{Receipt: taken.Receipt, Unsent: n%3 == 0}
				switch n % 3 {
				case 1:
					e.Used = []int64{int64(i + n)}
					used.Add(int64(i + n))
				case 2:
					used.Add(left)
				}
				_ = s.Settle(t.Context(), e)
			}
		})
	}
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	beats := 0
	for going := true; going; beats++ {
		select {
		case <-done:
			going = false
		default:
		}
		b.beat(s)
	}
	s.waiting.Wait()
	b.beat(s)
	b.has(s, fmt.Sprintf("after %d heartbeats", beats), used.Load(), 0)
}

// A correction that arrives after the next heartbeat is left out: that has found
// the same.
func TestLateCorrectionOfReservations(t *testing.T) {
	b := newBudgeted(t)
	s := b.open()
	b.take(s, 100)
	c := s.tenantCall(b.want(80).Tenant)
	s.run(t.Context(), c)
	s.tenants.took("t", false, "")
	s.reserved.took("t", b.want(80).Tenant.Budgets, false)
	h := s.tenantStatements()
	beat := s.tenantBeat(&h[0], 1)
	s.run(t.Context(), beat)
	correction, err := s.compareTenant(&h[0], beat)
	if err != nil || correction.call == nil {
		t.Fatal(correction, err)
	}
	b.beat(s)
	b.has(s, "corrected", 100, 100)
	s.run(t.Context(), correction.call) // it was on its way
	b.has(s, "corrected again", 100, 100)
}

// Data that was lost has the largest total that is remembered, and reservations
// again as replicas state them, without counting them twice.
func TestReservationsAfterLoss(t *testing.T) {
	b := newBudgeted(t)
	s := b.open()
	one := b.take(s, 300)
	b.server.Must("FLUSHALL")
	two := b.take(s, 100)
	b.has(s, "flushed", 400, 100)
	b.beat(s)
	b.has(s, "stated", 400, 400)
	b.settle(s, one, 0)
	b.settle(s, two, 5)
	b.beat(s)
	b.has(s, "at rest", 5, 0)
}
