package account

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
)

func TestTurnover(t *testing.T) {
	for _, c := range []struct {
		name             string
		held             []time.Duration
		waiting, running int
		want             time.Duration
	}{
		{"nothing is known", nil, 5, 1, time.Second},
		{"one slot", []time.Duration{8 * time.Second}, 1, 1, 8 * time.Second},
		{"nobody waits yet", []time.Duration{8 * time.Second}, 0, 1, 8 * time.Second},
		{"four slots", []time.Duration{8 * time.Second}, 1, 4, 2 * time.Second},
		{"the third in the line", []time.Duration{8 * time.Second}, 3, 4, 6 * time.Second},
		{"many slots", []time.Duration{8 * time.Second}, 1, 100, time.Second},
		{"long answers", []time.Duration{20 * time.Minute}, 1, 2, 30 * time.Second},
		{"no slot is taken", []time.Duration{8 * time.Second}, 1, 0, 8 * time.Second},
		{"one that failed at once moves it little", []time.Duration{10 * time.Second, 0}, 1, 1, 9 * time.Second},
	} {
		var of turnover
		for _, d := range c.held {
			of.note(d)
		}
		if got := of.next(c.waiting, c.running); got.Round(time.Millisecond) != c.want {
			t.Errorf("%s: in %v, want %v", c.name, got, c.want)
		}
	}
}

// A request that finds all slots taken is told to come back when one is likely
// to be free, by how long attempts have held them; even if another account is
// kept back for longer.
func TestBusyIsEstimated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, []Account{
			{ID: "a", Backend: "x", Slots: 2, Secret: NewSecret("a")}, {ID: "b", Backend: "x", Slots: 2, Secret: NewSecret("b")}, {ID: "c", Backend: "x", Secret: NewSecret("c")},
		})
		keepBack(p, "c", "", Cooldown{Cause: "test", Kind: RateLimit, For: []time.Duration{time.Hour}})
		plan := plan("m", "x")
		take := func(w Want) Lease {
			l, err := p.Acquire(context.Background(), plan, w)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		refused := func() time.Duration {
			_, err := p.Acquire(context.Background(), plan, Want{MaxWait: time.Millisecond})
			var u *Unavailable
			if !errors.As(err, &u) {
				t.Fatalf("%v", err)
			}
			return u.RetryAfter
		}
		end := func(leases ...Lease) {
			for _, l := range leases {
				l.Done(Outcome{Sent: true, Tokens: -1})
			}
		}
		first := []Lease{take(Want{}), take(Want{}), take(Want{}), take(Want{})}
		if got := refused(); got != time.Second {
			t.Errorf("while nothing is known: %v", got)
		}
		time.Sleep(40 * time.Second)
		end(first...)
		for range 4 {
			take(Want{})
		}
		if got := refused(); got.Round(time.Second) != 10*time.Second {
			t.Errorf("four slots of 40 s each: %v", got)
		}
	})
}

// A tenant whose own slots are taken is told of those, however many others run.
func TestTenantsSlotsAreEstimated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := withStore(t, two[:1])
		of := func(tenant string, slots int) Want {
			return Want{Tenant: tenant, MaxWait: time.Millisecond, Limits: func(time.Time) (*state.TenantWant, error) {
				return &state.TenantWant{Name: tenant, Slots: slots}, nil
			}}
		}
		var leases []Lease
		for _, w := range []Want{of("a", 2), of("a", 2), of("b", 0), of("b", 0), of("b", 0)} {
			_, l := acquired(t, p, plan("m", "x"), w)
			leases = append(leases, l)
		}
		time.Sleep(20 * time.Second)
		leases[2].Done(Outcome{Sent: true, Tokens: -1})
		_, err := p.Acquire(context.Background(), plan("m", "x"), of("a", 2))
		var u *Unavailable
		if !errors.As(err, &u) || u.Kind != TenantSlots || u.RetryAfter != 10*time.Second {
			t.Errorf("%v", err)
		}
	})
}
