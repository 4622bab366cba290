package heal

import (
	"reflect"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
)

// What a failure means for later requests.
func TestJudgeEffects(t *testing.T) {
	const min, hour = time.Minute, time.Hour
	asked := func(d time.Duration, s Seen) Seen { s.Delay = d; return s }
	perDay := &gemini.Status{Reason: "QUOTA_EXHAUSTED"}
	exhausted := func(text string) *gemini.Status { return &gemini.Status{Status: "RESOURCE_EXHAUSTED", Message: text} }
	shared := func(s Seen) Seen { s.SharedCapacity = true; return s }
	tools := func(s Seen) Seen { s.Tools = true; return s }
	none := Effect{}
	for _, c := range []struct {
		name             string
		in               Seen
		account, backend Effect
		ofModel          bool
	}{
		{"signature", seen(400, message("Corrupted thought signature.")), none, none, false},
		{"relaxed", seen(400, message("too many states")), none, none, false},
		{"context overflow", seen(400, message("The input token count (2) exceeds the maximum (1)")), none, none, false},
		{"bad key", seen(401, nil), cool(CoolAccount, UntilReload), none, false},
		{"bad key, only in words", seen(400, message("API key not valid. Please pass a valid API key.")), none, none, false},
		{"region", seen(400, &gemini.Status{Status: "FAILED_PRECONDITION"}), cool(CoolModel, 10*min).doubtful(), none, false},
		{"billing, with its reason", seen(400, &gemini.Status{Status: "FAILED_PRECONDITION", Reason: "BILLING_DISABLED"}), cool(CoolAccount, 10*min), none, false},
		{"other 400", seen(400, nil), none, none, false},
		{"402", seen(402, nil), cool(CoolAccount, 10*min, 10*min, UntilReload).lasting(), none, false},
		{"403", seen(403, nil), cool(CoolModel, 10*min, 10*min, hour).lasting().doubtful(), none, false},
		{"403 with its reason", seen(403, &gemini.Status{Reason: "CONSUMER_SUSPENDED"}), cool(CoolAccount, 10*min, 10*min, UntilReload).lasting(), none, false},
		{"404", seen(404, nil), cool(CoolModel, 10*min), none, true},
		{"408", seen(408, nil), none, count, false},
		{"429", seen(429, nil), cool(CoolQuota, 5*time.Second, 10*time.Second, 20*time.Second, 40*time.Second, min), none, true},
		{"429 with a delay", asked(3*time.Second, seen(429, nil)), cool(CoolQuota, 3*time.Second), none, true},
		{"429 with a delay in its text", func() Seen {
			s := asked(3*time.Second, seen(429, nil))
			s.DelayInText = true
			return s
		}(), cool(CoolQuota, rateLimited...), none, true},
		{"429 with a limit of 0 in its text", seen(429, message("Quota exceeded for metric: x, limit: 0")), cool(CoolQuota, rateLimited...), none, true},
		{"429 with a delay in its text", func() Seen {
			s := asked(3*time.Second, seen(429, nil))
			s.DelayInText = true
			return s
		}(), cool(CoolQuota, rateLimited...), none, true},
		{"429 with a limit of 0 in its text", seen(429, message("Quota exceeded for metric: x, limit: 0")), cool(CoolQuota, rateLimited...), none, true},
		{"429 per day", seen(429, perDay), cool(CoolQuota, min, 5*min, 30*min, 2*hour), none, true},
		{"429 per day with its reset", asked(7*hour, seen(429, perDay)), cool(CoolQuota, 7*hour, 7*hour, 7*hour, 7*hour), none, true},
		{"429 per day with a delay of seconds", asked(4*time.Second, seen(429, perDay)), cool(CoolQuota, min, 5*min, 30*min, 2*hour), none, true},
		{"429 per day with a delay of minutes", asked(10*min, seen(429, perDay)), cool(CoolQuota, 10*min, 10*min, 30*min, 2*hour), none, true},
		{"429 per day in the metadata", asked(4*time.Second, seen(429, &gemini.Status{Reason: "RATE_LIMIT_EXCEEDED", Metadata: map[string]string{"quota_limit": "GenerateRequestsPerDayPerProject"}})),
			Effect{Scope: CoolQuota, Day: true, Stated: 4 * time.Second}, none, true},
		{"429 by the day's metric", seen(429, &gemini.Status{Quotas: []gemini.Quota{{Metric: "x/requests_per_day", Value: "9"}}}), Effect{Scope: CoolQuota, Day: true}, none, true},
		{"429 of shared capacity", shared(seen(429, exhausted("Resource exhausted, please try again later."))), Effect{Scope: CutCapacity}, none, true},
		{"429 of shared capacity with a delay", asked(3*time.Second, shared(seen(429, nil))), cool(CoolQuota, 3*time.Second), none, true},
		{"no quota for the model", asked(4*time.Second, seen(429, &gemini.Status{Quotas: []gemini.Quota{{ID: "PerDayPerProjectPerModel-FreeTier", Value: "0"}}})), cool(CoolQuota, 10*min, 30*min, 2*hour), none, true},
		{"no quota", asked(4*time.Second, seen(429, &gemini.Status{Metadata: map[string]string{"quota_limit_value": "0"}})), cool(CoolBilling, 10*min, 30*min, 2*hour), none, false},
		{"no credit, in words", seen(429, exhausted("Your prepayment credits are depleted.")), cool(CoolBilling, 10*min, 30*min, 2*hour).doubtful().meanwhile(rateLimited...), none, false},
		{"no credit, in words of whoever", seen(429, message("Your prepayment credits are depleted.")), cool(CoolQuota, rateLimited...), none, false},
		{"no credit, in words of a tool", tools(seen(429, exhausted("Your prepayment credits are depleted."))), cool(CoolQuota, rateLimited...).doubtful(), none, false},
		{"a spending cap, in words", seen(429, exhausted("Your project has exceeded its monthly spending cap.")), cool(CoolBilling, 10*min, 30*min, 2*hour).doubtful().meanwhile(rateLimited...), none, false},
		{"a spending cap, in a quotation", seen(429, exhausted("Quota exceeded for 'spending cap'.")), cool(CoolQuota, rateLimited...), none, true},
		{"the usual words of a 429", seen(429, message("You exceeded your current quota, please check your plan and billing details.")), cool(CoolQuota, rateLimited...), none, true},
		{"words against a named quota", seen(429, &gemini.Status{Message: "Your prepayment credits are depleted.", Quotas: []gemini.Quota{{ID: "PerMinute", Value: "5"}}}), cool(CoolQuota, rateLimited...), none, true},
		{"redirect", seen(301, nil), none, count, false},
		{"capacity", seen(503, &gemini.Status{Reason: "MODEL_CAPACITY_EXHAUSTED"}), none, cool(CoolBackend, 5*time.Second, 10*time.Second, 15*time.Second), true},
		{"capacity, only in words", seen(503, message("no capacity")), none, count, true},
		{"500", seen(500, nil), cool(CoolModel, 8*time.Second).doubtful(), count, false},
		{"502", seen(502, nil), cool(CoolModel, 8*time.Second).doubtful(), count, false},
		{"504", seen(504, nil), cool(CoolModel, 8*time.Second).doubtful(), count, false},
		{"unheard-of 5xx", seen(599, nil), none, count, false},
		{"503", seen(503, nil), none, count, false},
		{"529", seen(529, nil), none, count, false},
		{"refused", Seen{Details: "no_healthy_upstream"}, none, nobody, false},
		{"reset", Seen{Details: "upstream_reset_before_response_started{connection_termination}"}, none, count, false},
		{"no cluster", Seen{Details: "cluster_not_found"}, none, count, false},
		{"envoy's timer", Seen{Details: "response_timeout"}, none, Effect{Scope: HoldBackend}, false},
		{"bad peek", Seen{Peek: ReasonPeekEOF}, none, count, false},
		{"bad peek again", Seen{Peek: ReasonPeekEOF, Failed: true}, none, Effect{Scope: HoldBackend}, false},
		{"503 again", Seen{Status: 503, Failed: true}, none, Effect{Scope: HoldBackend}, false},
		{"silence", Seen{Peek: ReasonPeekTimeout}, none, Effect{Scope: HoldBackend}, false},
		{"silence until the request's own end", Seen{Peek: ReasonPeekTimeout, Cut: true}, none, none, false},
		{"signature as finish", Seen{Peek: ReasonSignature}, none, none, false},
	} {
		r := Judge(c.in)
		if !reflect.DeepEqual(r.Account, c.account) || !reflect.DeepEqual(r.Backend, c.backend) || r.OfModel != c.ofModel {
			t.Errorf("%s: account %+v backend %+v of model %v,\nwant account %+v backend %+v of model %v",
				c.name, r.Account, r.Backend, r.OfModel, c.account, c.backend, c.ofModel)
		}
	}
}
