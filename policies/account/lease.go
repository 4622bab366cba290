package account

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/state"
)

// Lease is one account for one attempt.
type Lease interface {
	Candidate() Candidate
	Account() *Account
	// Note applies what a reply says about the account, its group and its
	// backend, at once.
	Note(Effects)
	// Correct replaces estimates as soon as better numbers are known: the tokens
	// of the prompt are in the first piece of an answer. The reservation is
	// corrected if the difference is worth a call to the store.
	Correct(Correction)
	// NextReady says why no candidate of a plan may be asked after this attempt,
	// which is over; nil if one may be at once, or if nothing is known.
	NextReady(plan []Candidate, w *Want) *Unavailable
	// Done ends the lease. It is called exactly once, whatever ended the attempt.
	Done(Outcome)
}

// Effects are what a reply says for later requests.
type Effects struct {
	// Answered reports that a good answer has begun.
	Answered bool
	// Cooldowns are what is kept back.
	Cooldowns []Cooldown
	// Failed is why the backend failed; "" if it did not. Doubtful reports that
	// the request itself may be to blame.
	Failed   string
	Doubtful bool
	// Certain reports that no request can be to blame.
	Certain bool
	// NoCapacity reports a lack of capacity that the account shares with others.
	NoCapacity bool
	// Limits are those that a refusal names. Limited says that it was one for
	// a rate that names none.
	Limited bool
	Limits  []Quota
	// Probe is how a probe ended that showed no answer.
	Probe ProbeEnd
}

// Outcome is how an attempt ended.
type Outcome struct {
	Result Result
	// Sent reports that the request went upstream.
	Sent bool
	// Content is the time to first content; 0 if there was none.
	Content time.Duration
	// Tokens are the input tokens that upstream counted; negative if that is
	// not known.
	Tokens int64
	// Used is what was used of each of the tenant's budgets; nil if that is not
	// known.
	Used []int64
	// Service is input plus four times output tokens.
	Service int64
}

// Correction has better numbers for a running attempt.
type Correction struct {
	// Tokens are the input tokens that upstream has counted.
	Tokens int64
	// Amounts are what the attempt may use of each of the tenant's budgets at
	// most; nil if nothing was reserved.
	Amounts []int64
}

// lease is the Lease of Accounts.
type lease struct {
	p       *Accounts
	lane    *lane
	quota   *quota
	member  *member
	receipt state.Receipt
	booking *booking // nil: the store was not asked
	began   time.Time
	known   uint64 // the book's number when it was taken
	outage  uint64 // the lane's generation then

	tenant  string
	weight  float64
	waited  bool  // its tenant is charged
	charged int64 // so far
	request RequestSum
	tokens  int64
	count   bool     // it counts tokens
	probe   *option  // what it probes; nil for none
	end     ProbeEnd // of the probe
	failed  bool     // the backend did
	done    bool
}

// booking is a lease with the store's request and receipt: one allocation.
type booking struct {
	lease
	want   state.Want
	places [state.MostPlaces]state.Place // the receipt points to one
	ended  [1]state.Settlement

	// correcting says that the store is being told of a correction. If the attempt ends
	// meanwhile, who corrects tells of late, its end, afterwards.
	correcting bool
	late       *Outcome
}

// lease makes the lease of an option, for which the store was not asked.
func (p *Accounts) lease(now time.Time, o *option, w *Want) *lease {
	l := new(lease)
	p.begin(l, now, o, w)
	return l
}

// begin fills in the lease of an option.
func (p *Accounts) begin(l *lease, now time.Time, o *option, w *Want) {
	*l = lease{
		p: p, lane: o.lane, quota: o.seat.quota, member: o.place.member, began: now,
		known: p.book.last, outage: o.lane.outage.Generation,
		tenant: w.Tenant, weight: w.Weight, request: w.Request, tokens: w.Tokens, count: w.Count,
	}
	if o.probe != noProbe {
		probe := *o
		l.probe = &probe
	}
	if w.Count {
		return
	}
	l.member.inUse++
	l.quota.inFlight++
	*l.lane.turn++
	l.quota.turn = *l.lane.turn
	l.quota.load.Requests++
	l.quota.load.Tokens += w.Tokens
	l.quota.load.Day++
	l.lane.room.serve(now)
	if l.quota.alone() {
		l.quota.uncounted.sending(now, w.Tokens)
	}
}

// charge charges the tenant of an attempt that has waited. One that came while
// nobody waited is never charged: by the time the store has answered others may
// wait, and they start where its tenant was. Charged then, a burst would put its
// tenant behind by as many requests as were under way at once.
func (l *lease) charge() {
	if l.tenant == "" || l.count {
		return
	}
	l.waited, l.charged = true, l.tokens
	l.p.queue.Charge(l.tenant, l.weight, float64(l.charged))
}

// Candidate is who is asked, for which model.
func (l *lease) Candidate() Candidate { return Candidate{Backend: l.lane.backend, Model: l.lane.model} }

// Account is the account whose credential is sent.
func (l *lease) Account() *Account { return &l.member.Account }

// Probing reports whether the attempt is a probe.
func (l *lease) Probing() bool { return l.probe != nil }

// subjects are all that the attempt's outcome is about.
func (l *lease) subjects() []Subject {
	out := make([]Subject, 0, 8)
	add := func(s Scope, name string) {
		out = append(out, Subject{s, name, ""}, Subject{s, name, l.lane.model})
	}
	add(OfAccount, l.member.ID)
	add(OfGroup, l.member.group)
	add(OfBackend, l.lane.backend)
	if l.member.Billing != "" {
		add(OfBilling, l.member.Billing)
	}
	return out
}

// Note implements Lease.
func (l *lease) Note(e Effects) {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if e.Answered {
		l.answered(now)
		return
	}
	for i := range e.Cooldowns {
		l.cool(now, &e.Cooldowns[i])
	}
	if e.NoCapacity {
		l.quota.capacity.Refused(now, l.began, l.quota.inFlight)
	}
	l.learn(now, e.Limits, e.Limited)
	if l.end = max(l.end, e.Probe); len(e.Cooldowns) > 0 && l.probe != nil && l.probe.probe == ofRest {
		l.end = ProbeFailed
	}
	if e.Failed != "" {
		l.failed = true
		if l.probe != nil && l.probe.probe == ofBackend {
			l.end = ProbeFailed
		} else {
			p.fail(now, l.lane, l.outage, l.request, e.Failed, e.Doubtful, e.Certain)
		}
	}
	p.dispatch(now)
}

// answered lifts everything that kept back what the answer came through.
func (l *lease) answered(now time.Time) {
	p := l.p
	if len(p.suspects) > 0 {
		p.suspects.acquit(l.subjects()...)
	}
	if len(p.book.subjects) > 0 {
		for _, s := range l.subjects() {
			if p.book.lift(s, l.known) {
				p.write(s)
			}
		}
	}
	if l.lane.outage.answered(now, l.outage) {
		l.lane.shed = Shed{}
		p.write(l.lane.subject())
		p.log.Info("backend is no longer held back", zap.String("backend", l.lane.backend), zap.String("model", l.lane.model))
	}
	p.dispatch(now)
}

// cool keeps something back for later requests.
func (l *lease) cool(now time.Time, d *Cooldown) {
	p := l.p
	s := Subject{Scope: d.Scope, Name: l.nameOf(d.Scope)}
	if s.Name == "" {
		s = Subject{Scope: OfGroup, Name: l.member.group} // whose billing account is unknown
	}
	if d.OfModel {
		s.Model = l.lane.model
	}
	if d.Doubtful && !p.suspects.again(now, s, d.Cause, l.request) {
		if d.Meanwhile == nil {
			return
		}
		s.Model = l.lane.model
		if d.Scope == OfBilling {
			s.Scope, s.Name = OfGroup, l.member.group
		}
		d = &Cooldown{Cause: d.Cause, Kind: RateLimit, For: d.Meanwhile}
	}
	p.book.cool(now, s, d, l.known)
	p.write(s)
}

func (l *lease) nameOf(s Scope) string {
	switch s {
	case OfGroup:
		return l.member.group
	case OfBilling:
		return l.member.Billing
	case OfBackend:
		return l.lane.backend
	}
	return l.member.ID
}

// Done implements Lease. It uses a context of its own, since the client may have
// left; the store bounds how long it takes.
func (l *lease) Done(o Outcome) {
	p := l.p
	p.mu.Lock()
	if l.done {
		p.mu.Unlock()
		return
	}
	l.done = true
	now := time.Now()
	l.release(now, &o)
	if l.booking == nil {
		p.dispatch(now)
		p.mu.Unlock()
		return
	}
	p.otherReplicas.addOwn(l.receipt.Tenant, l.serviceOf(&o)) // before the store is told, so that its slot is never counted as another replica's
	if l.booking.correcting {
		l.booking.late = &o
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	l.booking.end(&o)
}

// serviceOf is the tenant's service of this attempt.
func (l *lease) serviceOf(o *Outcome) int64 { return int64(float64(o.Service) / positive(l.weight)) }

// end tells the store, and then the waiting requests, of the attempt's end.
func (b *booking) end(o *Outcome) {
	p := b.p
	b.settle(o)
	p.mu.Lock()
	defer p.mu.Unlock()
	// Now the store has room again.
	b.member.full = time.Time{}
	delete(p.tenants, b.tenant)
	if !o.Sent || o.Tokens >= 0 && o.Tokens < b.tokens {
		b.quota.room = room{}
	}
	p.dispatch(time.Now())
}

// release removes the attempt from this replica's counts.
func (l *lease) release(now time.Time, o *Outcome) {
	p := l.p
	l.endProbe(now)
	if l.count {
		return
	}
	l.lane.room.turnover.note(now.Sub(l.began))
	l.quota.health.Note(now, o.Result, o.Content)
	if o.Sent && o.Result != Neutral {
		l.lane.shed.Note(now, !l.failed)
	}
	if o.Result == Succeeded {
		l.succeeded(now, o)
	}
	l.member.inUse--
	l.quota.inFlight--
	if !o.Sent {
		l.quota.load.Requests--
		l.quota.load.Day--
		l.quota.load.Tokens -= l.tokens
		l.quota.uncounted.correct(now, l.began, -1, -l.tokens)
	} else if o.Tokens >= 0 {
		l.quota.load.Tokens += o.Tokens - l.tokens
		l.quota.uncounted.correct(now, l.began, 0, o.Tokens-l.tokens)
	}
	if l.waited {
		p.queue.Charge(l.tenant, l.weight, float64(o.Service-l.charged))
	}
}

// endProbe ends the attempt's probe, once.
func (l *lease) endProbe(now time.Time) {
	if l.probe != nil {
		l.p.endProbe(now, l.probe, l.end)
		l.probe = nil
	}
}

// NextReady implements Lease.
func (l *lease) NextReady(plan []Candidate, w *Want) *Unavailable {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	l.endProbe(now) // this lease must not seem to keep others back
	if !l.done && !l.count {
		l.member.inUse--
		l.quota.inFlight--
		defer func() {
			l.member.inUse++
			l.quota.inFlight++
		}()
	}
	r := p.rank(now, plan, w)
	why := r.why()
	if r.n > 0 || why.kind == NoKind {
		return nil
	}
	return p.unavailable(now, plan, &why)
}

// settleTime bounds how long the end of an attempt waits for a store that
// replicas share; one of this process does not wait for anything.
const settleTime = 5 * time.Second

// settling is the context for telling the store of an attempt.
func (p *Accounts) settling() (context.Context, context.CancelFunc) {
	if !p.shared {
		return context.Background(), func() {}
	}
	return context.WithTimeout(context.Background(), settleTime)
}

// settle tells the store how the attempt ended.
func (b *booking) settle(o *Outcome) {
	ctx, cancel := b.p.settling()
	defer cancel()
	b.ended[0] = state.Settlement{
		Receipt: b.receipt, Unsent: !o.Sent, Tokens: o.Tokens, Used: o.Used, Service: b.serviceOf(o),
	}
	if err := b.p.store.Settle(ctx, b.ended[:]...); err != nil {
		b.p.log.Warn("an attempt's end could not be told to the store; its slots come back with the next heartbeat", zap.Error(err))
	}
}
