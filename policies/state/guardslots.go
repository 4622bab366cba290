package state

import "maps"

// slots is how many of an account's slots this replica may use by itself, those
// included that the store has given. That is its part, but none beside those
// while the store is thought to be there, and at first no more than what it held
// when it went and its part of what was free: the others may be able to reach the
// store, and leave this replica its part only some time after they have missed it.
// The lock is held.
func (g *Guard) slots(p *Place, n, given int) int {
	own := max(1, p.Slots/n)
	if g.last == nil || g.cfg.Now().Sub(g.since) > 2*g.cfg.Silent {
		return own
	}
	if !g.down {
		return min(own, given) // one late answer: the next call asks again
	}
	peak := g.peaks.of(p.Account)
	begun := min(peak, n-1) // since the peak was seen, where the account is in use: one at each of the others
	free := max(0, p.Slots-peak-begun)
	return min(own, g.kept[p.Account]+free/n)
}

// keep records what this replica holds when the store stops answering; the lock
// is held.
func (g *Guard) keep() { g.kept = g.holds() }

// letGo returns the settlements that were kept back, once the store answers
// again; the lock is held.
func (g *Guard) letGo() (late []Settlement) {
	late = g.late
	g.late, g.kept = nil, nil
	return late
}

// keepLess keeps no more slots than the remote store knows of, if it may have
// been told; the lock is held.
func (g *Guard) keepLess() {
	now := g.holds()
	for account, n := range g.kept {
		g.kept[account] = min(n, now[account])
	}
}

// holds are the slots of accounts that the remote store may know of; the lock is
// held.
func (g *Guard) holds() map[string]int {
	out := maps.Clone(g.accounts)
	for account, n := range g.byItself {
		out[account] += n
	}
	for i := range g.late {
		if p := g.late[i].Receipt.Place; p != nil {
			out[p.Account]++
		}
	}
	return out
}

// end counts a slot that the remote store has given as free again, and reports
// whether to tell the store now. While it is silent it is not told: it would
// give the slot to others, and this replica uses it again. There are at most as
// many as attempts were under way.
func (g *Guard) end(e *Settlement) (tell bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count(&e.Receipt, -1)
	if g.kept == nil || g.cfg.OnError == Closed {
		return true
	}
	g.late = append(g.late, *e)
	return false
}

// replicas is how many replicas there were; the lock is held.
func (g *Guard) replicas() int {
	if g.last == nil {
		return 1
	}
	return max(1, g.last.Replicas)
}
