package account

import (
	"slices"
	"time"
)

// mostSubjects bounds the subjects that are remembered: model names come from
// clients.
const mostSubjects = 10_000

// mostHits is more steps than any row of cooldowns has.
const mostHits = 16

// book records what is kept back, and until when. Its holder guards it.
//
// Each entry has a number that grows with the book. A lease keeps the number of
// its beginning: its success says nothing about later entries.
type book struct {
	subjects map[Subject]*subjectState
	last     uint64 // number of the last entry
	shape    uint64 // changes when a subject comes or goes
}

// subjectState is the state of one subject that is, or was recently, kept back.
type subjectState struct {
	subject Subject
	until   time.Time // the latest of its causes
	causes  map[string]*cooling
}

// cooling is one cause that keeps a subject back. Its exported fields are shared
// by all replicas.
type cooling struct {
	Until time.Time   `json:"until,omitzero"`
	Hits  []time.Time `json:"hits,omitempty"` // consecutive, at most mostHits
	// Within, Kind, Said and Soft are those of the Cooldown.
	Within time.Duration `json:"within,omitempty"`
	Kind   Kind          `json:"kind,omitempty"`
	Said   string        `json:"said,omitempty"`
	Soft   bool          `json:"soft,omitempty"`
	Probe  *probe        `json:"probe,omitempty"` // nil: no probe before the end
	// Generation grows with each change; the higher one is the later one.
	Generation uint64 `json:"gen"`

	entry uint64 // in this replica's book
}

func newBook() book { return book{subjects: map[Subject]*subjectState{}} }

// cool keeps a subject back. known is the number of the book when the failing
// attempt began: an attempt that began before the subject was kept back belongs
// to the same failure.
func (b *book) cool(now time.Time, s Subject, d *Cooldown, known uint64) {
	t := b.subject(now, s)
	c := t.causes[d.Cause]
	if c == nil {
		c = &cooling{}
		t.causes[d.Cause] = c
	}
	if d.Within > 0 {
		c.Hits = slices.DeleteFunc(c.Hits, func(t time.Time) bool { return now.Sub(t) > d.Within })
	}
	resting := c.Until.After(now)
	if !resting && known >= c.entry && len(c.Hits) < mostHits {
		c.Hits = append(c.Hits, now)
	}
	c.Within, c.Kind, c.Said, c.Soft = d.Within, d.Kind, ProviderReason(d.Said), d.Soft
	if until := now.Add(d.For[min(max(len(c.Hits), 1), len(d.For))-1]); until.After(c.Until) {
		c.Until = until
	}
	switch {
	case !d.Probes:
		c.Probe = nil
	case c.Probe == nil || !resting:
		c.Probe = newProbe(now, d.Stated)
	}
	b.enter(c)
	t.refresh()
}

// subject is the state of a subject, made if there is none.
func (b *book) subject(now time.Time, s Subject) *subjectState {
	t := b.subjects[s]
	if t == nil {
		b.makeRoom(now)
		t = &subjectState{subject: s, causes: map[string]*cooling{}}
		b.subjects[s] = t
		b.shape++
	}
	return t
}

// enter numbers a change.
func (b *book) enter(c *cooling) {
	b.last++
	c.entry = b.last
	c.Generation++
}

// lift removes what kept a subject back when the book had the number known,
// since the subject has just answered. It reports whether anything changed.
func (b *book) lift(s Subject, known uint64) (changed bool) {
	t := b.subjects[s]
	if t == nil {
		return false
	}
	for _, c := range t.causes {
		if c.entry > known {
			continue
		}
		ends := !c.Until.IsZero() || len(c.Hits) > 0 && c.Within == 0
		if c.Until, c.Probe = (time.Time{}), nil; c.Within == 0 {
			c.Hits = nil
		}
		if ends {
			b.enter(c)
			changed = true
		}
	}
	t.refresh()
	return changed
}

// remaining is how long a subject is still kept back, by one cause, or by any if
// the cause is "".
func (b *book) remaining(now time.Time, s Subject, cause string) time.Duration {
	t := b.subjects[s]
	switch {
	case t == nil:
		return 0
	case cause == "":
		return max(t.until.Sub(now), 0)
	case t.causes[cause] == nil:
		return 0
	}
	return max(t.causes[cause].Until.Sub(now), 0)
}

// refresh computes when the last cause ends.
func (t *subjectState) refresh() {
	t.until = time.Time{}
	for _, c := range t.causes {
		if c.Until.After(t.until) {
			t.until = c.Until
		}
	}
}

// makeRoom bounds the number of subjects: those that are over are dropped first,
// then those of models, whose names come from clients, then any. It makes room
// for many at once, since it visits all.
func (b *book) makeRoom(now time.Time) {
	if len(b.subjects) < mostSubjects {
		return
	}
	drop := func(goes func(*subjectState) bool) {
		for s, t := range b.subjects {
			if len(b.subjects) < mostSubjects*9/10 {
				return
			}
			if goes(t) {
				delete(b.subjects, s)
				b.shape++
			}
		}
	}
	drop(func(t *subjectState) bool { return !t.until.After(now) })
	drop(func(t *subjectState) bool { return t.subject.Model != "" })
	drop(func(*subjectState) bool { return true })
}
