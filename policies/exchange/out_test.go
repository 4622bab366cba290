package exchange

import (
	"testing"
	"testing/synctest"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// A backend without capacity is not asked by others either: they wait, or are
// told when to come back.
func TestNoCapacityIsTold(t *testing.T) {
	const noCapacity = `{"error":{"code":503,"message":"x","status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"MODEL_CAPACITY_EXHAUSTED"}]}}`
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
		r.retry(t, 1, "", ask, 503, noCapacity, policies.Retry)
		a := r.begin(1, "", policies.HeaderSet, "queue_wait=2s")
		if reply := r.refused(t, a, saying("other")); reply.Status != 529 || reply.Reason != heal.ReasonAccountsOut || reply.Headers.Get("retry-after") != "5" {
			t.Errorf("%d %s %v", reply.Status, reply.Reason, reply.Headers)
		}
	})
}
