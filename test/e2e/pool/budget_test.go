package pool

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/state/redis/redistest"
	"github.com/heald-proxy/heald/test/fakegemini"
)

// Tenants spend a budget of tokens through four APIs and three replicas, and Redis
// is gone for a part of the time: what the fake counts is over the budget by no
// more than the requests that were under way when nobody could ask.
func TestBudgets(t *testing.T) {
	// reserve is what a request without a limit of its own reserves at most.
	const budget, clients, reserve = 12_000, 60, 4300
	server := redistest.Start(t)
	r := start(t, setup{
		groups: groups, replicas: replicas, urls: []string{server.URL()}, limits: limits{slots: 6},
		tenant: fmt.Sprintf("limits: {tokens/month: %d}", budget), // no test lasts from one month to the next, but for one
		fake:   fakegemini.Options{Pace: 40 * time.Millisecond},
	})
	l := read(t, server)
	c := gather(t, r, clients)
	c.progress("before", clients)
	server.Pause()
	c.progress("paused", clients)
	server.Resume()
	c.refusedAll("all budgets are spent", clients)
	time.Sleep(6 * time.Second) // a heartbeat gives back what calls had reserved whose answers were lost
	c.refusedAll("what was given back is spent", clients)
	c.disperse()
	r.rest(t)
	eventually(t, "what was used is settled", 10*time.Second, func() bool { return len(l.inUse()) == 0 })

	used, requests, largest := map[string]int{}, map[string]int{}, 0
	for _, q := range r.Fake().Requests() {
		name, _, ok := strings.Cut(string(q.Body[max(0, strings.Index(string(q.Body), "team-")):]), ":")
		if ok && q.Tokens > 0 {
			used[name] += q.Tokens
			requests[name]++
			largest = max(largest, q.Tokens)
		}
	}
	told := l.spent("tokens/month")
	for i := range tenants {
		name := tenantName(i)
		t.Logf("%s: budget %d, the fake counts %d tokens of %d requests, Redis %d with what is reserved", name, budget, used[name], requests[name], told[name])
		if over := used[name] - budget; over > clients/tenants*largest {
			t.Errorf("%s is %d tokens over its budget of %d; a request has %d at most", name, over, budget, largest)
		}
		// What a settlement was to correct whose outcome is not known counts as used
		// until the window's end.
		if told[name] < int64(used[name]) || told[name] < budget-reserve {
			t.Errorf("%s was refused with %d of %d tokens reserved and %d used", name, told[name], budget, used[name])
		}
	}
	r.checkQuotas(t)
}
