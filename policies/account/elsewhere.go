package account

import "time"

// elsewhere knows what other replicas have served tenants: of what the store
// tells of all replicas, what this one has not told it. Who holds it guards it.
type elsewhere map[string]*servedTenant

// servedTenant is the service of a tenant, divided by its weight, since it was
// first heard of here: what was served before counts for nobody.
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

// aWhile is longer than any call to the store.
const aWhile = time.Minute

// tell notes what the store is about to be told.
func (e elsewhere) tell(tenant string, service int64) {
	if t := e[tenant]; t != nil {
		t.own += service
	}
}

// note takes the total of all replicas, and returns what others have served since
// it did so last. As the store is told later than this replica knows it, that may
// be too little for a moment. It is too much only where the store has just lost
// its data, by what was under way.
func (e elsewhere) note(now time.Time, tenant string, total int64) (others int64) {
	t := e[tenant]
	if t == nil || total < t.before {
		if len(e) >= mostTenants {
			clear(e) // they are heard of anew
		}
		e[tenant] = &servedTenant{base: total, before: total, next: total, at: now}
		return 0
	}
	if now.Sub(t.at) >= aWhile {
		t.before, t.next, t.at = t.next, total, now
	}
	others = max(total-t.base-t.own-t.charged, 0)
	t.charged += others
	return others
}
