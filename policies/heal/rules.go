package heal

import (
	"regexp"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// row is one line of the verdict table.
type row struct {
	reason  string
	when    func(*Seen) bool
	verdict policies.Verdict
	// rotate: the next attempt prefers another account.
	rotate bool
	// ofModel: another model at the same backend may well be answered.
	ofModel bool
	// ofTier: another service tier of the model may well be answered.
	ofTier bool
	// delay before the next attempt, by attempt number; nil for none.
	delay   func(n int) time.Duration
	account Effect
	backend Effect
	// refine adapts the verdict to the candidates that are left; may be nil.
	refine func(*Seen, *Verdict)
	// kind is the client's error if this is the end. Faults of heald's accounts
	// are not reported as 401 or 403: the client must not think that its own key
	// is bad.
	kind conversation.ErrorKind
}

var (
	count  = Effect{Scope: HoldBackend, Doubtful: true} // see Seen.hold
	nobody = Effect{Scope: HoldBackend, Certain: true}
)

// cool keeps something back for a while, longer with each consecutive hit.
func cool(scope Scope, ds ...time.Duration) Effect { return Effect{Scope: scope, For: ds} }

// doubtful makes an effect apply only once another request failed in the same
// way.
func (e Effect) doubtful() Effect {
	e.Doubtful = true
	return e
}

// meanwhile makes a doubtful effect keep the model on the account back until
// the doubt is resolved.
func (e Effect) meanwhile(ds ...time.Duration) Effect {
	e.Meanwhile = ds
	return e
}

// hitsOutlast is the time within which refusals of a credential are
// consecutive, whatever came between them.
const hitsOutlast = 3 * time.Hour

// lasting makes hits count that come within hitsOutlast.
func (e Effect) lasting() Effect {
	e.Within = hitsOutlast
	return e
}

// rateLimited is how long a model is kept back after a 429 without a delay.
var rateLimited = []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}

// rules is the verdict table; the first row that matches decides. Structured
// reasons stand before texts, texts before bare statuses. A text decides about
// its own request only: a row that matches a text does no more to an account
// than the bare status would, unless another request got the same.
var rules = []row{
	{reason: ReasonBodyTooLarge, when: details("request_payload_too_large"),
		verdict: policies.Fail, kind: conversation.ErrTooLarge},
	{reason: ReasonNoCluster, when: details("cluster_not_found", "no_cluster", "route_not_found"),
		verdict: policies.Failover, backend: count, refine: failoverOrFail, kind: conversation.ErrAPI},
	{reason: ReasonEnvoyTimeout, when: details("upstream_per_try", "response_timeout", "upstream_response_timeout", "stream_idle_timeout"),
		verdict: policies.Retry, delay: exponentialAfterFirst, backend: count, kind: conversation.ErrTimeout},
	// The proxy leads nowhere: the way to another backend may be another one.
	{reason: ReasonProxy, when: proxyFailed,
		verdict: policies.Failover, delay: exponentialAfterFirst, backend: nobody,
		refine: failoverOrRetry, kind: conversation.ErrAPI},
	// No answer from there: another backend is better than the same again.
	{reason: ReasonConnect, when: unreachable,
		verdict: policies.Failover, delay: exponentialAfterFirst, backend: nobody,
		refine: failoverOrRetry, kind: conversation.ErrAPI},
	// A server that closes idle connections sometimes closes one just as a request
	// arrives. The next attempt has a new connection, so this is no verdict on the
	// backend.
	{reason: ReasonStale, when: stale, verdict: policies.Retry, kind: conversation.ErrAPI},
	{reason: ReasonConnect, when: func(s *Seen) bool { return s.Details != "" || (s.Status == 0 && s.Peek == "") },
		verdict: policies.Retry, delay: exponentialAfterFirst, backend: count, kind: conversation.ErrAPI},

	// A bad peek that carries no error of its own.
	{reason: ReasonSignature, when: func(s *Seen) bool { return s.Peek == ReasonSignature },
		verdict: policies.Repair, delay: fixed(200 * time.Millisecond), refine: once(signatureRepair), kind: conversation.ErrAPI},
	// Asked again, the model would send as much, and bill it.
	{reason: ReasonPeekTooLong, when: func(s *Seen) bool { return s.Peek == ReasonPeekTooLong },
		verdict: policies.Fail, refine: func(_ *Seen, out *Verdict) { out.Client.NoRetry = true }, kind: conversation.ErrAPI},
	{reason: ReasonPeekEOF, when: func(s *Seen) bool { return s.Peek != "" && s.Error == nil },
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), backend: count, kind: conversation.ErrAPI},

	// 400
	{reason: ReasonResource, when: resourceRefused,
		verdict: policies.Fail, refine: resource, kind: conversation.ErrInvalid},
	{reason: ReasonSignature, when: allOf(status(400), signatureError),
		verdict: policies.Repair, delay: fixed(200 * time.Millisecond), refine: once(signatureRepair), kind: conversation.ErrInvalid},
	{reason: ReasonBadKey, when: anyOf(status(401), allOf(status(400, 403, 404), reason("API_KEY_INVALID"))),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: cool(CoolAccount, UntilReload),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	{reason: ReasonBadKey, when: allOf(status(400), text(badKey)),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	{reason: ReasonContext, when: allOf(status(400), text(contextOverflow)),
		verdict: policies.Fail, refine: largerModel, kind: conversation.ErrContext},
	{reason: ReasonRelax, when: relaxed,
		verdict: policies.Repair, refine: relax, kind: conversation.ErrInvalid},
	{reason: ReasonPrecondition, when: allOf(status(400), named("FAILED_PRECONDITION"), accountReason),
		verdict: policies.Failover, account: cool(CoolAccount, 10*time.Minute), refine: failoverOrRotate, kind: conversation.ErrRegion},
	{reason: ReasonPrecondition, when: allOf(status(400), named("FAILED_PRECONDITION")),
		verdict: policies.Failover, account: cool(CoolModel, 10*time.Minute).doubtful(), refine: failoverOrRotate, kind: conversation.ErrRegion},
	// The server there does not serve such requests, or is only a proxy in front
	// of one. Another backend may.
	{reason: ReasonUnsuitable, when: anyOf(redirect, status(405, 407, 421, 426, 431, 451)),
		verdict: policies.Failover, backend: count, refine: failoverOrFail, kind: conversation.ErrAPI},
	{reason: ReasonBodyTooLarge, when: status(413),
		verdict: policies.Fail, kind: conversation.ErrTooLarge},
	{reason: ReasonInvalid, when: status(400, 422),
		verdict: policies.Fail, kind: conversation.ErrInvalid},
	{reason: ReasonInvalid, when: status(501),
		verdict: policies.Fail, kind: conversation.ErrUnsupported},

	// Accounts and quota
	{reason: ReasonCapacity, when: allOf(status(429, 503), reason("MODEL_CAPACITY_EXHAUSTED")),
		verdict: policies.Failover, ofModel: true, ofTier: true, backend: cool(CoolBackend, 5*time.Second, 10*time.Second, 15*time.Second), refine: failoverOrWait, kind: conversation.ErrQuota},
	{reason: ReasonCapacity, when: allOf(status(429, 503), text(noCapacity)),
		verdict: policies.Failover, ofModel: true, ofTier: true, backend: count, refine: failoverOrWait, kind: conversation.ErrQuota},
	{reason: ReasonForbidden, when: anyOf(status(402), allOf(status(403), accountReason)),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: cool(CoolAccount, 10*time.Minute, 10*time.Minute, UntilReload).lasting(),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	// Without a reason it may be about what the request asks for: its model.
	{reason: ReasonForbidden, when: status(403),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: cool(CoolModel, 10*time.Minute, 10*time.Minute, time.Hour).lasting().doubtful(),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	{reason: ReasonNoModel, when: status(404),
		verdict: policies.Failover, ofModel: true, account: cool(CoolModel, 10*time.Minute), refine: failoverOrFail, kind: conversation.ErrNotFound},
	{reason: ReasonUnpaid, when: allOf(status(429), noQuota),
		verdict: policies.Retry, rotate: true,
		account: cool(CoolBilling, outOfMoney...), refine: quota, kind: conversation.ErrQuota},
	{reason: ReasonUnpaid, when: allOf(status(429), unnamed, text(unpaid)),
		verdict: policies.Retry, rotate: true,
		account: cool(CoolBilling, outOfMoney...).doubtful().meanwhile(rateLimited...), refine: unpaidInWords, kind: conversation.ErrQuota},
	{reason: ReasonQuota, when: allOf(status(429), anyQuota(namedQuota.none)),
		verdict: policies.Retry, rotate: true, ofModel: true,
		account: cool(CoolQuota, outOfMoney...), refine: quota, kind: conversation.ErrQuota},
	{reason: ReasonQuota, when: allOf(status(429), anyOf(reason("QUOTA_EXHAUSTED"), anyQuota(namedQuota.ofDay))),
		verdict: policies.Retry, rotate: true, ofModel: true,
		account: cool(CoolQuota, time.Minute, 5*time.Minute, 30*time.Minute, 2*time.Hour), refine: quota, kind: conversation.ErrQuota},
	{reason: ReasonQuota, when: allOf(status(429), text(zeroLimit)),
		verdict: policies.Retry, rotate: true, ofModel: true,
		account: cool(CoolQuota, rateLimited...), refine: quota, kind: conversation.ErrQuota},
	// What the project has bought is used up for the moment. All customers' capacity
	// is asked next, at once; neither account nor backend did anything wrong.
	{reason: ReasonProvisioned, when: allOf(status(429), provisioned),
		verdict: policies.Retry, ofTier: true, kind: conversation.ErrRateLimit},
	{reason: ReasonRateLimit, when: status(429),
		verdict: policies.Retry, rotate: true, ofModel: true, ofTier: true, delay: exponential(time.Second),
		account: cool(CoolQuota, rateLimited...),
		refine:  rateLimit, kind: conversation.ErrRateLimit},

	// The upstream's own trouble
	{reason: ReasonAborted, when: status(408, 409, 499),
		verdict: policies.Retry, delay: exponential(500 * time.Millisecond), backend: count, refine: obey, kind: conversation.ErrAPI},
	// A request can bring such an error along. Another one that fails alike, and
	// only with this model, says that the account should rest.
	{reason: ReasonServerError, when: status(504),
		verdict: policies.Retry, rotate: true, delay: linear(500 * time.Millisecond), account: cool(CoolModel, 8*time.Second).doubtful(),
		backend: count, refine: obey, kind: conversation.ErrTimeout},
	{reason: ReasonServerError, when: status(500, 502),
		verdict: policies.Retry, rotate: true, delay: linear(500 * time.Millisecond), account: cool(CoolModel, 8*time.Second).doubtful(),
		backend: count, refine: obey, kind: conversation.ErrAPI},
	{reason: ReasonOverloaded, when: status(503, 529),
		verdict: policies.Retry, ofTier: true, delay: exponential(time.Second), backend: count,
		refine: obey, kind: conversation.ErrOverloaded},
}

// unknown is the row for unexpected statuses: 5xx may pass, the rest is final.
var unknown = row{
	reason: ReasonUnknownStatus, verdict: policies.Fail, kind: conversation.ErrAPI,
	refine: func(s *Seen, out *Verdict) {
		if s.Status >= 500 {
			out.Verdict, out.Wait, out.Backend = policies.Retry, 500*time.Millisecond, count
			obey(s, out)
		}
		out.Client.NoRetry = s.Status < 500
	},
}

// exponentialAfterFirst retries a failed connection at once, since the next
// host often works, and then backs off.
func exponentialAfterFirst(n int) time.Duration {
	if n <= 1 {
		return 0
	}
	return exponential(500 * time.Millisecond)(n - 1)
}

// Conditions.

func status(codes ...int) func(*Seen) bool {
	return func(s *Seen) bool {
		for _, c := range codes {
			if s.Status == c {
				return true
			}
		}
		return false
	}
}

func redirect(s *Seen) bool { return s.Status/100 == 3 }

func reason(name string) func(*Seen) bool {
	return func(s *Seen) bool { return s.Error != nil && s.Error.Reason == name }
}

func named(status string) func(*Seen) bool {
	return func(s *Seen) bool { return s.Error != nil && s.Error.Status == status }
}

// text matches the error's message without what may be the client's text.
func text(re *regexp.Regexp) func(*Seen) bool {
	return func(s *Seen) bool { return re.MatchString(s.words) }
}

// provisioned reports that the throughput which the project has bought at Vertex
// AI is used up, and that the attempt may have asked for it. No quota is named
// then.
func provisioned(s *Seen) bool {
	return s.SharedCapacity && !s.Unprovisioned && unnamed(s) && exceedsBought.MatchString(s.words)
}

// details matches the beginning of Envoy's code details.
func details(prefixes ...string) func(*Seen) bool {
	return func(s *Seen) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(s.Details, p) {
				return true
			}
		}
		return false
	}
}

// unreachable reports a connection that could not be made, as opposed to one
// that broke.
func unreachable(s *Seen) bool {
	return strings.HasPrefix(s.Details, "no_healthy_upstream") ||
		strings.HasPrefix(s.Details, "upstream_reset_before_response_started{") &&
			(strings.Contains(s.Details, "connection_failure") || strings.Contains(s.Details, "connect_error"))
}

// stale reports a connection that broke, or on which the request was turned
// away unread, where it may have been another request's before.
func stale(s *Seen) bool {
	return s.Pooled && strings.HasPrefix(s.Details, "upstream_reset_before_response_started{") &&
		(strings.Contains(s.Details, "connection_termination") || strings.Contains(s.Details, "refused_stream"))
}

func allOf(conds ...func(*Seen) bool) func(*Seen) bool {
	return func(s *Seen) bool {
		for _, c := range conds {
			if !c(s) {
				return false
			}
		}
		return true
	}
}

func anyOf(conds ...func(*Seen) bool) func(*Seen) bool {
	return func(s *Seen) bool {
		for _, c := range conds {
			if c(s) {
				return true
			}
		}
		return false
	}
}

var (
	badKey          = regexp.MustCompile(`(?i)\bapi key (?:is )?(?:not valid|not found|invalid|expired)|\binvalid api key`)
	contextOverflow = regexp.MustCompile(`(?i)input token count.{0,40}exceeds`)
	tokenCounts     = regexp.MustCompile(`\((\d+)\)[^(]*\((\d+)\)`)
	noCapacity      = regexp.MustCompile(`(?i)no capacity|capacity exhausted`)
	exceedsBought   = regexp.MustCompile(`(?i)\bexceed(?:ed|s) the provisioned throughput`)
	wrongPlace      = regexp.MustCompile(`(?i)\blocation|\bregion|\bcountry`)
)
