package account

import "time"

// otherReplicas tracks what other replicas have served each tenant: the store's
// total of all replicas, less what this one has reported. Its holder guards it.
type otherReplicas map[string]*servedTenant

// servedTenant is the service of a tenant, divided by its weight, since this
// replica first saw its total: earlier service does not count.
type servedTenant struct {
	base    int64 // the total of all replicas then
	own     int64 // what this replica has told the store of since
	charged int64 // of others, what was returned by note

	// before is a total of at least a while ago, and next is the one after it: the
	// store has lost its data if a total is smaller. Those of calls that were
	// under way at the same time may come in any order.
	before, next int64
	at           time.Time // of next
}

// longestCall is longer than any call to the store.
const longestCall = time.Minute

// addOwn adds service that the store is about to be told of.
func (e otherReplicas) addOwn(tenant string, service int64) {
	if t := e[tenant]; t != nil {
		t.own += service
	}
}

// addTotal takes the total of all replicas, and returns what others have served
// since the last call. As the store is told later than this replica knows, the
// result may be too low for a moment. It is too high only if the store has just
// lost its data, by what was under way.
func (e otherReplicas) addTotal(now time.Time, tenant string, total int64) (others int64) {
	t := e[tenant]
	if t == nil || total < t.before {
		if len(e) >= mostTenants {
			clear(e) // they are heard of anew
		}
		e[tenant] = &servedTenant{base: total, before: total, next: total, at: now}
		return 0
	}
	if now.Sub(t.at) >= longestCall {
		t.before, t.next, t.at = t.next, total, now
	}
	others = max(total-t.base-t.own-t.charged, 0)
	t.charged += others
	return others
}
