package account

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

// grant is what one request of a tenant got, and when.
type grant struct {
	tenant  int
	service float64
	at      time.Time
}

// The bound of TestQueueIsFair holds for the scheduler: over any time in which some
// tenants always have something waiting, each gets its share of what those get,
// minus L (1 + (n-2) w/W), with several accounts, whatever slots they have and
// however long answers take.
func TestSchedulerIsFair(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var list []Account
		slots := 0
		for i := range rapid.IntRange(1, 4).Draw(rt, "accounts") {
			a := Account{ID: fmt.Sprint("a", i), Backend: fmt.Sprint("b", i%2), Slots: rapid.IntRange(1, 3).Draw(rt, "slots"), Secret: NewSecret("s")}
			list, slots = append(list, a), slots+a.Slots
		}
		n := rapid.IntRange(2, 4).Draw(rt, "tenants")
		weights := rapid.SliceOfN(rapid.SampledFrom([]float64{0.5, 1, 2, 3}), n, n).Draw(rt, "weights")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 1000), 300, 300).Draw(rt, "sizes")
		var grants []grant
		synctest.Test(t, func(t *testing.T) { grants = rush(t, list, slots, weights, sizes) })
		if len(grants) < 20 {
			rt.Fatalf("%d requests were served", len(grants))
		}
		if wrong := unfair(grants, weights); wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

// rush has every tenant ask for more than there are slots, for two minutes.
//
// No two things happen at the same instant, so that the goroutines cannot take
// another order the next time, and no tenant is without waiting requests even for
// an instant: workers begin one after the other, a slot is used for whole seconds,
// and who gives up does so at another fraction of a second.
func rush(t *testing.T, list []Account, slots int, weights []float64, sizes []int) (grants []grant) {
	p := accounts(t, list, Deps{Store: store(t)})
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var all sync.WaitGroup
	at := []Candidate{{Backend: "b0", Model: "m"}, {Backend: "b1", Model: "m"}}
	for worker := range len(weights) * (slots + 3) { // of a tenant's three more than can be served at once
		tenant := worker % len(weights)
		w := Want{Tenant: fmt.Sprint("t", tenant), Weight: weights[tenant], MaxWait: longestWait - 700*time.Millisecond}
		all.Go(func() {
			time.Sleep(time.Duration(worker) * time.Millisecond)
			for next := worker; ctx.Err() == nil; next += 7 {
				w, n := w, sizes[next%len(sizes)]
				w.Tokens = int64(n)
				l, err := p.Acquire(ctx, at, w)
				if err != nil {
					continue // it has waited for as long as it may
				}
				mu.Lock()
				grants = append(grants, grant{tenant, float64(n), time.Now()})
				mu.Unlock()
				time.Sleep(time.Duration(1+n%7) * time.Second)
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: int64(n), Service: int64(n)})
			}
		})
	}
	time.Sleep(2*time.Minute + 500*time.Millisecond)
	mu.Lock()
	out := grants
	mu.Unlock()
	cancel()
	all.Wait()
	return out
}

// unfair looks at every stretch of time in which all wait, from the first second
// on. It returns what is wrong.
func unfair(grants []grant, weights []float64) string {
	largest, weight := 0.0, 0.0
	for _, g := range grants {
		largest = max(largest, g.service)
	}
	for _, w := range weights {
		weight += w
	}
	for i := range grants {
		if grants[i].at.Sub(grants[0].at) < time.Second {
			continue
		}
		got, all := make([]float64, len(weights)), 0.0
		for _, g := range grants[i:] {
			got[g.tenant] += g.service
			all += g.service
			for k, w := range weights {
				share, bound := all*w/weight, fairBound(largest, w, weight, len(weights))
				if got[k] < share-bound-1e-6 {
					return fmt.Sprintf("tenant %d got %v of its share %v within %v, less than minus %v", k, got[k], share, g.at.Sub(grants[i].at), bound)
				}
			}
		}
	}
	return ""
}

// lateStore takes at once, and answers the first calls late.
type lateStore struct {
	state.Store
	late atomic.Int32
}

func (s *lateStore) Take(ctx context.Context, w *state.Want) (state.Taken, error) {
	taken, err := s.Store.Take(ctx, w)
	if s.late.Add(-1) >= 0 {
		time.Sleep(20 * time.Millisecond)
	}
	return taken, err
}

// Who had to wait for nobody is not charged, however late the store's answer comes:
// a burst of one tenant is no reason to serve another one several times before it.
func TestBurstIsNotCharged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := &lateStore{Store: store(t)}
		late.late.Store(4)
		p := accounts(t, one(4, state.Rates{}), Deps{Store: late})
		var mu sync.Mutex
		var order []string
		var all sync.WaitGroup
		ask := func(tenant string, hold time.Duration) {
			all.Go(func() {
				l, err := p.Acquire(t.Context(), plan("m", "x"), Want{Tenant: tenant, Tokens: 100, MaxWait: 40 * time.Second})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, tenant)
				mu.Unlock()
				time.Sleep(hold)
				l.Done(Outcome{Result: Succeeded, Sent: true, Tokens: 100, Service: 500})
			})
			time.Sleep(time.Millisecond)
		}
		for i := range 4 {
			ask("a", time.Duration(1+i)*time.Second)
		}
		for range 3 {
			ask("b", 30*time.Second)
			ask("a", 30*time.Second)
		}
		all.Wait()
		if got := strings.Join(order[:8], " "); got != "a a a a b a b a" {
			t.Error("served: ", got)
		}
	})
}
