package heal

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/redact"
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
	// delay before the next attempt, by attempt number; nil for none.
	delay   func(n int) time.Duration
	account Effect
	backend Effect
	// refine adapts the ruling to what else could be tried; may be nil.
	refine func(*Seen, *Ruling)
	// kind is what the client is told if this is the end. Faults of heald's own
	// accounts are not told as 401 or 403: the client must not think that its
	// own key is bad.
	kind conversation.ErrorKind
}

var (
	count   = Effect{Scope: CountBackend}
	penalty = Effect{Scope: CountAccount}
)

// cool keeps something back for a while, longer with each hit in a row.
func cool(scope Scope, ds ...time.Duration) Effect { return Effect{Scope: scope, For: ds} }

// doubtful makes an effect hold only once another request failed alike.
func (e Effect) doubtful() Effect {
	e.Doubtful = true
	return e
}

// hitsOutlast is how long refusals of a credential count together, successes in
// between or not.
const hitsOutlast = 3 * time.Hour

// lasting makes hits count that come within hitsOutlast.
func (e Effect) lasting() Effect {
	e.Within = hitsOutlast
	return e
}

// rateLimited is how long a model is left alone after a 429 without a delay.
var rateLimited = []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute}

// rules is the verdict table; the first row that matches decides. Structured
// reasons stand before texts, texts before bare statuses. A text decides about
// its own request only: what a row that matches one does to an account is no
// more than the bare status would do.
var rules = []row{
	{reason: ReasonBodyTooLarge, when: details("request_payload_too_large"),
		verdict: policies.Fail, kind: conversation.ErrTooLarge},
	{reason: ReasonNoCluster, when: details("cluster_not_found", "no_cluster", "route_not_found"),
		verdict: policies.Failover, backend: count, refine: failoverOrFail, kind: conversation.ErrAPI},
	{reason: ReasonEnvoyTimeout, when: details("upstream_per_try", "response_timeout", "upstream_response_timeout", "stream_idle_timeout"),
		verdict: policies.Retry, delay: exponentialAfterFirst, backend: count, kind: conversation.ErrTimeout},
	// Nobody answers there: another backend is better than the same again.
	{reason: ReasonConnect, when: unreachable,
		verdict: policies.Failover, delay: exponentialAfterFirst, backend: cool(CoolBackend, 5*time.Second),
		refine: failoverOrRetry, kind: conversation.ErrAPI},
	{reason: ReasonConnect, when: func(s *Seen) bool { return s.Details != "" || (s.Status == 0 && s.Peek == "") },
		verdict: policies.Retry, delay: exponentialAfterFirst, backend: count, kind: conversation.ErrAPI},

	// A bad peek that carries no error of its own.
	{reason: ReasonSignature, when: func(s *Seen) bool { return s.Peek == ReasonSignature },
		verdict: policies.Repair, delay: fixed(200 * time.Millisecond), refine: once(signatureRepair), kind: conversation.ErrAPI},
	{reason: ReasonPeekEOF, when: func(s *Seen) bool { return s.Peek != "" && s.Error == nil },
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: penalty, backend: count, kind: conversation.ErrAPI},

	// 400
	{reason: ReasonResource, when: resourceRefused,
		verdict: policies.Fail, refine: resource, kind: conversation.ErrInvalid},
	{reason: ReasonSignature, when: all(status(400), signatureError),
		verdict: policies.Repair, delay: fixed(200 * time.Millisecond), refine: once(signatureRepair), kind: conversation.ErrInvalid},
	{reason: ReasonBadKey, when: any(status(401), all(status(400, 403), reason("API_KEY_INVALID"))),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: cool(CoolAccount, UntilReload),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	{reason: ReasonBadKey, when: all(status(400), text(badKey)),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	{reason: ReasonContext, when: all(status(400), text(contextOverflow)),
		verdict: policies.Fail, kind: conversation.ErrContext},
	{reason: ReasonRelax, when: relaxed,
		verdict: policies.Repair, refine: relax, kind: conversation.ErrInvalid},
	{reason: ReasonPrecondition, when: all(status(400), named("FAILED_PRECONDITION"), accountReason),
		verdict: policies.Failover, account: cool(CoolAccount, 10*time.Minute), refine: failoverOrRotate, kind: conversation.ErrRegion},
	{reason: ReasonPrecondition, when: all(status(400), named("FAILED_PRECONDITION")),
		verdict: policies.Failover, account: cool(CoolModel, 10*time.Minute).doubtful(), refine: failoverOrRotate, kind: conversation.ErrRegion},
	{reason: ReasonBodyTooLarge, when: status(413),
		verdict: policies.Fail, kind: conversation.ErrTooLarge},
	{reason: ReasonInvalid, when: status(400, 422),
		verdict: policies.Fail, kind: conversation.ErrInvalid},
	{reason: ReasonInvalid, when: status(501),
		verdict: policies.Fail, kind: conversation.ErrUnsupported},

	// Accounts and quota
	{reason: ReasonCapacity, when: all(status(429, 503), reason("MODEL_CAPACITY_EXHAUSTED")),
		verdict: policies.Failover, ofModel: true, backend: cool(CoolBackend, 5*time.Second, 10*time.Second, 15*time.Second), refine: failoverOrWait, kind: conversation.ErrQuota},
	{reason: ReasonCapacity, when: all(status(429, 503), text(noCapacity)),
		verdict: policies.Failover, ofModel: true, backend: count, refine: failoverOrWait, kind: conversation.ErrQuota},
	{reason: ReasonForbidden, when: any(status(402), all(status(403), accountReason)),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: cool(CoolAccount, 10*time.Minute, 10*time.Minute, UntilReload).lasting(),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	// Without a reason it may be about what the request asks for: its model.
	{reason: ReasonForbidden, when: status(403),
		verdict: policies.Retry, rotate: true, delay: fixed(100 * time.Millisecond), account: cool(CoolModel, 10*time.Minute, 10*time.Minute, time.Hour).lasting().doubtful(),
		refine: rotateOrFail, kind: conversation.ErrAPI},
	{reason: ReasonNoModel, when: status(404),
		verdict: policies.Failover, ofModel: true, account: cool(CoolModel, 10*time.Minute), refine: failoverOrFail, kind: conversation.ErrNotFound},
	{reason: ReasonQuota, when: all(status(429), longQuota),
		verdict: policies.Retry, rotate: true, ofModel: true,
		account: cool(CoolModel, time.Minute, 5*time.Minute, 30*time.Minute, 2*time.Hour), refine: quota, kind: conversation.ErrQuota},
	{reason: ReasonQuota, when: all(status(429), text(zeroLimit)),
		verdict: policies.Retry, rotate: true, ofModel: true,
		account: cool(CoolModel, rateLimited...), refine: quota, kind: conversation.ErrQuota},
	{reason: ReasonRateLimit, when: status(429),
		verdict: policies.Retry, rotate: true, ofModel: true, delay: exponential(time.Second),
		account: cool(CoolModel, rateLimited...),
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
		verdict: policies.Retry, delay: exponential(time.Second), backend: count,
		refine: obey, kind: conversation.ErrOverloaded},
}

// unknown is the row for statuses that nobody expects: 5xx may pass by, the
// rest is final.
var unknown = row{
	reason: ReasonUnknownStatus, verdict: policies.Fail, kind: conversation.ErrAPI,
	refine: func(s *Seen, out *Ruling) {
		if s.Status >= 500 {
			out.Verdict, out.Wait = policies.Retry, 500*time.Millisecond
			obey(s, out)
		}
		out.Client.NoRetry = s.Status < 500
	},
}

// exponentialAfterFirst repeats a failed connection at once, and only then
// backs off: the next host is often fine.
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

func reason(name string) func(*Seen) bool {
	return func(s *Seen) bool { return s.Error != nil && s.Error.Reason == name }
}

func named(status string) func(*Seen) bool {
	return func(s *Seen) bool { return s.Error != nil && s.Error.Status == status }
}

// text matches what of the error's message is upstream's own.
func text(re *regexp.Regexp) func(*Seen) bool {
	return func(s *Seen) bool { return re.MatchString(s.words) }
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

func all(conds ...func(*Seen) bool) func(*Seen) bool {
	return func(s *Seen) bool {
		for _, c := range conds {
			if !c(s) {
				return false
			}
		}
		return true
	}
}

func any(conds ...func(*Seen) bool) func(*Seen) bool {
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
	badKey          = regexp.MustCompile(`(?i)api key not valid|api key expired|invalid api key`)
	contextOverflow = regexp.MustCompile(`(?i)input token count.{0,40}exceeds`)
	tokenCounts     = regexp.MustCompile(`\((\d+)\)[^(]*\((\d+)\)`)
	noCapacity      = regexp.MustCompile(`(?i)no capacity|capacity exhausted`)
	wrongPlace      = regexp.MustCompile(`(?i)\blocation|\bregion|\bcountry`)
	zeroLimit       = regexp.MustCompile(`(?i)\blimit: 0\b`)
)

// longQuota reports a quota that will not be back within this request.
func longQuota(s *Seen) bool {
	if s.Error == nil {
		return false
	}
	if s.Error.Reason == "QUOTA_EXHAUSTED" {
		return true
	}
	for _, q := range s.Error.Quotas {
		if strings.Contains(q.ID, "PerDay") || q.Value == "0" {
			return true
		}
	}
	return false
}

// text is the innermost message of the upstream's error.
func (s *Seen) text() string {
	if s.Error == nil {
		return ""
	}
	return s.Error.Message
}

// cause words what was seen, for the log.
func (s *Seen) cause() error {
	switch {
	case s.Error != nil && s.Error.Message != "":
		return fmt.Errorf("upstream status %d: %s", s.Status, redact.ForLog(head(s.Error.Message)))
	case s.Details != "":
		return errors.New("envoy: " + s.Details)
	case s.Peek != "":
		return errors.New("upstream status 200 without an answer: " + s.Peek)
	default:
		return fmt.Errorf("upstream status %d", s.Status)
	}
}

// textLimit bounds what is looked at of an error's text, in bytes: a hostile
// upstream may send megabytes. What is told of it ends at redact.Limit; the
// difference is so that no credential stands cut in two at that end.
const textLimit = 8 * redact.Limit

func head(text string) string { return text[:min(len(text), textLimit)] }

// client words the error that the client gets if the ruling is the end.
func (r *row) client(s *Seen) conversation.Error {
	out := conversation.Error{Kind: r.kind, Message: clientText(r, s)}
	if s.Delay > 0 {
		out.RetryAfter = int((s.Delay + time.Second - 1) / time.Second)
	}
	switch r.kind {
	case conversation.ErrQuota:
		out.NoRetry = true
	case conversation.ErrContext:
		if m := tokenCounts.FindStringSubmatch(s.words); m != nil {
			out.Used, _ = strconv.Atoi(m[1])
			out.Limit, _ = strconv.Atoi(m[2])
		}
	case conversation.ErrInvalid:
		if s.Error != nil && len(s.Error.Violations) > 0 {
			out.Param = s.Error.Violations[0].Field
		}
	}
	return out
}

// clientText is the upstream's own text where it helps the client, and a
// sentence of ours where the upstream spoke about heald's credentials or said
// nothing.
func clientText(r *row, s *Seen) string {
	if s.Peek != "" && s.Error == nil {
		return peekTexts[s.Peek]
	}
	switch r.reason {
	case ReasonBadKey, ReasonForbidden:
		return "the gateway's credential for the model backend was refused; see the gateway's log"
	case ReasonBodyTooLarge:
		return "the request body is larger than the gateway or the model backend accepts"
	case ReasonNoCluster:
		return "the gateway has no Envoy cluster for the chosen backend"
	case ReasonEnvoyTimeout:
		return "the model backend did not answer in time"
	case ReasonConnect:
		return "the model backend could not be reached"
	}
	if t := s.text(); t != "" {
		return redact.ForClient(head(t + s.particulars()))
	}
	return fmt.Sprintf("the model backend answered with status %d", s.Status)
}

// mostParticulars bounds what is added to an error's text.
const mostParticulars = 5

// particulars are the fields and quotas of an error, as far as its text does
// not name them itself.
func (s *Seen) particulars() string {
	var b strings.Builder
	n := 0
	add := func(name string, texts ...string) {
		if name == "" || n == mostParticulars || strings.Contains(s.Error.Message, name) {
			return
		}
		n++
		b.WriteString(strings.Join(texts, ""))
	}
	for _, v := range s.Error.Violations {
		add(v.Field, "; ", v.Field, ": ", v.Description)
	}
	for _, q := range s.Error.Quotas {
		if q.Value == "" {
			add(q.Metric, "; quota ", q.Metric)
		} else {
			add(q.Metric, "; quota ", q.Metric, ", limit ", q.Value)
		}
	}
	return b.String()
}

var peekTexts = map[string]string{
	ReasonSignature:     "the model backend refused the conversation for a missing thought signature",
	ReasonPeekTimeout:   "the model backend sent no answer in time",
	ReasonPeekEOF:       "the model backend ended the reply before any content",
	ReasonPeekNoContent: "the model backend finished without an answer",
	ReasonPeekMalformed: "the model made a malformed tool call",
	ReasonPeekGarbage:   "the model backend sent something that is no answer",
	ReasonPeekTruncated: "the model backend ended the reply without finishing it",
}
