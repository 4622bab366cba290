package tenant

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/heald-proxy/heald/policies/state"
)

func cost(nanos int64) *int64 { return &nanos }

var spender = Tenant{Name: "a", Weight: 2, MaxConcurrency: 3, Limits: Limits{
	"requests/minute": 60, "tokens/day": 1000, "money/month": 2.5, "money/total": 10, "tokens/total": 5000,
}}

func TestWant(t *testing.T) {
	day, month := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	want := &state.TenantWant{Name: "a", Slots: 3, Budgets: []state.Budget{
		{Name: "requests/minute", Ends: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Limit: 60, Amount: 1},
		{Name: "tokens/day", Ends: day, Limit: 1000, Amount: 700},
		{Name: "tokens/total", Ends: never, Limit: 5000, Amount: 700},
		{Name: "money/month", Ends: month, Limit: 2_500_000, Amount: 124},
		{Name: "money/total", Ends: never, Limit: 10_000_000, Amount: 124},
	}}
	if got := spender.Want(Estimate{Tokens: 700, Cost: cost(123_001)}, now); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for i := range want.Budgets {
		switch u, _, _ := ParseLimit(want.Budgets[i].Name); u {
		case Money, Tokens:
			want.Budgets[i].Amount = 0
		case Requests:
		}
	}
	if got := spender.Want(Estimate{Tokens: -1}, now); !reflect.DeepEqual(got, want) {
		t.Errorf("nothing is known: got %+v", got)
	}
	if got := (&Tenant{Name: "b", Weight: 1}).Want(Estimate{Tokens: 1}, now); got != nil {
		t.Errorf("a tenant without limits takes %+v", got)
	}
}

func TestRefused(t *testing.T) {
	ends := now.Add(20 * time.Second)
	for _, c := range []struct {
		name  string
		taken state.Taken
		ask   Estimate
		want  *Denied
	}{
		{"nothing", state.Taken{}, Estimate{}, nil},
		{"slots", state.Taken{Tenant: state.TenantSlots}, Estimate{}, &Denied{Kind: Slots, Tenant: "a", RetryAfter: 3 * time.Second}},
		{"a minute", state.Taken{Tenant: "requests/minute", TenantReady: ends}, Estimate{}, &Denied{Kind: Budget, Tenant: "a", Limit: "requests/minute", RetryAfter: 20 * time.Second}},
		{"a minute that is over", state.Taken{Tenant: "requests/minute", TenantReady: now.Add(-1)}, Estimate{}, &Denied{Kind: Budget, Tenant: "a", Limit: "requests/minute"}},
		{"more than a day has", state.Taken{Tenant: "tokens/day", TenantReady: ends}, Estimate{Tokens: 1001, Certain: 1001}, &Denied{Kind: TooLarge, Tenant: "a", Limit: "tokens/day"}},
		{"more than a day has, by a guess", state.Taken{Tenant: "tokens/day", TenantReady: ends}, Estimate{Tokens: 1001, Certain: 1000}, &Denied{Kind: Budget, Tenant: "a", Limit: "tokens/day", RetryAfter: 20 * time.Second}},
		{"all that a day has", state.Taken{Tenant: "tokens/day", TenantReady: ends}, Estimate{Tokens: 1000}, &Denied{Kind: Budget, Tenant: "a", Limit: "tokens/day", RetryAfter: 20 * time.Second}},
		{"money of the month", state.Taken{Tenant: "money/month", TenantReady: ends}, Estimate{}, &Denied{Kind: OutOfMoney, Tenant: "a", Limit: "money/month", RetryAfter: 20 * time.Second}},
		{"money", state.Taken{Tenant: "money/total", TenantReady: never}, Estimate{}, &Denied{Kind: OutOfMoney, Tenant: "a", Limit: "money/total"}},
		{"tokens in total", state.Taken{Tenant: "tokens/total", TenantReady: never}, Estimate{}, &Denied{Kind: Spent, Tenant: "a", Limit: "tokens/total"}},
	} {
		got := spender.Refused(&c.taken, spender.Want(c.ask, now), now, 3*time.Second)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestSettlement(t *testing.T) {
	want := spender.Want(Estimate{Tokens: 700, Cost: cost(123_000)}, now)
	receipt := state.Receipt{Tenant: "a", Slot: true, Budgets: want.Budgets}
	got := spender.Settlement(receipt, &Usage{Input: 100, Output: 50, Cost: cost(1)})
	if !reflect.DeepEqual(got.Used, []int64{1, 150, 150, 1, 1}) || got.Tokens != 100 || got.Service != 150 || got.Unsent || !reflect.DeepEqual(got.Receipt, receipt) {
		t.Errorf("got %+v", got)
	}
	got = spender.Settlement(receipt, &Usage{Input: 100, Output: 50})
	if !reflect.DeepEqual(got.Used, []int64{1, 150, 150, 123, 123}) {
		t.Errorf("an unknown price: got %v, want the reservation to stand", got.Used)
	}
	if got = spender.Settlement(receipt, nil); !got.Unsent || got.Used != nil || got.Service != 0 {
		t.Errorf("not sent: %+v", got)
	}
	if got = (&Tenant{}).Settlement(state.Receipt{}, &Usage{Input: 1, Output: 1}); got.Service != 5 || got.Used != nil {
		t.Errorf("no limits: %+v", got)
	}
}

// What is settled has one amount for each budget that was taken, none is
// negative, and money is never rounded down.
func TestSettlementProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := Limits{}
		for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(LimitNames), rapid.ID[string]).Draw(t, "limits") {
			limits[name] = float64(rapid.Int64Range(1, 1e9).Draw(t, name))
		}
		tn := Tenant{Name: "a", Weight: rapid.IntRange(1, mostWeight).Draw(t, "weight"), Limits: limits}
		amount := rapid.Int64Range(-1, 1e12)
		var price *int64
		if rapid.Bool().Draw(t, "priced") {
			price = cost(amount.Draw(t, "cost"))
		}
		want := tn.Want(Estimate{Tokens: amount.Draw(t, "tokens"), Cost: price}, now)
		if (want == nil) != (len(limits) == 0) {
			t.Fatalf("limits %v take %+v", limits, want)
		}
		if want == nil {
			return
		}
		used := Usage{Input: rapid.Int64Range(0, 1e9).Draw(t, "input"), Output: rapid.Int64Range(0, 1e9).Draw(t, "output"), Cost: price}
		got := tn.Settlement(state.Receipt{Tenant: "a", Budgets: want.Budgets}, &used)
		if len(got.Used) != len(want.Budgets) || got.Service < 0 {
			t.Fatalf("settles %+v of %+v", got, want)
		}
		for i, b := range want.Budgets {
			u, w, _ := ParseLimit(b.Name)
			switch {
			case b.Amount < 0 || got.Used[i] < 0 || b.Limit < 1 || !b.Ends.Equal(w.End(now)):
				t.Fatalf("%+v, used %d", b, got.Used[i])
			case u == Money && price != nil && *price > 0 && got.Used[i]*1000 < *price:
				t.Fatalf("%d nano-units became %d millionths", *price, got.Used[i])
			case u == Tokens && got.Used[i] != used.Input+used.Output:
				t.Fatalf("%d tokens", got.Used[i])
			}
		}
	})
}
