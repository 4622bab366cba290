package account

import "time"

// Outlook says when a candidate is expected to be ready. It promises nothing:
// only a lease does.
type Outlook struct {
	// Any reports that an account is left that the request has not found spent.
	Any bool
	// In is how long it takes until one of them is ready; 0 for at once.
	In time.Duration
	// Held reports that requests prefer another backend, since this one failed
	// recently; Sure that they prefer another model.
	Held, Sure bool
}

// Ready reports whether an account may be asked at once.
func (o Outlook) Ready() bool { return o.Any && o.In == 0 }

// Outlook says when a candidate is expected to be ready.
func (p *Accounts) Outlook(c Candidate, w *Want) (out Outlook) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	l := p.lane(c.Backend, c.Model)
	held := l.outage.held()
	out.Held, out.Sure = held != notHeld, held >= surely
	for i := range l.seats {
		s := &l.seats[i]
		room := s.quota.noRoom(now, w)
		for j := range s.members {
			m := &s.members[j]
			if w.Avoid != nil && w.Avoid(m.ID, l.model) == Spent || m.Unusable() != "" {
				continue
			}
			in := max(until(now, l.states), until(now, s.states), until(now, m.states), room.until.Sub(now), 0)
			if !w.Count && in == 0 && (!m.free(now) || !s.quota.capacity.Room(s.quota.inFlight)) {
				in = leastAgain // attempts end at any time
			}
			if !out.Any || in < out.In {
				out.Any, out.In = true, in
			}
		}
	}
	return out
}

// until is how long the last of the subjects is kept back.
func until(now time.Time, list []*subjectState) (d time.Duration) {
	for _, t := range list {
		d = max(d, t.until.Sub(now))
	}
	return d
}

// Group is the quota group of an account; "" of one that is not configured.
func (p *Accounts) Group(id string) string {
	if m := p.byID[id]; m != nil {
		return m.group
	}
	return ""
}

// Has reports whether a backend has accounts that may be asked at all.
func (p *Accounts) Has(backend string) bool {
	for _, m := range p.members[backend] {
		if !m.Disabled {
			return true
		}
	}
	return false
}

// Several reports whether some backend has several quota groups, so that it
// matters which one is a conversation's home.
func (p *Accounts) Several() bool {
	for _, list := range p.members {
		for _, m := range list[1:] {
			if m.group != list[0].group {
				return true
			}
		}
	}
	return false
}

// First is the candidate and account of a plan that would be asked now; ok is
// false if there is none. Nothing is taken.
func (p *Accounts) First(plan []Candidate, w *Want) (c Candidate, id string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.rank(time.Now(), plan, w)
	if r.n == 0 {
		return Candidate{}, "", false
	}
	o := &r.options[0]
	return Candidate{Backend: o.lane.backend, Model: o.lane.model}, o.place.ID, true
}

// Ready lists at most so many accounts of a backend that are not kept back for
// every model, in order of preference; with none, the first of all. It is for
// what has no quota: lists of models.
func (p *Accounts) Ready(backend string, most int) (out []*Account) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	for _, m := range p.members[backend] {
		if !m.Disabled && len(out) < most && until(now, p.restsOf(m, "")) == 0 {
			out = append(out, &m.Account)
		}
	}
	if all := p.members[backend]; len(out) == 0 && len(all) > 0 && !all[0].Disabled {
		out = append(out, &all[0].Account)
	}
	return out
}

// HasTokens reports whether an account uses access tokens, of which there may be
// a new one next time.
func (p *Accounts) HasTokens(id string) bool {
	m := p.byID[id]
	return m != nil && m.Tokens != nil
}
