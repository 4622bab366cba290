package state_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// remote is a shared store that can be silent: calls then end with their
// deadline.
type remote struct {
	*memory.Store
	silent   atomic.Bool
	replicas int
	total    int64
	takes    atomic.Int64

	mu                   sync.Mutex
	held                 map[string]int
	incarnation, trouble string

	rejoining func()      // called while the guard comes back
	inVain    atomic.Bool // silent from the next Rejoin on
	asked     []time.Time
	settled   []state.Settlement
}

func (r *remote) answer(ctx context.Context) error {
	if r.silent.Load() {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (r *remote) Take(ctx context.Context, want *state.Want) (state.Taken, error) {
	r.takes.Add(1)
	if err := r.answer(ctx); err != nil {
		return state.Taken{Place: -1}, err
	}
	return r.Store.Take(ctx, want)
}

func (r *remote) Settle(ctx context.Context, ended ...state.Settlement) error {
	r.mu.Lock()
	r.settled = append(r.settled, ended...)
	r.mu.Unlock()
	return r.Store.Settle(ctx, ended...)
}

func (r *remote) Snapshot(ctx context.Context) (*state.Snapshot, error) {
	if err := r.answer(ctx); err != nil {
		return nil, err
	}
	s, err := r.Store.Snapshot(ctx)
	r.mu.Lock()
	n, incarnation := r.replicas, r.incarnation
	r.mu.Unlock()
	if err == nil && (n > 1 || incarnation != "") {
		copied := *s
		copied.Replicas, copied.Incarnation = max(n, 1), incarnation
		s = &copied
	}
	return s, err
}

// count says how many replicas there are.
func (r *remote) count(replicas int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.replicas = replicas
}

func (r *remote) Get(ctx context.Context, key state.Key) ([]byte, error) {
	if key.ID == "" { // the guard's own
		r.mu.Lock()
		r.asked = append(r.asked, time.Now())
		r.mu.Unlock()
	}
	if err := r.answer(ctx); err != nil {
		return nil, err
	}
	return r.Store.Get(ctx, key)
}

func (r *remote) Rejoin(ctx context.Context) error {
	if r.rejoining != nil {
		r.rejoining()
	}
	if r.inVain.CompareAndSwap(true, false) {
		r.silent.Store(true)
	}
	return r.answer(ctx)
}

func (r *remote) Alone() {}

func (r *remote) Trouble() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble
}

// data says what the store's data is called, and what is wrong with it.
func (r *remote) data(incarnation, trouble string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.incarnation, r.trouble = incarnation, trouble
}

func (r *remote) Hold(account, tenant string, by int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held == nil {
		r.held = make(map[string]int)
	}
	r.held[account+"/"+tenant] += by
}

func (r *remote) Total(string, *state.Budget) int64 { return r.total }

// bubble runs a test in virtual time with a guard over a remote store.
func bubble(t *testing.T, cfg state.GuardConfig, test func(t *testing.T, g *state.Guard, r *remote)) {
	synctest.Test(t, func(t *testing.T) {
		r := &remote{Store: memory.New()}
		g := state.NewGuard(r, memory.New(), cfg)
		defer g.Close()
		test(t, g, r)
	})
}

func TestGuardHealthy(t *testing.T) {
	statetest.Run(t, func(t *testing.T, test func(*testing.T, *statetest.Rig)) {
		bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, _ *remote) {
			test(t, &statetest.Rig{Store: g, Now: time.Now, Sleep: time.Sleep})
		})
	})
}

func at(p state.Place) *state.Want { return &state.Want{Places: []state.Place{p}} }

func take(t *testing.T, g *state.Guard, want *state.Want) state.Taken {
	t.Helper()
	taken, err := g.Take(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// goDown lets the remote store miss three calls.
func goDown(t *testing.T, g *state.Guard, r *remote) {
	t.Helper()
	r.silent.Store(true)
	for range 3 {
		take(t, g, &state.Want{})
	}
}

// After three misses no request waits for the store; it is asked again after 1,
// 2, 4 … 60 seconds, and taken back when it answers, with one line each.
func TestGuardGoesDownAndComesBack(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	reg := prometheus.NewRegistry()
	cfg := state.GuardConfig{Log: zap.New(core), Metrics: state.NewGuardMetrics(reg)}
	bubble(t, cfg, func(t *testing.T, g *state.Guard, r *remote) {
		r.silent.Store(true)
		begin := time.Now()
		for i, want := range []time.Duration{25, 50, 75, 75, 75} {
			if taken := take(t, g, at(state.Place{Account: "a"})); !taken.Local || taken.Place != 0 {
				t.Fatalf("take %d: %+v", i, taken)
			}
			if got := time.Since(begin); got != want*time.Millisecond {
				t.Fatalf("take %d: after %v, want %v", i, got, want*time.Millisecond)
			}
		}
		if n := r.takes.Load(); n != 3 {
			t.Fatalf("%d calls, none may be repeated", n)
		}
		down := time.Now()
		time.Sleep(5 * time.Minute)
		var waits []time.Duration
		r.mu.Lock()
		for _, at := range r.asked {
			waits = append(waits, at.Sub(down))
			down = at.Add(time.Second) // its deadline
		}
		r.mu.Unlock()
		want := []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}
		for i := range min(len(waits), len(want)) {
			want[i] *= time.Second
		}
		if fmt.Sprint(waits[:8]) != fmt.Sprint(want[:8]) {
			t.Errorf("asked again after %v, want %v", waits, want)
		}
		if err := testutil.GatherAndCompare(reg, strings.NewReader("# HELP heald_state_up 1 while the shared store answers, 0 while this replica works without it.\n# TYPE heald_state_up gauge\nheald_state_up 0\n"), "heald_state_up"); err != nil {
			t.Error(err)
		}
		r.silent.Store(false)
		time.Sleep(61 * time.Second)
		if taken := take(t, g, at(state.Place{Account: "a"})); taken.Local {
			t.Error("the store answers, and this replica decides by itself")
		}
		var lines []string
		for _, e := range logs.All() {
			lines = append(lines, e.Message)
		}
		if len(lines) != 2 || !strings.Contains(lines[0], "does not answer") || !strings.Contains(lines[1], "answers again") {
			t.Errorf("log lines: %q", lines)
		}
		if n, err := testutil.GatherAndCount(reg, "heald_state_errors_total", "heald_state_local_decisions_total"); err != nil || n != 2 {
			t.Errorf("%d series of errors and local decisions, %v", n, err)
		}
	})
}

// A caller that goes away is no miss of the store's.
func TestGuardCallerGone(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		r.silent.Store(true)
		for range 5 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if _, err := g.Take(ctx, &state.Want{}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		r.silent.Store(false)
		if taken := take(t, g, at(state.Place{Account: "a"})); taken.Local {
			t.Error("five callers have gone, and the store was given up")
		}
	})
}

func TestGuardClosed(t *testing.T) {
	bubble(t, state.GuardConfig{OnError: state.Closed}, func(t *testing.T, g *state.Guard, r *remote) {
		running := take(t, g, at(state.Place{Account: "a", Slots: 1}))
		r.silent.Store(true)
		for range 5 {
			if taken, err := g.Take(t.Context(), at(state.Place{Account: "a"})); !errors.Is(err, state.ErrUnavailable) || taken.Place >= 0 {
				t.Fatalf("got %+v, %v", taken, err)
			}
		}
		if err := g.Settle(t.Context(), state.Settlement{Receipt: running.Receipt}); err != nil {
			t.Errorf("what runs goes on, and ends: %v", err)
		}
	})
}

// By itself a replica takes its part of each limit, and no more in all than that
// with what the shared store has given it.
func TestGuardPartOfLimits(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		r.count(3)
		place := state.Place{Account: "a", Slots: 10, Group: "g", Model: "m", Rates: state.Rates{Requests: 30}}
		tenant := &state.TenantWant{Name: "t", Slots: 100, Budgets: []state.Budget{{Name: "b", Ends: time.Now().Add(time.Hour), Limit: 100, Amount: 10}}}
		r.total = 40 // of the budget, over all replicas
		given := take(t, g, at(place))
		if _, err := g.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		goDown(t, g, r)
		var open []state.Taken
		for range 20 {
			if taken := take(t, g, &state.Want{Tenant: tenant, Places: []state.Place{place}}); taken.Place == 0 {
				open = append(open, taken)
			}
		}
		// Of 10 slots a third is 3, one of which the store has given; the budget has
		// a third of 60 left: 2.
		if len(open) != 2 {
			t.Fatalf("%d local attempts, want 2", len(open))
		}
		if taken := take(t, g, at(place)); taken.Place >= 0 || taken.Full[0].Limit != "slots" {
			t.Errorf("a fourth of three slots: %+v", taken)
		}
		if r.held["a/t"] != 2 {
			t.Errorf("the store's ledger holds %v", r.held)
		}
		time.Sleep(state.SnapshotAge)
		s, err := g.Snapshot(t.Context())
		if err != nil || s.InUse["a"] != 3 || s.Replicas != 3 {
			t.Errorf("snapshot %+v, %v", s, err)
		}
		if err := g.Settle(t.Context(), state.Settlement{Receipt: given.Receipt, Tokens: -1}); err != nil {
			t.Fatal(err)
		}
		for _, taken := range open {
			if err := g.Settle(t.Context(), state.Settlement{Receipt: taken.Receipt, Tokens: -1, Used: []int64{7}, Service: 5}); err != nil {
				t.Fatal(err)
			}
		}
		if r.held["a/t"] != 0 {
			t.Errorf("the store's ledger holds %v", r.held)
		}
		time.Sleep(50 * time.Millisecond) // as old as a local snapshot may be, and more
		if s, err := g.Snapshot(t.Context()); err != nil || s.InUse["a"] != 0 {
			t.Errorf("at rest: %+v, %v", s, err)
		}
		// The store is told what was spent, once.
		r.silent.Store(false)
		time.Sleep(2 * time.Second)
		var used, service int64
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, e := range r.settled {
			service += e.Service
			for _, u := range e.Used {
				used += u
			}
		}
		if used != 14 || service != 10 {
			t.Errorf("the store was told of %d used and %d service, want 14 and 10", used, service)
		}
	})
}

// Of an account that was full a replica takes at first no more than it held: the
// others may still reach the store.
func TestGuardFullAccount(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		r.count(2)
		place := state.Place{Account: "a", Slots: 10}
		for range 9 { // another replica's
			if _, err := r.Take(t.Context(), at(place)); err != nil {
				t.Fatal(err)
			}
		}
		mine := take(t, g, at(place))
		if _, err := g.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		goDown(t, g, r)
		if taken := take(t, g, at(place)); taken.Place >= 0 {
			t.Error("an eleventh slot of ten")
		}
		if err := g.Settle(t.Context(), state.Settlement{Receipt: mine.Receipt}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for range 5 {
			if taken := take(t, g, at(place)); taken.Place != 0 {
				t.Error("half of ten slots are this replica's")
			}
		}
		if taken := take(t, g, at(place)); taken.Place >= 0 {
			t.Error("a sixth of five slots")
		}
	})
}

// One answer that is late is no reason to give a slot that the others may take in
// the same moment: the account looks full until the store is asked again.
func TestGuardLateAnswer(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		want := at(state.Place{Account: "a", Slots: 9})
		if _, err := g.Snapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.silent.Store(true)
		taken := take(t, g, want)
		if taken.Place >= 0 || len(taken.Full) != 1 || taken.Full[0].Limit != "slots" {
			t.Errorf("got %+v", taken)
		}
		r.silent.Store(false)
		if taken = take(t, g, want); taken.Place != 0 || taken.Local {
			t.Errorf("asked again, got %+v", taken)
		}
	})
}

// Values that were put while the store was gone are found afterwards.
func TestGuardValuesOfTheOutage(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		goDown(t, g, r)
		key := state.Key{Tenant: "t", Space: state.Attempts, ID: "i"}
		if err := g.Put(t.Context(), key, []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, err := g.Get(t.Context(), key); string(got) != "v" || !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("meanwhile: %q, %v: others may know better", got, err)
		}
		if got, err := g.Get(t.Context(), state.Key{Tenant: "t", Space: state.Attempts, ID: "other"}); got != nil || !errors.Is(err, state.ErrUnavailable) {
			t.Errorf("meanwhile: %q, %v: others may know it", got, err)
		}
		r.silent.Store(false)
		time.Sleep(2 * time.Second)
		if got, err := g.Get(t.Context(), key); string(got) != "v" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// While a replica says what it holds it takes no slot by itself: no one would
// count it.
func TestGuardTakesNothingWhileRejoining(t *testing.T) {
	bubble(t, state.GuardConfig{}, func(t *testing.T, g *state.Guard, r *remote) {
		goDown(t, g, r)
		want := at(state.Place{Account: "a", Slots: 5})
		rejoins := 0
		r.rejoining = func() {
			rejoins++
			if taken := take(t, g, want); taken.Place >= 0 {
				t.Errorf("taken meanwhile: %+v", taken)
			}
		}
		r.silent.Store(false)
		time.Sleep(2 * time.Second)
		if taken := take(t, g, want); taken.Local || taken.Place != 0 || rejoins != 1 {
			t.Errorf("after %d rejoins: %+v", rejoins, taken)
		}
	})
}
