package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
)

const (
	noCredit = `{"error":{"code":429,"message":"Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.","status":"RESOURCE_EXHAUSTED"}}`
	noQuota  = `{"error":{"code":429,"message":"Quota exceeded for quota metric 'Generate Content API requests per minute'.","status":"RESOURCE_EXHAUSTED","details":[
		{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"GenerateContentRequestsPerMinutePerProjectPerRegion","quota_limit_value":"0","service":"generativelanguage.googleapis.com"}},
		{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"4s"}]}}`
)

// An account without money is left out for every model: at once if a detail of
// the error says so, with the second request if only its text does. Before that
// it is left alone for the model, as after any 429.
func TestAccountWithoutMoney(t *testing.T) {
	const asked, other = "gemini-3.5-flash", "gemini-3.8-flash"
	for _, c := range []struct {
		name, body string
		at         int // the request with which the account is out
	}{
		{"no quota", noQuota, 1},
		{"no credit in words", noCredit, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			for n := 1; n <= c.at; n++ {
				a := r.begin(1, "")
				send(t, a, saying(strings.Repeat("x", n)))
				if n == 2 { // what cools for one model only is still asked for another
					a.lease.Done(account.Outcome{})
					a.lease = r.asked("a-1", other)
					a.account = a.lease.Account()
				}
				got := answerWith(a, 429, c.body).Reply
				if got == nil || got.Verdict != policies.Retry || got.Reason != heal.ReasonUnpaid || strings.Contains(string(got.Body), "ai.studio") {
					t.Fatalf("%+v", got)
				}
				if !r.cooling("a-1", asked) || r.cooling("a-1", other) != (n == c.at) {
					t.Errorf("after request %d: cools for the model %v, for another %v", n, r.cooling("a-1", asked), r.cooling("a-1", other))
				}
			}
		})
	}
}

// With nobody left to ask, the client is told so, and not to come back soon.
func TestNobodyHasMoney(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:1], c.Accounts[:1] })
	got := r.retry(t, 1, "", ask, 429, noQuota, policies.Fail)
	if got.Status != 429 || got.Headers.Get("x-should-retry") != "false" || got.Headers.Get("retry-after") != "" {
		t.Errorf("%d %v", got.Status, got.Headers)
	}
}

// Nobody follows a redirect, and its client does not see where it points: only
// the log does, without what may be secret of it.
func TestRedirectIsNotFollowed(t *testing.T) {
	for n, want := range []policies.Verdict{policies.Failover, policies.Fail} {
		r := newRig(t, func(c *Config) { c.Backends, c.Accounts = c.Backends[:2-n], c.Accounts[:3-2*n] })
		a := r.begin(1, "")
		send(t, a, ask)
		got := answerWith(a, 307, "", "location", "https://user:secret@login.example/sign-in?token=secret#secret").Reply
		if got == nil || got.Verdict != want || got.Reason != heal.ReasonUnsuitable || got.Headers.Get("location") != "" || strings.Contains(string(got.Body), "login") {
			t.Errorf("%+v", got)
		}
		said := r.log.FilterMessage("attempt finished").All()
		if len(said) != 1 {
			t.Fatalf("log: %v", said)
		}
		if text, _ := said[0].ContextMap()["error"].(string); !strings.Contains(text, "https://login.example/sign-in") || strings.Contains(text, "secret") {
			t.Errorf("log: %v", text)
		}
	}
}
