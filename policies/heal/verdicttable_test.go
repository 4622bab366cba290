package heal

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/test/fixture"
)

// TestVerdictTable writes down what Judge decides on every cause in every
// situation, so that a change of the table shows all that follows from it:
//
//	go test ./policies/heal -run TestVerdictTable -update
//
// TestJudge says what matters of it, with names.
func TestVerdictTable(t *testing.T) {
	const path = "testdata/verdicts.txt"
	want, _ := os.ReadFile(path) // Diff reports that it is missing
	var b strings.Builder
	for _, c := range causes() {
		fmt.Fprintf(&b, "%s\n", c.name)
		heads, verdicts := map[string][]string{}, map[string][]string{}
		for _, sit := range situations {
			s := c.seen
			s.MaxWait = 10 * time.Second
			s.Attempt = 1
			sit.set(&s)
			r := Judge(s)
			add(heads, effectsOf(&r), sit.name)
			add(verdicts, verdictOf(&r), sit.name)
		}
		write(&b, heads)
		write(&b, verdicts)
	}
	fixture.Diff(t, path, want, []byte(b.String()))
}

type cause struct {
	name string
	seen Seen
}

// causes are what can be seen of a failed attempt: every status with every
// error that the table knows.
func causes() []cause {
	var out []cause
	for _, status := range []int{0, 302, 400, 401, 402, 403, 404, 405, 407, 408, 409, 413, 418, 421, 422, 426, 429, 431, 451, 499, 500, 501, 502, 503, 504, 529, 599} {
		out = append(out, cause{fmt.Sprint(status), Seen{Status: status}})
	}
	for _, e := range []struct {
		statuses []int
		name     string
		err      gemini.Status
	}{
		{[]int{400, 403, 404}, "API_KEY_INVALID", gemini.Status{Reason: "API_KEY_INVALID"}},
		{[]int{400, 403}, "BILLING_DISABLED", gemini.Status{Status: "FAILED_PRECONDITION", Reason: "BILLING_DISABLED"}},
		{[]int{400, 403}, "precondition", gemini.Status{Status: "FAILED_PRECONDITION"}},
		{[]int{400}, "region", gemini.Status{Status: "FAILED_PRECONDITION", Message: "User location is not supported for the API use."}},
		{[]int{400, 403, 404}, "api key not found", gemini.Status{Message: "API Key not found. Please pass a valid API key."}},
		{[]int{400, 403}, "api key not valid", gemini.Status{Message: "API key not valid."}},
		{[]int{400, 413}, "context", gemini.Status{Message: "The input token count (20) exceeds the maximum number of tokens allowed (10)."}},
		{[]int{400}, "violation", gemini.Status{Message: "Invalid.", Violations: []gemini.FieldViolation{{Field: "tools[1]", Description: "is empty"}}}},
		{[]int{400, 403}, "signature missing", gemini.Status{Message: "Function call is missing a thought_signature."}},
		{[]int{400}, "signature corrupted", gemini.Status{Message: "Corrupted thought signature."}},
		{[]int{400, 422}, "too many states", gemini.Status{Message: "too many states", Violations: []gemini.FieldViolation{{Field: "response_schema", Description: "too many states"}}}},
		{[]int{429, 503, 500}, "MODEL_CAPACITY_EXHAUSTED", gemini.Status{Reason: "MODEL_CAPACITY_EXHAUSTED"}},
		{[]int{429, 503, 500}, "no capacity", gemini.Status{Message: "No capacity available."}},
		{[]int{429, 503}, "QUOTA_EXHAUSTED", gemini.Status{Reason: "QUOTA_EXHAUSTED"}},
		{[]int{429}, "per day", gemini.Status{Quotas: []gemini.Quota{{ID: "a", Value: "5"}, {ID: "RequestsPerDay", Value: "5"}}}},
		{[]int{429}, "no quota for the model", gemini.Status{Quotas: []gemini.Quota{{ID: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", Value: "0"}}}},
		{[]int{429}, "no quota", gemini.Status{Quotas: []gemini.Quota{{ID: "GenerateRequestsPerMinutePerProject", Value: "0"}}}},
		{[]int{429}, "no quota, by quota_limit_value", gemini.Status{Reason: "RATE_LIMIT_EXCEEDED", Metadata: map[string]string{
			"quota_limit": "GenerateContentRequestsPerMinutePerProjectPerRegion", "quota_limit_value": "0", "service": "generativelanguage.googleapis.com"}}},
		{[]int{429, 503}, "no credit", gemini.Status{Status: "RESOURCE_EXHAUSTED", Message: "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing."}},
		{[]int{429, 503}, "limit: 0", gemini.Status{Message: "Quota exceeded, limit: 0"}},
		{[]int{503, 400}, "embedded", gemini.Status{Embedded: true, Message: "too many states", Violations: []gemini.FieldViolation{{Field: "response_schema", Description: "too many states"}}}},
	} {
		for _, status := range e.statuses {
			out = append(out, cause{fmt.Sprintf("%d %s", status, e.name), Seen{Status: status, Error: &e.err}})
		}
	}
	for _, d := range []string{
		"request_payload_too_large", "cluster_not_found", "no_cluster", "route_not_found",
		"upstream_per_try_timeout", "response_timeout", "upstream_response_timeout", "stream_idle_timeout", "no_healthy_upstream",
		"upstream_reset_before_response_started{remote_connection_failure}", "upstream_reset_before_response_started{connect_error}",
		"upstream_reset_before_response_started{connection_termination}", "connection_failure", "other",
	} {
		out = append(out, cause{"503 by Envoy: " + d, Seen{Status: 503, Details: d}})
	}
	for _, d := range []string{
		"no_healthy_upstream", "upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Invalid_argument}",
		refusedByProxy, "upstream_reset_before_response_started{connection_timeout}", untrusted, "upstream_reset_before_response_started{connection_termination}",
	} {
		out = append(out, cause{"503 by Envoy, through a proxy: " + d, Seen{Status: 503, Details: d, Proxy: "proxy.example:3128"}})
	}
	for _, p := range []string{ReasonSignature, ReasonPeekTimeout, ReasonPeekEOF, ReasonPeekNoContent, ReasonPeekThoughts, ReasonPeekTooLong, ReasonPeekMalformed, ReasonPeekGarbage, ReasonPeekTruncated} {
		out = append(out, cause{"200: " + p, Seen{Peek: p}})
	}
	out = append(out, cause{"429 provisioned throughput, at Vertex AI", Seen{Status: 429, SharedCapacity: true, Error: &exceedsBoughtError}})
	return append(out, cause{"200: " + ReasonPeekError, Seen{Peek: ReasonPeekError, Status: 503, Error: &gemini.Status{Message: "overloaded"}}})
}

// situations are what else could be done, and what was done before.
var situations = []struct {
	name string
	set  func(*Seen)
}{
	{"alone", func(*Seen) {}},
	{"attempt 2", func(s *Seen) { s.Attempt = 2 }},
	{"attempt 3", func(s *Seen) { s.Attempt = 3 }},
	{"attempt 5", func(s *Seen) { s.Attempt = 5 }},
	{"attempt 9", func(s *Seen) { s.Attempt = 9 }},
	{"account", func(s *Seen) { s.OtherAccount, s.Group.Ready = true, true }},
	{"key of the group", func(s *Seen) { s.OtherAccount = true }},
	{"shared capacity", func(s *Seen) { s.SharedCapacity = true }},
	{"backend", func(s *Seen) { s.OtherBackend = true }},
	{"model", func(s *Seen) { s.OtherModel = true }},
	{"ready", func(s *Seen) { s.OtherBackend, s.ReadyBackend = true, true }},
	{"account+ready", func(s *Seen) { s.OtherAccount, s.Group.Ready, s.OtherBackend, s.ReadyBackend = true, true, true, true }},
	{"failed", func(s *Seen) { s.Attempt, s.Failed = 2, true }},
	{"failed+ready", func(s *Seen) { s.Attempt, s.Failed, s.OtherBackend, s.ReadyBackend = 2, true, true, true }},
	{"failed+held", func(s *Seen) { s.Attempt, s.Failed, s.OtherBackend, s.HeldBackend = 2, true, true, true }},
	{"last+ready", func(s *Seen) { s.Last, s.OtherBackend, s.ReadyBackend = true, true, true }},
	{"last+model", func(s *Seen) { s.Last, s.OtherModel, s.ReadyModel = true, true, true }},
	{"none to spare", func(s *Seen) { s.OtherBackend, s.ReadyBackend, s.NoneToSpare = true, true, true }},
	{"3s+last+model", func(s *Seen) { s.Delay, s.Last, s.OtherModel, s.ReadyModel = 3*time.Second, true, true, true }},
	{"3s+last+model, again", func(s *Seen) {
		s.Delay, s.Limited, s.Last, s.OtherModel, s.ReadyModel = 3*time.Second, true, true, true, true
	}},
	{"account again", func(s *Seen) {
		s.AccountSoon, s.AccountAgain, s.Group = true, true, OtherGroup{Soon: true, Again: true}
	}},
	{"account soon", func(s *Seen) {
		s.AccountSoon, s.AccountIn, s.Group = true, 2*time.Second, OtherGroup{Soon: true, In: 2 * time.Second}
	}},
	{"backend again", func(s *Seen) { s.BackendAgain, s.BackendIn = true, 2*time.Second }},
	{"larger model", func(s *Seen) { s.LargerModel = true }},
	{"1ns", func(s *Seen) { s.Delay = 1 }},
	{"3s", func(s *Seen) { s.Delay = 3 * time.Second }},
	{"3s in text", func(s *Seen) { s.Delay, s.DelayInText = 3*time.Second, true }},
	{"3s+ready", func(s *Seen) { s.Delay, s.OtherBackend, s.ReadyBackend = 3*time.Second, true, true }},
	{"3s+account", func(s *Seen) { s.Delay, s.OtherAccount, s.Group.Ready = 3*time.Second, true, true }},
	{"10s", func(s *Seen) { s.Delay = 10 * time.Second }},
	{"10.1s", func(s *Seen) { s.Delay = 10*time.Second + 100*time.Millisecond }},
	{"1m", func(s *Seen) { s.Delay = time.Minute }},
	{"1m+account", func(s *Seen) { s.Delay, s.OtherAccount, s.Group.Ready = time.Minute, true, true }},
	{"1m+backend", func(s *Seen) { s.Delay, s.OtherBackend = time.Minute, true }},
	{"1m+model", func(s *Seen) { s.Delay, s.OtherModel = time.Minute, true }},
	{"stripped", func(s *Seen) { s.Repaired = StripSignatures }},
	{"relaxed", func(s *Seen) { s.Repaired = RelaxSchema }},
	{"placeholders", func(s *Seen) { s.OnlyPlaceholders = true }},
	{"names", func(s *Seen) { s.Names = true }},
}

var scopeNames = []string{"none", "model", "account", "model in the group", "group", "billing account", "capacity", "backend", "backend until a probe"}

func (e Effect) describe() string {
	out := scopeNames[e.Scope]
	for _, d := range e.For {
		out += " " + d.String()
	}
	if e.Day {
		out += " until the day ends"
	}
	if e.Stated != 0 {
		out += " stated " + e.Stated.String()
	}
	if e.Certain {
		out += " certain"
	}
	if e.Within != 0 {
		out += " within " + e.Within.String()
	}
	if e.Doubtful {
		out += " doubtful"
	}
	for i, d := range e.Meanwhile {
		if i == 0 {
			out += ", meanwhile the model"
		}
		out += " " + d.String()
	}
	return out
}

// effectsOf describes the effects on other requests, and the client's error.
func effectsOf(r *Verdict) string {
	out := fmt.Sprintf("account: %s; backend: %s; %q", r.Account.describe(), r.Backend.describe(), r.Client.Message)
	if r.OfModel {
		out += " of the model"
	}
	if r.Client.Param != "" {
		out += " param " + r.Client.Param
	}
	if r.Client.Used+r.Client.Limit != 0 {
		out += fmt.Sprintf(" %d of %d tokens", r.Client.Used, r.Client.Limit)
	}
	return out
}

// verdictOf describes what the request itself does next.
func verdictOf(r *Verdict) string {
	out := fmt.Sprintf("%s %s", r.Verdict, r.Reason)
	if r.Row != r.Reason {
		out += " by " + r.Row
	}
	for _, f := range []struct {
		set  bool
		text string
	}{
		{r.Wait != 0, "wait " + r.Wait.String()}, {r.Stated, "as stated"}, {r.Rotate, "rotate"},
		{r.Failure != Refused, [...]string{"", "passing", "spent", "overflow"}[r.Failure]},
		{r.Repair != 0, "repair " + r.Repair.String()}, {r.OfTier, "of the tier"}, {r.Limited, "limited"}, {r.OfGroup, "of the group"}, {r.Lasting, "lasting"},
		{r.Client.RetryAfter != 0, fmt.Sprintf("retry-after %d", r.Client.RetryAfter)}, {r.Client.NoRetry, "no retry"},
	} {
		if f.set {
			out += ", " + f.text
		}
	}
	return out + fmt.Sprintf(", error kind %d", r.Client.Kind)
}

func add(to map[string][]string, key, name string) { to[key] = append(to[key], name) }

// write lists the texts by the first situation that has them.
func write(b *strings.Builder, texts map[string][]string) {
	var keys []string
	for k := range texts {
		keys = append(keys, k)
	}
	order := func(k string) int {
		for i, s := range situations {
			if s.name == texts[k][0] {
				return i
			}
		}
		return -1
	}
	slices.SortFunc(keys, func(x, y string) int { return order(x) - order(y) })
	for _, k := range keys {
		if names := texts[k]; len(names) == len(situations) {
			fmt.Fprintf(b, "\t%s\n", k)
		} else {
			fmt.Fprintf(b, "\t%s <- %s\n", k, strings.Join(names, ", "))
		}
	}
}
