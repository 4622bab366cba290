package exchange

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/tenant"
)

// Records say which quota group an attempt used, and how long it waited for its
// tenant's slot.
func TestRecordsOfALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := shared(t), &told{}
		r.recorder = to
		r.UseTenants(callers(t, tenant.Tenant{Name: "a", MaxConcurrency: 1, Keys: keysOf(keyOfA)}))
		first := sending(t, r.begin(1, "", "x-api-key", keyOfA))
		time.AfterFunc(2*time.Second, func() { first.Close(policies.EndCancelled) })
		answerWith(sending(t, r.begin(1, "", "x-api-key", keyOfA)), 200, hello+stop)
		synctest.Wait() // the first one has been told, too
		i := slices.IndexFunc(to.requests, func(q record.Request) bool { return q.Outcome == "passed" })
		q := to.requests[i]
		got := q.Attempts[0]
		if got.Account == "" || got.Group != "ai_studio/account:"+got.Account || time.Duration(got.Waited) != 2*time.Second {
			t.Errorf("%+v", got)
		}
		if len(to.requests) != 2 || q.Waited != got.Waited || !slices.ContainsFunc(to.attempts, func(a record.Attempt) bool { return a.Waited == got.Waited && a.Group == got.Group }) {
			t.Errorf("%+v", to.requests)
		}
	})
}

// Records say whose request it was, as far as that is known, and never the key.
func TestRecordsOfTenants(t *testing.T) {
	for _, c := range []struct{ key, model, tenant, id, outcome string }{
		{keyOfB, "gemini-3.5-flash", "b", keysOf(keyOfB)[0].ID, ""}, // goes upstream
		{keyOfA, "gemini-3.8-flash", "a", keysOf(keyOfA)[0].ID, "failed"},
		{keyOfOff, "gemini-3.5-flash", "off", "", "failed"},
		{"the-key-of-nobody-01234567", "gemini-3.5-flash", "", "", "failed"},
	} {
		r, to := shared(t), &told{}
		r.recorder = to
		a, forward, _ := r.askAs(1, c.model, c.key)
		if forward != nil {
			answerWith(a, 503, overload)
		} else {
			a.Close(policies.EndComplete)
		}
		got := to.last()
		if got.Tenant != c.tenant || got.KeyID != c.id || strings.Contains(fmt.Sprint(to), c.key) {
			t.Errorf("%+v: tenant %q, key %q", c, got.Tenant, got.KeyID)
		}
		if ended := len(to.requests) == 1; ended != (c.outcome != "") || ended && to.request().Outcome != c.outcome {
			t.Errorf("%+v: %d requests", c, len(to.requests))
		}
	}
}
