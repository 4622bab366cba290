package account

import "time"

const (
	// turnoverStep is how far one attempt moves the mean: ten or so decide.
	turnoverStep = 0.1
	// leastAgain and longestAgain bound the time that clients are told. A second
	// is the shortest delay that can be stated, and the one while nothing is
	// known; attempts may take many minutes, but others end sooner.
	leastAgain   = time.Second
	longestAgain = 30 * time.Second
)

// turnover says how long slots are held, and so when one is likely to be free.
// The zero value has no observations. It is not safe for concurrent use; its
// holder guards it.
type turnover struct{ mean float64 } // seconds that an attempt holds its slot

// note notes how long an attempt has held its slot.
func (t *turnover) note(held time.Duration) {
	if t.mean == 0 {
		t.mean = held.Seconds()
		return
	}
	t.mean += turnoverStep * (held.Seconds() - t.mean)
}

// next is how long the last of those that wait is likely to wait for a slot: of n
// attempts that take d each, one ends every d/n (Little's law). It is an estimate,
// since attempts end at any time, and others come.
func (t *turnover) next(waiting, running int) time.Duration {
	in := t.mean * float64(max(waiting, 1)) / float64(max(running, 1))
	return time.Duration(min(max(in, leastAgain.Seconds()), longestAgain.Seconds()) * float64(time.Second))
}

// freeIn is when a slot of a backend is likely to be free, or one of the
// tenant's if the tenant's slots are all taken.
func (p *Accounts) freeIn(backend string, b *blocked) time.Duration {
	room, running := p.room(backend), 0
	if b.slots > 0 {
		return room.turnover.next(p.queue.Len(b.what), b.slots)
	}
	for _, m := range p.members[backend] {
		running += m.inUse + m.others
	}
	return room.turnover.next(room.waiting, running)
}
