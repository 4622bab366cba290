package heal

import (
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
)

// Failure says whether the same account may be asked for the same model again
// within the request.
type Failure uint8

// The failures.
const (
	// Refused: the same request would be refused again.
	Refused Failure = iota
	// Passing: the next try may well succeed. An empty answer, a 5xx, silence, a
	// reset, a rate limit that is soon over.
	Passing
	// Spent: no answer can be expected soon. Quota, credential, billing,
	// permission, an unknown model, or a stated delay that is too long to wait
	// for.
	Spent
	// Overflow: the prompt is longer than the model's context window.
	Overflow
)

// spentReasons are the rows after which the same account is not asked again.
var spentReasons = []string{
	ReasonBadKey, ReasonForbidden, ReasonPrecondition, ReasonNoModel, ReasonQuota, ReasonUnpaid, ReasonNoCluster, ReasonUnsuitable,
}

// failure classifies the attempt of a verdict.
func (r *row) failure(s *Seen, out *Verdict) Failure {
	switch {
	case r.reason == ReasonContext:
		return Overflow
	case r.reason == ReasonProvisioned: // other capacity is not affected, however long it lasts
		return Passing
	case r.verdict == policies.Repair, r.verdict == policies.Fail && out.Verdict == policies.Fail:
		return Refused
	case slices.Contains(spentReasons, r.reason), s.Delay > s.MaxWait, out.Account.Long():
		return Spent
	}
	return Passing
}

// Long reports whether an account is kept back for longer than any request
// waits, already at the first failure.
func (e *Effect) Long() bool { return e.Day || len(e.For) > 0 && e.For[0] >= time.Minute }

// silent reports whether nothing came in time. Asking the same again would take
// as long.
func (s *Seen) silent(out *Verdict) bool {
	return s.Peek == ReasonPeekTimeout || out.Row == ReasonEnvoyTimeout
}

// moveOn moves a request to another candidate after a failure in passing, if a
// further try at the same backend hardly helps, or takes the try of another
// candidate: after silence, after a second failure, before a wait, and where
// every attempt that is left has another candidate. Another backend comes
// first. If none is ready, the last attempt goes to the next model; after a
// rate limit with a short delay only if a wait did not help before.
func (s *Seen) moveOn(out *Verdict) {
	if out.Verdict != policies.Retry {
		return
	}
	failing := out.Backend.Scope == HoldBackend && !out.Backend.Certain // if the backend cannot be reached, another model there cannot either
	moves := failing && (s.silent(out) || s.Failed || s.Last || s.NoneToSpare || out.Stated)
	limited := out.Row == ReasonRateLimit && (s.Delay == 0 || s.Limited) && !s.OtherAccount
	switch {
	case moves && s.ReadyBackend:
	case s.Last && s.ReadyModel && (failing || limited):
		out.OfModel = true
	case moves && s.HeldBackend && !out.Stated:
	default:
		return
	}
	out.Verdict, out.Wait, out.Stated = policies.Failover, 0, false
}

// lastElsewhere sends the last attempt to a backend that is ready and that the
// request has not left, where the verdict would ask another account of this
// one. Earlier attempts ask that account first: most often only one is refused,
// and the prompt is cached here. But accounts of one owner are often revoked,
// disabled and used up together, and there is no attempt after the last.
func (s *Seen) lastElsewhere(out *Verdict) {
	if out.Verdict == policies.Retry && out.Rotate && s.Last && s.ReadyBackend {
		out.Verdict, out.Wait, out.Stated = policies.Failover, 0, false
	}
}

// goBack uses the attempt that is left after one at a spent account: for an
// account or a backend that failed the request only in passing, or that will be
// ready soon, unless an untried one is ready now.
func (s *Seen) goBack(r *row, out *Verdict) {
	ended := out.Verdict == policies.Fail && r.verdict != policies.Fail
	untried := s.ReadyBackend || s.Last && s.ReadyModel
	switch {
	case !ended && (out.Verdict != policies.Failover || untried):
		return
	case s.AccountAgain, s.AccountSoon && r.rotate:
		out.Verdict, out.Wait, out.Rotate = policies.Retry, s.AccountIn, true
	case s.BackendAgain && (ended || !s.ReadyModel):
		out.Verdict, out.Wait = policies.Failover, s.BackendIn
	default:
		return
	}
	out.Wait, out.Stated = max(out.Wait, leastDelay), true
	out.Client = r.client(s)
}

// hold decides whether the backend is held back at once. Silence costs each
// request a whole deadline, and a second failure is no accident; otherwise
// another request must fail in the same way first.
func (s *Seen) hold(out *Verdict) {
	switch {
	case out.Backend.Scope != HoldBackend:
	case s.Cut:
		out.Backend = Effect{}
	case s.silent(out), s.Failed:
		out.Backend.Doubtful = false
	}
}

// largerModel moves to a model whose context window is larger.
func largerModel(s *Seen, out *Verdict) {
	if s.LargerModel {
		out.Verdict, out.OfModel = policies.Failover, true
	}
}
