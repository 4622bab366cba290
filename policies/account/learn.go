package account

import (
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/state"
)

// learn takes the limits that a refusal names, or, if it names none, what may be
// guessed of them.
func (l *lease) learn(now time.Time, named []Quota, unnamed bool) {
	q := l.quota
	before := q.learned
	for _, v := range named {
		kind, value, model := v.Limit(q.Model)
		of := q
		if other := l.p.quotas[state.GroupModel{Group: q.Group, Model: model}]; other != nil {
			of = other
		}
		of.teach(of.learned.Stated(now, kind, value))
	}
	if unnamed {
		requests, tokens := q.recent.Sum(now)
		q.teach(q.learned.Refused(now, requests, tokens))
	}
	if q.learned != before {
		l.tellLearned(now)
	}
}

// succeeded learns that limits are not lower than what was answered.
func (l *lease) succeeded(now time.Time, o *Outcome) {
	q := l.quota
	q.recent.Note(now, max(o.Tokens, 0))
	if onVertex(q.Group) {
		q.capacity.Succeeded(q.inFlight)
	}
	if !q.taught {
		return
	}
	requests, tokens := q.recent.Sum(now)
	if next := q.learned.Succeeded(now, requests, tokens); next != q.learned {
		q.teach(next)
		l.tellLearned(now)
	}
}

func (l *lease) tellLearned(now time.Time) {
	l.p.write(Subject{OfGroup, l.quota.Group, l.quota.Model})
	r := l.quota.learned.Rates(now)
	l.p.log.Info("limits were learned from a refusal", zap.String("group", l.quota.Group), zap.String("model", l.quota.Model),
		zap.Int64("rpm", r.Requests), zap.Int64("tpm", r.Tokens), zap.Int64("rpd", r.Day), zap.Bool("absent", l.quota.learned.Absent))
}

func (q *quota) teach(l Learned) { q.learned, q.taught = l, l != Learned{} }
