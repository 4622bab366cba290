package heal

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Which quota a 429 is about, and whether it is about money.

// namedQuota is an exceeded quota with all its names, and its limit if stated.
type namedQuota struct{ name, limit string }

// quotas are the exceeded ones, as far as the error's details name them.
func quotas(s *Seen) (all []namedQuota) {
	if s.Error == nil {
		return nil
	}
	for _, q := range s.Error.Quotas {
		all = append(all, namedQuota{quotaName(q.ID, q.Metric), q.Value})
	}
	md := s.Error.Metadata
	if name := quotaName(md["quota_metric"], md["quota_limit"]); name != " " || md["quota_limit_value"] != "" {
		all = append(all, namedQuota{name, md["quota_limit_value"]})
	}
	return all
}

// quotaName joins the names of a quota: PerDay and per_day are one word.
func quotaName(id, metric string) string {
	return strings.ToLower(strings.ReplaceAll(id+" "+metric, "_", ""))
}

func (q namedQuota) ofTool() bool  { return strings.Contains(q.name, "grounding") }
func (q namedQuota) ofModel() bool { return strings.Contains(q.name, "model") }
func (q namedQuota) ofDay() bool   { return strings.Contains(q.name, "perday") }

// none reports a limit of zero: there is no such quota, and waiting does not
// help.
func (q namedQuota) none() bool { return q.limit == "0" && !q.ofTool() }

// rates are the exceeded quotas as rate limits. Nothing of them is left. The
// delay says when one is available again, except for a quota of a day, for
// which Google states a minute.
func (s *Seen) rates() (out []conversation.Rate) {
	for _, q := range quotas(s) {
		of := q.of()
		if of == "" || slices.ContainsFunc(out, func(r conversation.Rate) bool { return r.Of == of }) {
			continue
		}
		r := conversation.Rate{Of: of, Remaining: new(0)}
		if n, err := strconv.Atoi(q.limit); err == nil && n >= 0 {
			r.Limit = &n
		}
		if !q.ofDay() {
			r.Reset = s.Delay
		}
		out = append(out, r)
	}
	return out
}

// of is what the quota counts; "" if clients have no such limit.
func (q namedQuota) of() string {
	switch {
	case q.ofTool():
	case strings.Contains(q.name, "inputtoken"):
		return conversation.RateInputTokens
	case strings.Contains(q.name, "outputtoken"):
		return conversation.RateOutputTokens
	case strings.Contains(q.name, "token"):
		return conversation.RateTokens
	case strings.Contains(q.name, "request"):
		return conversation.RateRequests
	}
	return ""
}

// toolQuota reports a 429 for the quotas of grounding alone: a request without
// it is answered.
func toolQuota(s *Seen) bool {
	all := quotas(s)
	return s.Status == 429 && len(all) > 0 && !slices.ContainsFunc(all, func(q namedQuota) bool { return !q.ofTool() })
}

// unnamedQuota reports a 429 that may be for the quota of a tool.
func unnamedQuota(s *Seen) bool { return s.Status == 429 && s.Tools && len(quotas(s)) == 0 }

// anyQuota matches an error of which one quota is such.
func anyQuota(is func(namedQuota) bool) func(*Seen) bool {
	return func(s *Seen) bool { return slices.ContainsFunc(quotas(s), is) }
}

// noQuota reports that the account has no quota at all, whatever the model.
func noQuota(s *Seen) bool {
	return anyQuota(func(q namedQuota) bool { return q.none() && !q.ofModel() })(s)
}

// unnamed reports that the error's details name no quota, so that its text is
// all there is.
func unnamed(s *Seen) bool { return len(quotas(s)) == 0 }

// unpaidInWords is the verdict on a 429 of which only the text says that money
// is missing; Google has no structured reason for it. Until another request
// gets the same, the account is treated as after any 429; and always if the
// text may come from a gateway, or from a server that the request's tools
// called.
func unpaidInWords(s *Seen, out *Verdict) {
	if s.Tools || !named("RESOURCE_EXHAUSTED")(s) {
		out.Account = cool(CoolQuota, rateLimited...)
	}
	quota(s, out)
}

var (
	zeroLimit = regexp.MustCompile(`(?i)\blimit: 0\b`)
	// unpaid finds that money is missing. "Check your plan and billing details"
	// stands in every 429 of AI Studio and says nothing.
	unpaid = regexp.MustCompile(`(?i)\bpre-?pa(?:y(?:ment)?|id)\b|\bspend(?:ing)?[ -](?:cap|limit)|` +
		`\bcredits? (?:balance )?(?:(?:is|are|has been|have been|was|were) )?(?:too low|depleted|exhausted|used up|insufficient)|` +
		`\b(?:insufficient|not enough|out of|no) (?:credits?|funds|balance)\b|` +
		`\bbilling (?:account )?(?:is |has been |was )?(?:not |disabled|closed|inactive|suspended|past due|delinquent|required)|\benable billing\b`)
)

// outOfMoney is how long an account without money is left out. It comes back
// without a new secret once its owner has paid, so it is asked again now and
// then.
var outOfMoney = []time.Duration{10 * time.Minute, 30 * time.Minute, 2 * time.Hour}
