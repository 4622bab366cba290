package account

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/state"
)

const (
	// documentLife is how long a document is shared with other replicas: a day of
	// Google's and a little more. Replicas that have read it keep its content.
	documentLife = 26 * time.Hour
	// backgroundTime bounds a read and a write in the background.
	backgroundTime = 2 * time.Second
	// billing is put before a billing account's name where groups have theirs,
	// which begin with a place.
	billing = "billing:"
)

// document is what replicas share of one subject.
type document struct {
	// Secret identifies the credential of an account, by a part of its hash: a
	// document about another credential is ignored.
	Secret  string              `json:"secret,omitempty"`
	Causes  map[string]*cooling `json:"causes,omitempty"`
	Outage  *outage             `json:"outage,omitempty"`
	Learned *Learned            `json:"learned,omitempty"`
}

// docOf names the document of a subject.
func docOf(s Subject) state.Doc {
	switch s.Scope {
	case OfAccount:
		return state.Doc{Of: state.OfAccount, Name: s.Name, Part: s.Model}
	case OfBackend:
		return state.Doc{Of: state.OfBackend, Name: s.Name, Part: s.Model}
	case OfBilling:
		return state.Doc{Of: state.OfGroup, Name: billing + s.Name, Part: s.Model}
	}
	return state.Doc{Of: state.OfGroup, Name: s.Name, Part: s.Model}
}

// subjectOf is the subject of a document; ok is false if it is not one of this
// replica's.
func (p *Accounts) subjectOf(d state.Doc) (s Subject, ok bool) {
	s = Subject{Name: d.Name, Model: d.Part}
	switch d.Of {
	case state.OfAccount:
		s.Scope, ok = OfAccount, p.byID[d.Name] != nil
	case state.OfBackend:
		_, ok = p.members[d.Name]
		s.Scope = OfBackend
	case state.OfGroup:
		if name, of := strings.CutPrefix(d.Name, billing); of {
			return Subject{OfBilling, name, d.Part}, p.owns(func(m *member) bool { return m.Billing == name })
		}
		s.Scope, ok = OfGroup, p.owns(func(m *member) bool { return m.group == d.Name })
	}
	return s, ok
}

func (p *Accounts) owns(is func(*member) bool) bool {
	for _, m := range p.byID {
		if is(m) {
			return true
		}
	}
	return false
}

// write shares the state of a subject with other replicas, in the background.
func (p *Accounts) write(s Subject) {
	if !p.shared || p.dirty[s] {
		return
	}
	p.dirty[s] = true
	if !p.writing {
		p.writing = true
		p.background.Go(p.writeAll) // ends when nothing is left to write; Close waits
	}
}

// writeAll writes all changes, one document after the other.
func (p *Accounts) writeAll() {
	for {
		p.mu.Lock()
		var s Subject
		for s = range p.dirty {
			break
		}
		if len(p.dirty) == 0 {
			p.writing = false
			p.mu.Unlock()
			return
		}
		delete(p.dirty, s)
		p.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), backgroundTime)
		err := p.store.Change(ctx, docOf(s), documentLife, func(old []byte) []byte {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.absorb(s, old)
			return p.encode(s)
		})
		cancel()
		if err != nil {
			p.log.Debug("what is kept back could not be told to other replicas", zap.String("subject", s.Name), zap.Error(err))
		}
	}
}

// change changes a subject by do, over all replicas at once, and returns do's
// result. do also returns how to undo its change, since it is called again if
// another replica was faster. p.mu is held, but not while the store is asked. If
// the store's result is unknown, the change counts as not done but stays here,
// so that it is not tried again at once.
func (p *Accounts) change(ctx context.Context, s Subject, do func() (ok bool, undo func())) (ok bool) {
	if !p.shared {
		ok, _ = do()
		return ok
	}
	var undo func()
	p.mu.Unlock()
	err := p.store.Change(ctx, docOf(s), documentLife, func(old []byte) []byte {
		p.mu.Lock()
		defer p.mu.Unlock()
		if undo != nil {
			undo()
		}
		p.absorb(s, old)
		ok, undo = do()
		return p.encode(s)
	})
	p.mu.Lock()
	return ok && err == nil
}

// encode writes the state of a subject; nil for none.
func (p *Accounts) encode(s Subject) []byte {
	var d document
	if t := p.book.subjects[s]; t != nil {
		d.Causes = t.causes
	}
	switch {
	case s.Scope == OfAccount && p.byID[s.Name] != nil:
		d.Secret = fingerprint(p.byID[s.Name].Secret)
	case s.Scope == OfBackend && s.Model != "":
		if l := p.lanes[laneKey{s.Name, s.Model}]; l != nil && l.outage.Generation > 0 {
			d.Outage = &l.outage
		}
	case s.Scope == OfGroup && s.Model != "":
		if q := p.quotas[state.GroupModel{Group: s.Name, Model: s.Model}]; q != nil && q.taught {
			l := q.learned
			l.Absent = false // lasts until a reload; the document would outlive it
			d.Learned = &l
		}
	}
	if d.Causes == nil && d.Outage == nil && d.Learned == nil {
		return nil
	}
	out, err := json.Marshal(&d)
	if err != nil {
		return nil // plain fields always encode
	}
	return out
}

// absorb merges what another replica has written of a subject. Of two versions
// the later generation counts.
func (p *Accounts) absorb(s Subject, from []byte) {
	var d document
	if len(from) == 0 || json.Unmarshal(from, &d) != nil {
		return
	}
	if s.Scope == OfAccount && d.Secret != fingerprint(p.byID[s.Name].Secret) {
		return
	}
	p.book.absorb(time.Now(), s, d.Causes)
	switch {
	case s.Model == "":
	case d.Outage != nil && s.Scope == OfBackend:
		if l := p.lane(s.Name, s.Model); d.Outage.Generation > l.outage.Generation {
			l.outage = *d.Outage
		}
	case d.Learned != nil && s.Scope == OfGroup:
		q := p.quota(s.Name, s.Model)
		absent := q.learned.Absent
		newer := q.learned.newer(*d.Learned)
		newer.Absent = absent
		q.teach(time.Now(), newer, p.replicas)
	}
}

// absorb merges the causes that are of a later generation, or of the same and
// end later.
func (b *book) absorb(now time.Time, s Subject, causes map[string]*cooling) {
	for name, c := range causes {
		if c == nil {
			continue
		}
		t := b.subjects[s]
		var own *cooling
		if t != nil {
			own = t.causes[name]
		}
		if own != nil && (own.Generation > c.Generation || own.Generation == c.Generation && !c.Until.After(own.Until)) {
			continue
		}
		if own == nil && !c.Until.After(now) && len(c.Hits) == 0 {
			continue
		}
		t = b.subject(now, s)
		b.last++
		c.entry = b.last
		t.causes[name] = c
		t.refresh()
	}
}

// newer are the limits of both that were learned later.
func (l Learned) newer(other Learned) Learned {
	later := func(a, b LearnedLimit) LearnedLimit {
		if b.At.After(a.At) {
			return b
		}
		return a
	}
	return Learned{Requests: later(l.Requests, other.Requests), Tokens: later(l.Tokens, other.Tokens), Day: later(l.Day, other.Day)}
}

// fingerprint distinguishes secrets without revealing them: 32 bits of a hash.
func fingerprint(s Secret) string {
	sum := sha256.Sum256([]byte("heald account\n" + s.Reveal()))
	return hex.EncodeToString(sum[:4])
}
