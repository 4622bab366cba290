package account

import (
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/state"
)

// leastToGuess is how many requests must have succeeded in the minute before a
// refusal that names no limit, for it to say anything of one: with fewer, one
// odd refusal would limit light traffic to its rate of the moment.
const leastToGuess = 20

// learn records the limits that a refusal names, or, if it names none, a guess.
// A limit for another model that is in use here is recorded for that model. A
// model that is not in use is another name of the requested one, such as one
// without the date of a version.
func (l *lease) learn(now time.Time, named []Quota, unnamed bool) {
	q := l.quota
	for _, v := range named {
		kind, value, model := v.Limit(q.Model)
		of := q
		if other := l.p.quotas[state.GroupModel{Group: q.Group, Model: model}]; other != nil {
			of = other
		}
		l.teach(now, of, of.learned.Stated(now, kind, value))
	}
	if requests, tokens := q.recent.Sum(now); unnamed && requests >= leastToGuess {
		l.teach(now, q, q.learned.Refused(now, requests, tokens))
	}
}

// succeeded records that limits are not lower than what succeeded.
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
	l.teach(now, q, q.learned.Succeeded(now, requests, tokens))
}

// teach changes the learned limits of a quota, and shares them.
func (l *lease) teach(now time.Time, q *quota, learned Learned) {
	if q.learned == learned {
		return
	}
	q.teach(now, learned, l.p.replicas)
	l.p.write(Subject{OfGroup, q.Group, q.Model})
	r := learned.Rates(now)
	l.p.log.Info("limits were learned from a refusal", zap.String("group", q.Group), zap.String("model", q.Model),
		zap.Int64("rpm", r.Requests), zap.Int64("tpm", r.Tokens), zap.Int64("rpd", r.Day), zap.Bool("absent", learned.Absent))
}

// teach replaces what is learned. If nothing was limited before, the store
// counts only from then on.
func (q *quota) teach(now time.Time, l Learned, replicas int) {
	counted := q.limits(now) != state.Rates{}
	q.learned, q.taught = l, l != Learned{}
	q.full = q.full || l.Absent
	if !counted && q.limits(now) != (state.Rates{}) {
		q.full = true
		q.uncounted.begin(now, l.newest(), replicas)
	}
}
