package memory

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/statetest"
)

func TestStore(t *testing.T) {
	statetest.Run(t, func(t *testing.T, test func(*testing.T, *statetest.Rig)) {
		synctest.Test(t, func(t *testing.T) {
			test(t, &statetest.Rig{Store: New(), Now: time.Now, Sleep: time.Sleep})
		})
	})
}

// Names come from clients, so that nothing may grow with them.
func TestEverythingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, ctx := New(), t.Context()
		for i := range 2 * mostWindows {
			name := fmt.Sprint("name", i)
			taken, err := s.Take(ctx, &state.Want{
				Tenant: &state.TenantWant{Name: name, Slots: 1},
				Places: []state.Place{{Account: name, Group: "g", Model: name, Tokens: 1}},
			})
			if err != nil || i < mostWindows && taken.Place != 0 {
				t.Fatal(i, taken, err)
			}
			if err := s.Settle(ctx, state.Settlement{Receipt: taken.Receipt, Tokens: -1}); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(ctx, state.Key{Tenant: name, Space: state.Signatures, ID: name}, make([]byte, 16<<10), time.Hour); err != nil {
				t.Fatal(err)
			}
		}
		full := 0
		for i := range mostDocs + 10 {
			doc := state.Doc{Of: state.OfGroup, Name: fmt.Sprint(i)}
			if err := s.Change(ctx, doc, time.Minute, func([]byte) []byte { return []byte{1} }); errors.Is(err, state.ErrFull) {
				full++
			}
		}
		if len(s.windows) > mostWindows+1 || len(s.tenants) > mostTenants+1 || len(s.docs) != mostDocs || full != 10 || s.values.bytes > mostBytes || len(s.inUse) != 0 {
			t.Errorf("%d windows, %d tenants, %d documents (%d refused), %d bytes of values, %d accounts", len(s.windows), len(s.tenants), len(s.docs), full, s.values.bytes, len(s.inUse))
		}
		for i := range mostValues + 10 {
			if _, err := s.Count(ctx, state.Key{Space: state.Attempts, ID: fmt.Sprint(i)}, time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		if len(s.values.byKey) != mostValues || s.values.order.Len() != mostValues {
			t.Errorf("%d values, %d in order", len(s.values.byKey), s.values.order.Len())
		}
		// What has ended goes while others call.
		for range 20_000 {
			time.Sleep(time.Second)
			if _, err := s.Get(ctx, state.Key{}); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Take(ctx, &state.Want{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(s.windows) + len(s.tenants) + len(s.docs) + len(s.values.byKey); n != 0 {
			t.Errorf("%d windows, %d tenants, %d documents and %d values are left", len(s.windows), len(s.tenants), len(s.docs), len(s.values.byKey))
		}
		if s.values.bytes != 0 {
			t.Errorf("%d bytes of no value", s.values.bytes)
		}
	})
}

// More models than there are windows share one: stricter, never more.
func TestModelsBeyondTheBoundShareOneWindow(t *testing.T) {
	s := New()
	take := func(model string) state.Taken {
		taken, err := s.Take(t.Context(), &state.Want{Places: []state.Place{{Account: "a", Group: "g", Model: model, Rates: state.Rates{Requests: 1}}}})
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	for i := range mostWindows {
		take(fmt.Sprint(i))
	}
	if one, two := take("new"), take("newer"); one.Place != 0 || two.Place != -1 {
		t.Errorf("got %+v and %+v", one, two)
	}
}

// Names that were invented keep room from others for a minute, not for a day, and
// what the models that share a window have used counts on when one has room.
func TestInventedModelsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New()
		ends := time.Now().Add(20 * time.Hour)
		take := func(model string) bool {
			taken, err := s.Take(t.Context(), &state.Want{Places: []state.Place{{Account: "a", Group: "g", Model: model, Rates: state.Rates{Requests: 2, Day: 3}, DayEnds: ends}}})
			if err != nil {
				t.Fatal(err)
			}
			return taken.Place == 0
		}
		for i := range mostWindows {
			take(fmt.Sprint("invented", i))
		}
		if !take("new") || !take("newer") || take("newest") {
			t.Fatal("more models than there is room for do not share a window")
		}
		time.Sleep(62 * time.Second)
		if !take("new") {
			t.Fatal("new has one of 3 requests left today")
		}
		if take("new") || !take("another") || take("another") {
			t.Error("what was used together does not count on")
		}
		for i := range 10 {
			if model := fmt.Sprint("real", i); !take(model) {
				t.Errorf("%s has no room", model)
			}
		}
		if len(s.windows) > mostWindows {
			t.Errorf("%d windows", len(s.windows))
		}
	})
}

func BenchmarkTakeSettle(b *testing.B) {
	place := state.Place{Account: "a", Group: "ai_studio/p", Model: "gemini-3.5-flash", Tokens: 1000}
	limited := place
	limited.Slots, limited.Rates = 1000, state.Rates{Requests: 1 << 40, Tokens: 1 << 50}
	tenant := &state.TenantWant{Name: "t", Slots: 100, Budgets: []state.Budget{{Name: "tokens/day", Ends: time.Now().Add(time.Hour), Limit: 1 << 50, Amount: 1000}}}
	for _, c := range []struct {
		name string
		want state.Want
	}{
		{"no limits", state.Want{Places: []state.Place{place}}},
		{"limits and tenant", state.Want{Tenant: tenant, Places: []state.Place{limited}}},
	} {
		run := func(s *Store) {
			taken, err := s.Take(context.Background(), &c.want)
			if err != nil || taken.Place != 0 {
				b.Fatal(taken, err)
			}
			_ = s.Settle(context.Background(), state.Settlement{Receipt: taken.Receipt, Tokens: 900, Used: nil})
		}
		b.Run(c.name, func(b *testing.B) {
			s := New()
			b.ReportAllocs()
			for b.Loop() {
				run(s)
			}
		})
		b.Run(c.name+"/parallel", func(b *testing.B) {
			s := New()
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					run(s)
				}
			})
		})
	}
}
