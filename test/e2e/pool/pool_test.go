package pool

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/tenant"
	"github.com/heald-proxy/heald/test/fakegemini"
	"github.com/heald-proxy/heald/test/stack"
)

const (
	replicas = 3
	tenants  = 5
	backend  = "a"
	model    = "gemini-3.5-flash"
)

// groups are how many accounts each project has: 20 in 8.
var groups = []int{4, 4, 3, 3, 2, 2, 1, 1}

// limits are those of each account's slots and each project's minute, as both
// heald and the fake have them; 0 is no limit.
type limits struct{ slots, requests int }

// setup is what a test starts.
type setup struct {
	groups []int // accounts of each project
	limits limits
	// lenient says that the fake has no limits.
	lenient bool
	// urls are those of each replica's Redis; all replicas take one alone.
	urls []string
	// replicas of heald; 0 is one.
	replicas int
	// tenant is further YAML of every tenant, such as "max_waiting: 3".
	tenant string
	policy string
	fake   fakegemini.Options
}

// rig is a running set-up.
type rig struct {
	*stack.Stack
	keys []string // of the tenants
}

// start starts replicas that share a pool of accounts, and waits until Envoy
// gives all of them requests.
func start(t *testing.T, o setup) *rig {
	t.Helper()
	r := &rig{}
	var keys []string
	var projects []int
	for project, n := range o.groups {
		quota := fakegemini.Quota{Slots: o.limits.slots, Requests: o.limits.requests}
		if o.lenient {
			quota = fakegemini.Quota{}
		}
		for range n {
			key := fmt.Sprintf("key-%d", len(keys))
			keys, projects = append(keys, key), append(projects, project)
			quota.Keys = append(quota.Keys, key)
		}
		o.fake.Quotas = append(o.fake.Quotas, quota)
	}
	var config strings.Builder
	config.WriteString("tenants:\n")
	for i := range tenants {
		key := tenant.Make().Reveal()
		r.keys = append(r.keys, key)
		fmt.Fprintf(&config, "- {name: %s, keys: [{hash: %q}]%s}\n", tenantName(i), "sha256:"+tenant.HashOf(key).String(), more(o.tenant))
	}
	r.Stack = stack.Start(t, stack.Options{
		Plain: true, Replicas: max(o.replicas, 1), Backends: []string{backend}, Keys: keys, Config: config.String(), Policy: o.policy, Fake: o.fake,
		Account: func(i int) string {
			text := fmt.Sprintf("project: project-%d", projects[i])
			if o.limits.slots > 0 {
				text += fmt.Sprintf(", slots: %d", o.limits.slots)
			}
			if o.limits.requests > 0 {
				text += fmt.Sprintf(", limits: {rpm: %d}", o.limits.requests)
			}
			return text
		},
		Own: func(i int) string {
			if len(o.urls) == 0 {
				return ""
			}
			return fmt.Sprintf("state: {redis: {url: %q}}\n", o.urls[i%len(o.urls)])
		},
	})
	r.healthy(t, uint64(max(o.replicas, 1)))
	if len(o.urls) > 0 {
		time.Sleep(acquainted)
	}
	return r
}

// acquainted is how long it takes replicas to know of each other.
const acquainted = 1500 * time.Millisecond

func more(yaml string) string {
	if yaml == "" {
		return ""
	}
	return ", " + yaml
}

func tenantName(i int) string { return fmt.Sprintf("team-%d", i%tenants) }

// healthy waits until Envoy gives requests to n replicas.
func (r *rig) healthy(t *testing.T, n uint64) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d healthy replicas", n), patience, func() bool {
		stats, err := r.Envoy.Stats(t.Context(), `^cluster\.heald\.membership_healthy$`)
		return err == nil && stats["cluster.heald.membership_healthy"] == n
	})
}

// checkQuotas says what the fake saw of its quotas, and fails for every request that
// was one too many.
func (r *rig) checkQuotas(t *testing.T) (granted int) {
	t.Helper()
	for i, use := range r.Fake().QuotaUse() {
		granted += use.Granted
		if use.Refused > 0 {
			t.Errorf("project %d: the fake refused %d of %d requests as over the limits; at most %d were under way at once with one key", i, use.Refused, use.Granted+use.Refused, use.Most)
		}
		if use.Left > 0 {
			t.Errorf("project %d: %d requests still run", i, use.Left)
		}
	}
	return granted
}

// waiting are the requests that wait for an account, at all replicas that live.
func (r *rig) waiting() (n int) {
	for _, replica := range r.Replicas {
		select {
		case <-replica.Done():
		default:
			n += int(replica.Metric("heald_accounts_waiting"))
		}
	}
	return n
}

// rest waits until nothing runs any more: at the fake, in Envoy, in heald.
func (r *rig) rest(t *testing.T) {
	t.Helper()
	start := time.Now()
	r.Settle()
	t.Logf("nothing runs any more after %v", time.Since(start).Round(time.Millisecond))
}
