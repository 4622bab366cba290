package heal

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
)

func TestJudgeTellsTheClientTokenCounts(t *testing.T) {
	r := Judge(seen(400, message("The input token count (1250074) exceeds the maximum number of tokens allowed (1048576).")))
	if r.Client.Used != 1250074 || r.Client.Limit != 1048576 {
		t.Errorf("used %d limit %d", r.Client.Used, r.Client.Limit)
	}
}

// retry-after is sent only if it is true, and x-should-retry with it.
func TestJudgeTellsWhenToComeBack(t *testing.T) {
	perDay := &gemini.Status{Reason: "QUOTA_EXHAUSTED"}
	for _, c := range []struct {
		name    string
		in      Seen
		after   int
		noRetry bool
	}{
		{"429", Seen{Status: 429, Delay: 30 * time.Second}, 30, false},
		{"503", Seen{Status: 503, Delay: 1500 * ms}, 2, false},
		{"quota of the day, said to be back in 20 s", Seen{Status: 429, Error: perDay, Delay: 20 * time.Second}, 0, true},
		{"quota of the day with its reset", Seen{Status: 429, Error: perDay, Delay: 7 * time.Hour}, 7 * 3600, true},
		{"quota of the day, another account", Seen{Status: 429, Error: perDay, Delay: 4 * time.Second, OtherAccount: true}, 0, true},
		{"signature refused again", Seen{Status: 400, Error: message("Corrupted thought signature."), Repaired: StripSignatures}, 0, true},
		{"no credit", Seen{Status: 429, Error: message("Your prepayment credits are depleted."), Delay: time.Hour}, 0, true},
		{"no quota for the model", Seen{Status: 429, Error: &gemini.Status{Quotas: []gemini.Quota{{ID: "PerModel", Value: "0"}}}, Delay: 4 * time.Second}, 0, true},
		{"wrong request", Seen{Status: 400, Delay: 3 * time.Second}, 0, false},
		{"wrong key", Seen{Status: 401, Delay: 3 * time.Second}, 0, true},
		{"redirect", Seen{Status: 302, Delay: 3 * time.Second}, 0, true},
		{"signature as finish, again", Seen{Peek: ReasonSignature, Repaired: StripSignatures}, 0, true},
	} {
		c.in.Attempt, c.in.MaxWait = 3, 10*time.Second
		if r := Judge(c.in); r.Client.RetryAfter != c.after || r.Client.NoRetry != c.noRetry {
			t.Errorf("%s: after %d s, no retry %v; want %d, %v", c.name, r.Client.RetryAfter, r.Client.NoRetry, c.after, c.noRetry)
		}
	}
}

// The fields and quotas at fault belong to the text, unless it has them.
func TestJudgeNamesFieldsAndQuotas(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Seen
		want string
	}{
		{"field", seen(400, &gemini.Status{Message: "Invalid.", Violations: []gemini.FieldViolation{{Field: "contents[1]", Description: "is empty"}}}),
			"Invalid.; contents[1]: is empty"},
		{"field that the text has", seen(400, &gemini.Status{Message: "contents[1] is empty.", Violations: []gemini.FieldViolation{{Field: "contents[1]", Description: "is empty"}}}),
			"contents[1] is empty."},
		{"quota", seen(429, &gemini.Status{Message: "Exhausted.", Quotas: []gemini.Quota{{Metric: "generate_requests", Value: "15"}}}),
			"Exhausted.; quota generate_requests, limit 15"},
		{"quota without a limit", seen(429, &gemini.Status{Message: "Exhausted.", Quotas: []gemini.Quota{{Metric: "generate_requests"}}}),
			"Exhausted.; quota generate_requests"},
		{"five at most", seen(400, &gemini.Status{Message: "Invalid.", Violations: []gemini.FieldViolation{
			{Field: "f1", Description: "d"}, {Field: "f2", Description: "d"}, {Field: "f3", Description: "d"},
			{Field: "f4", Description: "d"}, {Field: "f5", Description: "d"}, {Field: "f6", Description: "d"}}}),
			"Invalid.; f1: d; f2: d; f3: d; f4: d; f5: d"},
	} {
		if got := Judge(c.in).Client.Message; got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestJudgeHidesCredentials(t *testing.T) {
	for _, st := range []int{401, 402, 403} {
		r := Judge(seen(st, message("Permission denied for project 12345 key AIzaSecret")))
		if r.Client.Status == st || r.Client.Message == "Permission denied for project 12345 key AIzaSecret" {
			t.Errorf("%d: client is told %d %q", st, r.Client.Status, r.Client.Message)
		}
	}
}
