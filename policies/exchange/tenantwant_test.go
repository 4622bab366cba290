package exchange

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
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

// sending is an attempt that the provider has.
func sending(t *testing.T, a *attempt) *attempt {
	t.Helper()
	send(t, a, ask)
	return a
}
