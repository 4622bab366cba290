package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// What a client is told when nothing more is tried: whether to try again
// itself, and after how long if that is known.
func TestFinalErrors(t *testing.T) {
	quota := `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProject"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3600s"}]}}`
	for _, c := range []struct {
		name   string
		status int
		body   string
		// what the client gets: Claude's, OpenAI's and Google's status
		claude, openai, google int
		again                  bool
		after                  string
	}{
		{"the key is refused", 401, `{"error":{"code":401,"message":"API key expired","status":"UNAUTHENTICATED"}}`, 500, 500, 500, false, ""},
		{"the key is refused with 400", 400, `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`, 500, 500, 500, false, ""},
		{"the account is forbidden", 403, forbidden, 500, 500, 500, false, ""},
		{"the account must pay", 402, `{"error":{"code":402,"message":"pay"}}`, 500, 500, 500, false, ""},
		{"rate limit", 429, minute, 429, 429, 429, true, "2"},
		{"rate limit without a delay", 429, `{"error":{"code":429,"message":"slow down"}}`, 429, 429, 429, true, "5"},
		{"quota of the day", 429, quota, 429, 429, 429, false, "3600"},
		{"overloaded", 503, overload, 529, 503, 503, true, ""},
		{"server error", 500, `{"error":{"code":500,"message":"oops"}}`, 500, 500, 500, true, ""},
		{"time-out", 504, `<html>`, 504, 504, 504, true, ""},
		{"no such model", 404, `{"error":{"code":404,"message":"models/x is not found"}}`, 404, 404, 404, false, ""},
		{"invalid", 400, refusal("Request contains an invalid argument."), 400, 400, 400, false, ""},
		{"never heard of", 418, ``, 500, 500, 500, false, ""},
		{"an empty answer", 200, "", 500, 500, 500, true, ""},
		{"an error under 200", 200, "data: " + strings.ReplaceAll(minute, "\n", "") + "\n\n", 429, 429, 429, true, "2"},
		{"a forbidden account under 200", 200, "data: " + forbidden + "\n\n", 500, 500, 500, false, ""},
	} {
		for _, d := range askings {
			for i, mode := range []string{"stream", "whole"} {
				t.Run(c.name+"/"+d.name+"/"+mode, func(t *testing.T) {
					r := newRig(t, func(cfg *Config) {
						cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:1]
						cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 1}}
					})
					a := r.begin(1, "")
					a.in.Path = d.path[i]
					send(t, a, d.ask(mode == "stream", "", "", "hi"))
					reply := answerWith(a, c.status, c.body).Reply
					if reply == nil || reply.Verdict != policies.Fail {
						t.Fatalf("%+v", reply)
					}
					want := map[string]int{"claude": c.claude, "gemini": c.google}[d.name]
					if want == 0 {
						want = c.openai
					}
					if reply.Status != want || strings.Contains(string(reply.Body), "project 123") || strings.Contains(string(reply.Body), "expired") {
						t.Errorf("%d %s, want %d", reply.Status, reply.Body, want)
					}
					said := reply.Headers.Get("x-should-retry")
					if wantSaid := map[bool]string{true: "true", false: "false"}[c.again]; said != wantSaid && d.name != "gemini" {
						t.Errorf("x-should-retry %q, want %q", said, wantSaid)
					}
					if after := reply.Headers.Get("retry-after"); after != c.after {
						t.Errorf("retry-after %q, want %q", after, c.after)
					}
				})
			}
		}
	}
}

// A delay that an earlier attempt was told of is over, or nearly, when the
// last one has failed without a word.
func TestRetryAfterIsNotStale(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:2] })
	first := r.retry(t, 1, "", ask, 429, minute, policies.Retry)
	second := r.retry(t, 2, first.Memory, ask, 200, "", policies.Retry)
	last := r.retry(t, 3, second.Memory, ask, 200, "", policies.Fail)
	if last.Status != 429 || last.Headers.Get("retry-after") != "" || last.Headers.Get("x-should-retry") != "true" {
		t.Errorf("%d %v", last.Status, last.Headers)
	}
}

// With another account to go to, the client may well come back.
func TestRefusedKeyAmongOthers(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 1}} })
	reply := r.retry(t, 1, "", ask, 403, forbidden, policies.Fail)
	if reply.Status != 500 || reply.Headers.Get("x-should-retry") != "true" || reply.Reason != heal.ReasonForbidden {
		t.Errorf("%d %s %v", reply.Status, reply.Reason, reply.Headers)
	}
}

// heald's own last word says less than upstream's.
func TestLastWord(t *testing.T) {
	r := newRig(t, nil)
	first := r.retry(t, 1, "", ask, 503, overload, policies.Retry)
	reply := r.begin(5, first.Memory).RequestHeaders() // three attempts were lost
	if reply == nil || reply.Status != 529 || reply.Reason != heal.ReasonLost || !strings.Contains(string(reply.Body), "overloaded") {
		t.Errorf("%+v", reply)
	}
}
