package redis

import "github.com/heald-proxy/heald/policies/state"

// prefix is the schema's version. Additional fields keep it; where one changes
// its meaning it becomes h2, and both are written for one release.
const prefix = "h1:"

// keys are the names of what is kept for a pool, all with one hash tag.
type keys struct {
	replicas string // sorted set: replica → heartbeat
	summary  string // hash: what a snapshot tells of accounts and groups, and the data's incarnation
	docs     string // hash: documents
	accounts string // beginning; a hash for each: n in use, r:REPLICA each one's share
	groups   string // beginning; a hash for each: a window for each model
}

func poolKeys(pool string) keys {
	p := prefix + "{p:" + tag(pool) + "}:"
	return keys{replicas: p + "reps", summary: p + "s", docs: p + "d", accounts: p + "a:", groups: p + "g:"}
}

// tenantKey is the hash of a tenant: slots, shares, budgets, service.
func tenantKey(tenant string) string { return prefix + "{t:" + tag(tenant) + "}" }

// valueKey is a tenant's value.
func valueKey(k state.Key) string { return tenantKey(k.Tenant) + ":" + string(k.Space) + ":" + k.ID }

// counterKey is a tenant's counter, which no value's key can be: a Space has no #.
func counterKey(k state.Key) string { return tenantKey(k.Tenant) + ":" + string(k.Space) + "#:" + k.ID }
