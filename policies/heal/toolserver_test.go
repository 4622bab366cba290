package heal

import (
	"fmt"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// A server that the request's tools called can answer with any error of
// Google's there is, which upstream passes on inside its own. Nothing follows
// from it for accounts and backends. Without tools it is what a gateway says of
// Google, and counts as if Google had said it.
func TestJudgeErrorsOfToolServers(t *testing.T) {
	const day = `,"details":[{"@type":"x/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel","quotaValue":"100"}]},{"@type":"x/google.rpc.RetryInfo","retryDelay":"86000s"}]`
	info := func(reason string) string {
		return `,"details":[{"@type":"x/google.rpc.ErrorInfo","reason":"` + reason + `"}]`
	}
	errors := []struct{ name, inner string }{
		{"quota of a day", `"code":429,"status":"RESOURCE_EXHAUSTED"` + day},
		{"quota of a day, by name alone", `"status":"RESOURCE_EXHAUSTED"` + day},
		{"no quota", `"code":429,"details":[{"@type":"x/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequests","quotaValue":"0"}]}]`},
		{"no quota, in metadata", `"code":429,"details":[{"@type":"x/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit_value":"0"}}]`},
		{"quota", `"code":429` + info("QUOTA_EXHAUSTED")},
		{"rate limit", `"code":429`},
		{"capacity", `"code":429` + info("MODEL_CAPACITY_EXHAUSTED")},
		{"capacity, as 503", `"code":503` + info("MODEL_CAPACITY_EXHAUSTED")},
		{"bad key", `"code":400` + info("API_KEY_INVALID")},
		{"401", `"code":401`},
		{"suspended", `"code":403` + info("CONSUMER_SUSPENDED")},
		{"billing", `"code":400,"status":"FAILED_PRECONDITION"` + info("BILLING_DISABLED")},
		{"no model", `"code":404`},
		{"server error", `"code":500`},
		{"overloaded", `"code":503`},
	}
	forms := map[string]string{
		"message":  `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":%s}}`,
		"response": `{"error":{"code":400,"message":"tool call failed","upstreamResponse":%s}}`,
		"raw":      `{"error":{"code":502,"message":"tool call failed","metadata":{"raw":%s}}}`,
	}
	for _, e := range errors {
		for form, outer := range forms {
			inner := `{"error":{"message":"m",` + e.inner + `}}`
			st, ok := gemini.ParseStatus(fmt.Appendf(nil, outer, string(conversation.Quote(inner))))
			if !ok {
				t.Fatal(e.name)
			}
			for _, tools := range []bool{true, false} {
				s := seen(st.HTTP(), st)
				s.Tools, s.OtherAccount, s.Group.Ready, s.Failed = tools, true, true, true
				s.Delay, s.DelayInText = gemini.RetryDelay("", st, time.Now())
				r := Judge(s)
				if effect := r.Account.Scope != NoEffect || r.Backend.Scope != NoEffect; effect == tools {
					t.Errorf("%s in %s, tools %v: %s, account %+v, backend %+v", e.name, form, tools, r.Row, r.Account, r.Backend)
				}
			}
		}
	}
}

// An error inside the error may lack a code; its quotas are still not
// upstream's own.
func TestJudgeQuotaOfToolServerWithoutCode(t *testing.T) {
	inner := `{"error":{"message":"m","details":[{"@type":"x/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequests","quotaValue":"0"}]}]}}`
	st, _ := gemini.ParseStatus(fmt.Appendf(nil, `{"error":{"code":429,"message":%s}}`, string(conversation.Quote(inner))))
	s := seen(429, st)
	s.Tools, s.OtherAccount, s.Group.Ready = true, true, true
	if r := Judge(s); r.Row != ReasonUnpaid || r.Verdict != policies.Retry || r.Account.Scope != NoEffect {
		t.Errorf("%s %v, account %+v", r.Row, r.Verdict, r.Account)
	}
}

// The request gets its repair, but the model is unknown by it.
func TestRepairsForToolServersDoNotLast(t *testing.T) {
	const text = "Penalty is not enabled for this model"
	s := seen(400, &gemini.Status{Relayed: true, Message: text, Violations: []gemini.FieldViolation{{Field: "generation_config.presence_penalty", Description: text}}})
	for _, s.Tools = range []bool{true, false} {
		if r := Judge(s); r.Repair != OmitPenalties || r.Lasting == s.Tools {
			t.Errorf("tools %v: %q, lasting %v", s.Tools, r.Repair, r.Lasting)
		}
	}
}
