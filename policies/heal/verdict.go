package heal

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// Seen is what is known of an attempt that did not pass.
type Seen struct {
	// Status is the upstream's HTTP status; for an error found under status
	// 200 its inner code. 0 if no response arrived.
	Status int
	// Error is the parsed error body; nil if there was none.
	Error *gemini.Status
	// Peek is the reason why a 200 is not good; "" for other statuses. An error
	// under 200 gets the verdict of its inner status; Peek says where it was
	// found.
	Peek string
	// Details is Envoy's code details where Envoy answered for the upstream.
	Details string
	// Proxy is the host and port of the proxy that leads to the backend; "" for
	// none.
	Proxy string
	// PlainText reports that the backend is reached without TLS.
	PlainText bool
	// Pooled reports that the attempt may have used a connection that was used
	// before, and that no attempt of the request was forgiven for that yet.
	Pooled bool
	// Delay is the wait that the server asked for; 0 if none. DelayInText says
	// that nothing but the text of an error says so.
	Delay       time.Duration
	DelayInText bool
	// Location is where a redirect points, without its query. It is only logged,
	// never followed.
	Location string
	// Names reports that the request names something to be read with the
	// account's rights: a file, an address, cached content.
	Names bool
	// Project is the backend's project; "" if unknown.
	Project string
	// Tools says that upstream runs tools for the request: search, maps, code,
	// servers that the request names. Their errors come as upstream's own.
	Tools bool

	// Attempt counts from 1.
	Attempt int
	// OtherAccount says that another account of the backend is ready, and
	// OtherBackend that there is a backend that was not left yet; ReadyBackend
	// that one of those is ready for the same model, and HeldBackend that one
	// would be, but failed others recently. OtherModel says that this backend
	// could be asked for another model, ReadyModel that some backend is ready
	// for another one, and LargerModel that one has a larger context window.
	OtherAccount, OtherBackend, ReadyBackend, HeldBackend bool
	OtherModel, ReadyModel, LargerModel                   bool
	// OtherTier says that this backend is ready for the same model in another
	// service tier of the chain.
	OtherTier bool
	// AccountSoon says that another account of the backend is not spent and is
	// ready in AccountIn, which is no longer than MaxWait; AccountAgain that one
	// of those has failed the request in passing. BackendAgain and BackendIn say
	// so of another backend, whether it has failed the request or not.
	AccountSoon, AccountAgain, BackendAgain bool
	AccountIn, BackendIn                    time.Duration
	// Group says the same of accounts of other quota groups of the backend, for
	// failures that are of the group.
	Group OtherGroup
	// SharedCapacity says that the backend's capacity is shared by all its
	// customers, and its limits are soft: Vertex AI. Unprovisioned says that the
	// attempt asked for nothing else: no throughput that the project has bought.
	SharedCapacity, Unprovisioned bool
	// Failed says that the backend has failed this request in passing before,
	// Last that the next attempt is the last one, and Cut that the attempt had
	// to end since the request's own time is over.
	Failed, Last, Cut bool
	// NoneToSpare reports that at least as many other candidates are worth a try
	// as attempts are left. Limited reports that the model was over its rate
	// limit earlier in this request.
	NoneToSpare, Limited bool
	// Repaired are the repairs this request has had.
	Repaired Repairs
	// OnlyPlaceholders says that no signature of the history was sent upstream.
	OnlyPlaceholders bool
	// MaxWait bounds the server's delay that is waited for.
	MaxWait time.Duration

	words string // Error.Message without what may be the client's text
}

// OtherGroup says which accounts of other quota groups are left: see
// Seen.OtherAccount, AccountSoon, AccountAgain and AccountIn.
type OtherGroup struct {
	Ready, Soon, Again bool
	In                 time.Duration
}

// Scope says how far an effect on an account reaches.
type Scope uint8

// The scopes.
const (
	NoEffect    Scope = iota
	CoolModel         // this model on this account
	CoolAccount       // the account
	CoolQuota         // this model in the account's quota group
	CoolGroup         // the quota group
	CoolBilling       // the billing account, or the group if unknown
	CutCapacity       // how many attempts of the group run at once for this model
	CoolBackend       // the backend: this model there, if the verdict is OfModel
	HoldBackend       // the backend for this model, until a probe succeeds
)

// UntilReload is a cooldown that ends with the configuration: only a changed
// secret helps.
const UntilReload = 100 * 365 * 24 * time.Hour

// Effect is what an attempt's failure means for later requests. Judge only
// states it; policies/exchange applies it. An attempt with an effect, of
// whatever scope, also counts as a failure for the health of the account's quota
// group.
type Effect struct {
	Scope Scope
	// For holds one duration per consecutive failure; the last one repeats.
	For []time.Duration
	// Day extends it until the end of the quota's day.
	Day bool
	// Stated is the delay that the server stated, if that is not For: a probe is
	// worth while after it.
	Stated time.Duration
	// Certain reports that the backend failed and no request is to blame: one
	// failure is enough.
	Certain bool
	// Within, if not 0, is the time within which failures are consecutive,
	// whatever came between them; otherwise a success ends the series.
	Within time.Duration
	// Doubtful reports that the request itself may be to blame: the effect
	// applies only once another request has failed in the same way.
	Doubtful bool
	// Meanwhile keeps the model on the account back while the effect is
	// doubtful: one duration per consecutive failure; nil keeps nothing back.
	Meanwhile []time.Duration
}

// Verdict is the decision on an attempt that did not pass, with all that follows
// from it.
type Verdict struct {
	policies.Fault
	// Row is the name of the verdict table's row. Reason is the same, except for
	// what was found under status 200.
	Row string
	// Rotate asks for another account next time, if there is one.
	Rotate bool
	// OfModel reports that the failure is one of the model alone: the backend
	// and the account may still be asked for another one.
	OfModel bool
	// OfTier reports that it is one of the service tier alone, and that another
	// tier is asked for next. It has no effect on other requests, which may ask
	// for another tier.
	OfTier bool
	// Stated says that Wait was stated by the server: a floor, not to be
	// shortened by jitter.
	Stated bool
	// Repair is what the next attempt changes. Lasting says that upstream gave
	// a structured reason for it: should the repair help, it is remembered of
	// the model at once.
	Repair  Repairs
	Lasting bool
	// Failure is for the later attempts of the request. OfGroup says that it holds
	// for all accounts of the quota group.
	Failure Failure
	OfGroup bool
	// Limited reports that the refusal was for a rate, without a stated delay.
	Limited bool
	// Account and Backend are the effects on later requests.
	Account, Backend Effect
	// Client is what the client gets if this is the end.
	Client conversation.Error
}

// leastDelay is the shortest delay that a server can ask for: a Retry-After of
// milliseconds has caused storms of retries.
const leastDelay = 100 * time.Millisecond

// Judge decides on an attempt that did not pass. It has no side effects: the
// caller applies the effects.
func Judge(s Seen) Verdict {
	if s.Delay > 0 {
		s.Delay = max(s.Delay, leastDelay)
	}
	s.words = gemini.WithoutClientText(s.text())
	for i := range rules {
		if r := &rules[i]; r.when(&s) {
			return r.verdictOn(&s)
		}
	}
	return unknown.verdictOn(&s)
}

// verdictOn makes the verdict of a row that matched.
func (r *row) verdictOn(s *Seen) Verdict {
	ofGroup := r.account.ofGroup()
	if ofGroup {
		s.OtherAccount, s.AccountSoon, s.AccountAgain, s.AccountIn = s.Group.Ready, s.Group.Soon, s.Group.Again, s.Group.In
	}
	out := Verdict{
		Fault: policies.Fault{
			Verdict: r.verdict,
			Reason:  r.reason,
			Status:  s.Status,
			Err:     s.cause(),
		},
		Row:     r.reason,
		Rotate:  r.rotate,
		OfModel: r.ofModel,
		OfGroup: ofGroup,
		Account: r.account,
		Backend: r.backend,
		Client:  r.client(s),
	}
	if s.Peek != "" {
		out.Reason = s.Peek
	}
	if out.Verdict.Again() && r.delay != nil {
		out.Wait = r.delay(s.Attempt)
	}
	if r.refine != nil {
		r.refine(s, &out)
	}
	switch out.Failure = r.failure(s, &out); out.Failure {
	case Passing:
		s.moveOn(&out)
	case Spent:
		s.goBack(r, &out)
	}
	s.lastElsewhere(&out)
	s.hold(&out)
	if r.ofTier && s.OtherTier {
		s.nextTier(&out)
	}
	if out.Client.NoRetry && out.Client.Kind != conversation.ErrQuota {
		out.Client.RetryAfter = 0 // for a quota it says when it is available again
	}
	if s.requestsOwn() {
		out.Account, out.Backend, out.Limited = Effect{}, Effect{}, false
	}
	if out.Account.Scope != NoEffect && unnamedQuota(s) {
		out.Account.Doubtful, out.Account.Meanwhile, out.Limited = true, nil, false
	}
	return out
}

// nextTier moves to another tier of the model where its own has no capacity,
// unless another account comes first. A rate limit that applies to the account
// in every tier is not one of a tier.
func (s *Seen) nextTier(out *Verdict) {
	if own := out.Account.Scope; own != NoEffect && own != CutCapacity || out.Rotate && s.OtherAccount {
		return
	}
	out.Verdict, out.Wait, out.Stated, out.Rotate = policies.Failover, 0, false, false
	out.OfTier, out.OfModel = true, true
	out.Account, out.Backend, out.Failure = Effect{}, Effect{}, Passing
}

// elsewhere reports whether another backend is left, or another model where that
// helps.
func (s *Seen) elsewhere(out *Verdict) bool {
	return s.OtherBackend || out.OfModel && s.OtherModel
}

// until ends a cooldown when the server says. A delay that only an error's text
// states applies to this request only.
func (e *Effect) until(s *Seen) {
	if s.Delay > 0 && !s.DelayInText {
		e.For = []time.Duration{s.Delay}
	}
}

// ofGroup reports whether an effect applies to the account's quota group, or to
// its billing account.
func (e *Effect) ofGroup() bool {
	return e.Scope == CoolQuota || e.Scope == CoolGroup || e.Scope == CoolBilling
}

// atLeast lengthens each step of a cooldown to the server's delay.
func (e *Effect) atLeast(s *Seen) {
	if s.Delay == 0 || s.DelayInText {
		return
	}
	e.For = slices.Clone(e.For) // the row keeps its own
	for i, d := range e.For {
		e.For[i] = max(d, s.Delay)
	}
}

// rateLimit moves at once to another account, or else to another backend that is
// ready: a request waits only if nothing else is. Then it waits as long as the
// server asked if that is short, and otherwise moves on.
func rateLimit(s *Seen, out *Verdict) {
	out.Account.until(s)
	if unnamed(s) && s.Delay == 0 {
		if out.Limited = true; s.SharedCapacity {
			out.Account, out.Limited = Effect{Scope: CutCapacity}, false
		}
	}
	switch {
	case s.OtherAccount:
		out.Wait = 0
	case s.ReadyBackend, s.Delay > s.MaxWait && s.elsewhere(out):
		out.Verdict, out.Wait = policies.Failover, 0
	case s.Delay > s.MaxWait:
		out.Verdict, out.Wait = policies.Fail, 0
	case s.Delay > 0:
		out.Wait, out.Stated = s.Delay, true
	}
}

// quota decides on a quota that stays used up for long: only another account,
// backend or model helps. With daily quotas, Google sends a RetryInfo of
// seconds: it shortens no cooldown, and is not passed on to the client.
func quota(s *Seen, out *Verdict) {
	if out.Account.atLeast(s); anyQuota(namedQuota.ofDay)(s) && !anyQuota(namedQuota.none)(s) {
		out.Account = Effect{Scope: CoolQuota, Day: true}
		if !s.DelayInText {
			out.Account.Stated = s.Delay
		}
	}
	if s.Delay < time.Minute || out.Row == ReasonUnpaid {
		out.Client.RetryAfter = 0
	}
	switch {
	case s.OtherAccount:
		out.Wait = 0
	case s.elsewhere(out):
		out.Verdict, out.Wait = policies.Failover, 0
	default:
		out.Verdict, out.Wait = policies.Fail, 0
	}
}

// obey takes a delay that the server states as a floor. A delay that is too long
// is not waited for in part: the request moves to another account or backend, or
// ends.
func obey(s *Seen, out *Verdict) {
	switch {
	case s.Delay == 0 || out.Rotate && s.OtherAccount:
	case s.Delay <= s.MaxWait:
		out.Wait, out.Stated = s.Delay, true
	case s.OtherAccount:
		out.Rotate = true
	case s.elsewhere(out):
		out.Verdict, out.Wait = policies.Failover, 0
	default:
		out.Verdict, out.Wait = policies.Fail, 0
	}
}

// rotateOrFail asks for another account or backend. Without one the fault is
// final: the same credential would be refused again, also for a retry of the
// client.
func rotateOrFail(s *Seen, out *Verdict) {
	switch {
	case s.OtherAccount:
	case s.elsewhere(out):
		out.Verdict, out.Wait = policies.Failover, 0
	default:
		out.Verdict, out.Wait, out.Client.NoRetry = policies.Fail, 0, true
	}
}

// failoverOrFail moves to another backend or model, or fails.
func failoverOrFail(s *Seen, out *Verdict) {
	if !s.elsewhere(out) {
		out.Verdict, out.Wait, out.Client.NoRetry = policies.Fail, 0, true
	}
}

// failoverOrRotate prefers another backend. Another account helps if the billing
// of one is at fault; a region is the same for all accounts.
func failoverOrRotate(s *Seen, out *Verdict) {
	if !s.elsewhere(out) && s.OtherAccount && !wrongPlace.MatchString(s.words) {
		out.Verdict, out.Rotate = policies.Retry, true
		return
	}
	failoverOrFail(s, out)
}

// failoverOrRetry prefers another backend, at once, and otherwise tries the
// same again after the row's delay.
func failoverOrRetry(s *Seen, out *Verdict) {
	if s.elsewhere(out) {
		out.Wait = 0
		return
	}
	out.Verdict = policies.Retry
}

// failoverOrWait prefers another backend or model, and otherwise tries the same again
// after the cooldown of the table.
func failoverOrWait(s *Seen, out *Verdict) {
	if s.elsewhere(out) {
		out.Wait = 0
		return
	}
	out.Verdict, out.Wait = policies.Retry, steps(5*time.Second, 10*time.Second, 15*time.Second)(s.Attempt)
	if s.Delay > 0 {
		out.Wait, out.Stated = s.Delay, true
	}
	if out.Wait > s.MaxWait {
		out.Verdict, out.Wait = policies.Fail, 0
	}
}

// once makes a repair final if it was tried already.
func once(kind func(*Seen) Repairs) func(*Seen, *Verdict) {
	return func(s *Seen, out *Verdict) {
		out.Repair = kind(s)
		if s.Repaired.Has(out.Repair.Once()) {
			out.Verdict, out.Wait, out.Repair, out.Client.NoRetry = policies.Fail, 0, 0, true
		}
	}
}
