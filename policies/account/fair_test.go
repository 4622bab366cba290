package account

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// grant is what one request of a tenant got, and when.
type grant struct {
	tenant  int
	service float64
	at      time.Time
}

// The bound of TestQueueIsFair holds for the scheduler: over any time in which some
// tenants always have something waiting, each gets its share of what those get,
// minus L (1 + w/m), with several accounts, whatever slots they have and however
// long answers take.
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

// rush lets every tenant have more waiting than there are slots, for two minutes.
func rush(t *testing.T, list []Account, slots int, weights []float64, sizes []int) (grants []grant) {
	p := accounts(t, list, Deps{Store: store(t)})
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var all sync.WaitGroup
	next := 0
	size := func() int {
		mu.Lock()
		defer mu.Unlock()
		next++
		return sizes[next%len(sizes)]
	}
	at := []Candidate{{Backend: "b0", Model: "m"}, {Backend: "b1", Model: "m"}}
	for tenant, weight := range weights {
		for range slots + 2 {
			all.Go(func() {
				for ctx.Err() == nil {
					n := size()
					l, err := p.Acquire(ctx, at, Want{Tenant: fmt.Sprint("t", tenant), Weight: weight, Tokens: int64(n), MaxWait: time.Hour})
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
	}
	time.Sleep(2 * time.Minute)
	mu.Lock()
	out := grants
	mu.Unlock()
	cancel()
	all.Wait()
	return out
}

// unfair looks at every stretch of time, from the second instant on: at the first,
// not all waited yet. It returns what is wrong.
func unfair(grants []grant, weights []float64) string {
	largest, weight := 0.0, 0.0
	for _, g := range grants {
		largest = max(largest, g.service)
	}
	for _, w := range weights {
		weight += w
	}
	for i := range grants {
		if grants[i].at.Equal(grants[0].at) || grants[i].at.Equal(grants[i-1].at) {
			continue // it begins with an instant
		}
		got, all := make([]float64, len(weights)), 0.0
		for j := i; j < len(grants); j++ {
			got[grants[j].tenant] += grants[j].service
			all += grants[j].service
			if j+1 < len(grants) && grants[j+1].at.Equal(grants[j].at) {
				continue // it ends with one
			}
			for k, w := range weights {
				share, bound := all*w/weight, largest*(1+w*float64(len(weights))/weight)
				if got[k] < share-bound-1e-6 {
					return fmt.Sprintf("tenant %d got %v of its share %v within %v, less than minus %v", k, got[k], share, grants[j].at.Sub(grants[i].at), bound)
				}
			}
		}
	}
	return ""
}
