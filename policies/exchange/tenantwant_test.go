package exchange

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/tenant"
)

// A tenant's slots are waited for, its budgets refuse with a true time, and who
// is disabled while waiting is not served.
func TestTenantLimitsAreKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(12 * time.Second) // into the minute
		r := shared(t)
		of := func(disabled bool) *tenant.Registry {
			return callers(t, tenant.Tenant{Name: "a", MaxConcurrency: 1, Disabled: disabled, Keys: keysOf(keyOfA),
				Limits: tenant.Limits{"requests/minute": 3}})
		}
		r.UseTenants(of(false))
		first := r.begin(1, "", "x-api-key", keyOfA)
		send(t, first, ask)
		time.AfterFunc(2*time.Second, func() { answerWith(first, 200, hello+stop) })
		before := time.Now()
		second := r.begin(1, "", "x-api-key", keyOfA)
		send(t, second, ask)
		if waited := time.Since(before); waited != 2*time.Second {
			t.Errorf("waits %v for the tenant's slot", waited)
		}
		third := r.begin(1, "", "x-api-key", keyOfA, policies.HeaderSet, "queue_wait=1s")
		if reply := r.refused(t, third, ask); reply.Status != 429 || reply.Reason != heal.ReasonTenantSlots {
			t.Errorf("%d %s", reply.Status, reply.Reason)
		}
		answerWith(second, 200, hello+stop)
		answerWith(sending(t, r.begin(1, "", "x-api-key", keyOfA)), 200, hello+stop)
		fourth := r.begin(1, "", "x-api-key", keyOfA, policies.HeaderSet, "queue_wait=1s")
		if reply := r.refused(t, fourth, ask); reply.Status != 429 || reply.Reason != heal.ReasonTenantBudget || reply.Headers.Get("retry-after") != "45" {
			t.Errorf("%d %s %v", reply.Status, reply.Reason, reply.Headers)
		}
		time.Sleep(45 * time.Second)
		held := sending(t, r.begin(1, "", "x-api-key", keyOfA))
		waiting := r.begin(1, "", "x-api-key", keyOfA)
		time.AfterFunc(time.Second, func() {
			r.UseTenants(of(true))
			held.Close(policies.EndCancelled)
		})
		if reply := r.refused(t, waiting, ask); reply.Status != 403 || reply.Reason != heal.ReasonTenantDisabled {
			t.Errorf("%d %s", reply.Status, reply.Reason)
		}
	})
}

// Who is refused after a wait is told a true time, in the headers that the SDKs of
// its API act on: the end of the window, or where only slots are missing, a moment.
func TestRefusedAfterAWait(t *testing.T) {
	none := 0
	for i, api := range bodies {
		for _, c := range []struct {
			name         string
			tenant       tenant.Tenant
			settings     string
			held         time.Duration // how long the slot is held that the request waits for
			waits        time.Duration
			reason       string
			after, again string
		}{
			{"the minute is spent once there is a slot", tenant.Tenant{MaxConcurrency: 1, Limits: tenant.Limits{"requests/minute": 1}}, "queue_wait=10s", 3 * time.Second, 3 * time.Second, heal.ReasonTenantBudget, "45", "true"},
			{"the hour is", tenant.Tenant{MaxConcurrency: 1, Limits: tenant.Limits{"requests/hour": 1}}, "queue_wait=10s", 3 * time.Second, 3 * time.Second, heal.ReasonTenantBudget, "3585", "false"},
			{"no slot in time", tenant.Tenant{MaxConcurrency: 1}, "queue_wait=10s", 20 * time.Second, 10 * time.Second, heal.ReasonTenantSlots, "1", "true"},
			{"none may wait", tenant.Tenant{MaxConcurrency: 1, MaxWaiting: &none}, "queue_wait=10s", 20 * time.Second, 0, heal.ReasonTenantSlots, "1", "true"},
		} {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(12 * time.Second) // into the minute
				r := shared(t)
				c.tenant.Name, c.tenant.Keys = "a", keysOf(keyOfA)
				r.UseTenants(callers(t, c.tenant))
				holds, forward, _ := r.askAs(i, "gemini-3.5-flash", keyOfA)
				if forward == nil {
					t.Fatal("the first one is refused")
				}
				time.AfterFunc(c.held, func() { answerWith(holds, 200, hello+stop) })
				a := r.headOnly("POST", strings.ReplaceAll(api.path, "%s", "gemini-3.5-flash"), "x-api-key", keyOfA, policies.HeaderSet, c.settings)
				if reply := a.RequestHeaders(); reply != nil {
					t.Fatalf("%s", reply.Body)
				}
				before := time.Now()
				_, reply := a.RequestBody(context.Background(), []byte(strings.ReplaceAll(api.body, "%s", "gemini-3.5-flash")))
				a.Close(policies.EndComplete)
				if reply == nil || reply.Status != 429 || reply.Reason != c.reason {
					t.Fatalf("%s, %s: %+v", api.name, c.name, reply)
				}
				if waited := time.Since(before); waited != c.waits || a.record.waited != c.waits {
					t.Errorf("%s, %s: waited %v, told %v, want %v", api.name, c.name, waited, a.record.waited, c.waits)
				}
				if got := reply.Headers.Get("retry-after"); got != c.after {
					t.Errorf("%s, %s: retry-after %q, want %q", api.name, c.name, got, c.after)
				}
				// Google's own clients do not know the header, nor retry-after-ms.
				if got := reply.Headers.Get("x-should-retry"); got != c.again && (got != "" || api.name != "gemini") {
					t.Errorf("%s, %s: x-should-retry %q, want %q", api.name, c.name, got, c.again)
				}
				time.Sleep(c.held) // the first one ends
			})
		}
	}
}

// What is allowed when a request comes, and not any more when its turn has come,
// is refused: also to a tenant of which nothing is limited.
func TestAllowedStillAfterAWait(t *testing.T) {
	keys := keysOf(keyOfA)
	ending := []tenant.Key{{ID: "k0", Hash: tenant.HashOf(keyOfA)}}
	for _, c := range []struct {
		name          string
		before, after tenant.Tenant
		reason        string
	}{
		{"disabled", tenant.Tenant{Keys: keys}, tenant.Tenant{Disabled: true, Keys: keys}, heal.ReasonTenantDisabled},
		{"disabled, with limits", tenant.Tenant{MaxConcurrency: 5, Keys: keys}, tenant.Tenant{Disabled: true, Keys: keys}, heal.ReasonTenantDisabled},
		{"key removed", tenant.Tenant{Keys: keys}, tenant.Tenant{Keys: []tenant.Key{{ID: "k1", Hash: tenant.HashOf(keyOfPast)}}}, heal.ReasonClientKey},
		{"key expired", tenant.Tenant{Keys: ending}, tenant.Tenant{Keys: ending}, heal.ReasonClientKey},
		{"model forbidden", tenant.Tenant{Keys: keys}, tenant.Tenant{Keys: keys, Models: []string{"other"}}, heal.ReasonTenantModel},
		{"nothing changed", tenant.Tenant{Keys: keys}, tenant.Tenant{Keys: keys}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			ending[0].Expires = time.Now().Add(1500 * time.Millisecond)
			r := newRig(t, func(cfg *Config) {
				cfg.Accounts = []account.Account{{ID: "a-1", Backend: "a", Slots: 1, Secret: account.NewSecret("k")}}
				cfg.Backends = cfg.Backends[:1]
			})
			with := func(a tenant.Tenant) *tenant.Registry {
				a.Name = "a"
				return callers(t, a, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB)})
			}
			r.UseTenants(with(c.before))
			held := sending(t, r.begin(1, "", "x-api-key", keyOfB))
			time.AfterFunc(time.Second, func() { r.UseTenants(with(c.after)) })
			time.AfterFunc(2*time.Second, func() { held.Close(policies.EndComplete) })
			waits := r.begin(1, "", "x-api-key", keyOfA)
			if reply := waits.RequestHeaders(); reply != nil {
				t.Fatalf("%s: %s", c.name, reply.Body)
			}
			forward, reply := waits.RequestBody(t.Context(), []byte(ask))
			switch {
			case c.reason == "" && forward == nil:
				t.Errorf("%s: %+v", c.name, reply)
			case c.reason != "" && (reply == nil || reply.Reason != c.reason):
				t.Errorf("%s: forwarded %v, %+v", c.name, forward != nil, reply)
			}
			waits.Close(policies.EndComplete)
		})
	}
}

// How long answers become is a guess, which locks nobody out: with a limit below
// what is expected of an answer a tenant is served once in each window, and as
// soon as its answers are known to be short, as often as they fit.
func TestGuessLocksNobodyOut(t *testing.T) {
	for _, limits := range []tenant.Limits{{"tokens/minute": 1000}, {"money/minute": 0.001}} {
		synctest.Test(t, func(t *testing.T) {
			r := shared(t)
			r.prices = price.New(price.Config{})
			r.UseTenants(callers(t, tenant.Tenant{Name: "a", Keys: keysOf(keyOfA), Limits: limits}, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB), Limits: limits}))
			body := strings.Replace(ask, `"max_tokens":100,`, "", 1)
			asks := func() {
				a := r.begin(1, "", "x-api-key", keyOfA)
				send(t, a, body)
				answerWith(a, 200, hello+stop)
			}
			for range 10 {
				asks()
				time.Sleep(time.Minute)
			}
			for range 20 {
				asks()
			}
			asked := strings.Replace(ask, `"max_tokens":100`, `"max_tokens":1100`, 1)
			if reply := r.refused(t, r.begin(1, "", "x-api-key", keyOfB), asked); reply.Reason != heal.ReasonTenantBudget || reply.Headers.Get("retry-after") != "" {
				t.Errorf("%v: %d %s %v, for an answer larger than the limit", limits, reply.Status, reply.Reason, reply.Headers)
			}
			long := strings.Replace(body, `"hi"`, `"`+strings.Repeat("hello ", 100_000)+`"`, 1)
			if reply := r.refused(t, r.begin(1, "", "x-api-key", keyOfA), long); reply.Reason != heal.ReasonTenantBudget || reply.Headers.Get("retry-after") != "" {
				t.Errorf("%v: %d %s %v, for a prompt larger than the limit", limits, reply.Status, reply.Reason, reply.Headers)
			}
		})
	}
}

// sending is an attempt that the provider has.
func sending(t *testing.T, a *attempt) *attempt {
	t.Helper()
	send(t, a, ask)
	return a
}

// Money is reserved by the price of the dearest model that may be asked, and
// settled by what was used; a model without a price may be denied.
func TestTenantMoney(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Hour)
		for _, c := range []struct {
			unknown string
			denied  bool
		}{{"allow", false}, {"deny", true}} {
			r := shared(t)
			r.prices = price.New(price.Config{OnUnknown: price.OnUnknown(c.unknown)})
			r.UseTenants(callers(t, tenant.Tenant{Name: "a", Keys: keysOf(keyOfA), Limits: tenant.Limits{"money/day": 0.05}}))
			answerWith(sending(t, r.begin(1, "", "x-api-key", keyOfA)), 200, hello+stop)
			answerWith(sending(t, r.begin(1, "", "x-api-key", keyOfA)), 200, hello+stop)
			many := strings.Replace(stop, `"promptTokenCount": 3,"candidatesTokenCount": 1`, `"promptTokenCount": 300000,"candidatesTokenCount": 60000`, 1)
			answerWith(sending(t, r.begin(1, "", "x-api-key", keyOfA)), 200, hello+many)
			if reply := r.refused(t, r.begin(1, "", "x-api-key", keyOfA), ask); reply.Reason != heal.ReasonTenantBudget {
				t.Errorf("%d %s after the money was used", reply.Status, reply.Reason)
			}
			r.UseTenants(callers(t, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB), Limits: tenant.Limits{"money/day": 1}}))
			a := r.begin(1, "", "x-api-key", keyOfB)
			a.RequestHeaders()
			_, reply := a.RequestBody(t.Context(), []byte(strings.Replace(ask, "gemini-3.5-flash", "model-without-a-price", 1)))
			if denied := reply != nil && reply.Reason == heal.ReasonTenantModel; denied != c.denied {
				t.Errorf("%s: denied %v", c.unknown, denied)
			}
			a.Close(policies.EndCancelled)
		}
	})
}

// The store need not be told what a tenant is served who has no rivals.
func TestRivals(t *testing.T) {
	for n, want := range map[int]bool{1: false, 2: true} {
		var all []tenant.Tenant
		for i := range n {
			all = append(all, tenant.Tenant{Name: fmt.Sprint("tenant-", i), Keys: keysOf(fmt.Sprintf("a-key-of-client-%d", i))})
		}
		r := newRig(t, func(c *Config) { c.Tenants = callers(t, all...) })
		a := r.begin(1, "", "x-api-key", "a-key-of-client-0")
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatalf("refused: %s", reply.Body)
		}
		var w account.Want
		if a.wantOfTenant(&w, tenant.Estimate{}); w.Rivals != want || w.Tenant != "tenant-0" {
			t.Errorf("%d tenants: %+v", n, w)
		}
		a.Close(policies.EndComplete)
	}
}
