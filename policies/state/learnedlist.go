package state

import (
	"time"

	"github.com/heald-proxy/heald/policies/heal"
)

// LearnedRepair is a repair that is made without being asked for. Count is 1, or
// for how many different schemas it is.
type LearnedRepair struct {
	Backend, Model string
	Repair         heal.Repairs
	Count          int
}

// List returns all repairs that are made now.
func (l *Learned) List() (list []LearnedRepair) {
	var changes []LearnedChange
	defer func() { l.notify(changes) }()
	l.mu.Lock()
	defer l.mu.Unlock()
	changes = l.sweep(time.Now())
	for at, r := range l.known {
		for repair := range r.repairs {
			list = append(list, LearnedRepair{at.backend, at.model, repair, 1})
		}
		if n := len(r.schemas); n > 0 {
			list = append(list, LearnedRepair{at.backend, at.model, heal.RelaxSchema, n})
		}
	}
	return list
}

// Len is how much is remembered: what models refused, and what only error texts
// said about them.
func (l *Learned) Len() (known, heard int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count, len(l.heard)
}

// each calls f for all that is remembered.
func (l *Learned) each(f func(learnedKey, *fact)) {
	for at, r := range l.known {
		for repair, of := range r.repairs {
			f(learnedKey{modelAt: at, repair: repair}, of)
		}
		for schemas, of := range r.schemas {
			f(learnedKey{at, heal.RelaxSchema, schemas}, of)
		}
	}
}

// sweep removes what has expired.
func (l *Learned) sweep(now time.Time) (changes []LearnedChange) {
	l.each(func(k learnedKey, f *fact) {
		if f.ended(now) {
			changes = append(changes, l.drop(k, RepairEnded, whyOver))
		}
	})
	return changes
}

// makeRoom removes what has expired, or else what was not confirmed for the
// longest time.
func (l *Learned) makeRoom(now time.Time) []LearnedChange {
	if changes := l.sweep(now); len(changes) > 0 {
		return changes
	}
	var oldest learnedKey
	var since time.Time
	l.each(func(k learnedKey, f *fact) {
		if since.IsZero() || f.confirmed.Before(since) {
			oldest, since = k, f.confirmed
		}
	})
	return []LearnedChange{l.drop(oldest, RepairEnded, whyRoom)}
}
