package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	dayQuota = `{"error":{"code":429,"message":"You exceeded your current quota.","status":"RESOURCE_EXHAUSTED","details":[` +
		`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]},` +
		`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"90s"}]}}`
	internal = `{"error":{"code":500,"message":"Internal error encountered.","status":"INTERNAL"}}`
	revoked  = `{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`
)

// The last attempt meets an account that is spent. The client is told so only
// if no other place has failed just in passing: that one would answer it.
func TestSpentAccountIsNotTheLastWord(t *testing.T) {
	silent := func(a *attempt) policies.Action { return a.Wake() }
	says := func(status int, body string) func(*attempt) policies.Action {
		return func(a *attempt) policies.Action { return answerWith(a, status, body) }
	}
	local := func(details string) func(*attempt) policies.Action {
		return func(a *attempt) policies.Action {
			return a.ResponseHeaders(&policies.Response{Status: 503, Details: details})
		}
	}
	unreached := local("upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused}")
	for _, c := range []struct {
		name   string
		places int
		plays  []func(*attempt) policies.Action // one for each attempt
		text   string
		again  bool
	}{
		{"an error, then the quota", 3, []func(*attempt) policies.Action{says(500, internal), says(429, dayQuota)}, "Internal error", true},
		{"an error, then a key that was revoked", 3, []func(*attempt) policies.Action{says(500, internal), says(400, revoked)}, "Internal error", true},
		{"silence, then the quota", 3, []func(*attempt) policies.Action{silent, says(429, dayQuota)}, "sent no answer in time", true},
		{"no connection, then the quota", 3, []func(*attempt) policies.Action{unreached, says(429, dayQuota)}, "could not be reached", true},
		{"the quota, then silence", 3, []func(*attempt) policies.Action{says(429, dayQuota), silent}, "sent no answer in time", true},
		{"the quota, silence, the quota", 3, []func(*attempt) policies.Action{says(429, dayQuota), silent, says(429, dayQuota)}, "sent no answer in time", true},
		{"the quota, an error, silence", 3, []func(*attempt) policies.Action{says(429, dayQuota), says(500, internal), silent}, "Internal error", true},
		{"the quota everywhere", 3, []func(*attempt) policies.Action{says(429, dayQuota), says(429, dayQuota)}, "exceeded your current quota", false},
		{"an error and the quota at one place", 1, []func(*attempt) policies.Action{says(500, internal), says(429, dayQuota)}, "exceeded your current quota", false},
		{"a key and the quota", 3, []func(*attempt) policies.Action{says(400, revoked), says(429, dayQuota)}, "exceeded your current quota", false},
	} {
		for _, w := range wires {
			for _, stream := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/stream %t", c.name, w.name, stream), func(t *testing.T) {
					r := newRig(t, func(cfg *Config) {
						cfg.Backends, cfg.Accounts = nil, nil
						for i := range c.places {
							name := string(rune('a' + i))
							cfg.Backends = append(cfg.Backends, route.Backend{Name: name, Kind: route.AIStudio})
							cfg.Accounts = append(cfg.Accounts, account.Account{ID: name + "-1", Backend: name, Secret: account.NewSecret("key-" + name)})
						}
						cfg.Policies = map[string]route.Settings{"default": {Attempts: len(c.plays)}}
					})
					memory := ""
					for n, play := range c.plays {
						a := r.begin(n+1, memory)
						w.sayHi(t, a, stream)
						reply := play(a).Reply
						if memory = reply.Memory; n < len(c.plays)-1 {
							if memory == "" {
								t.Fatalf("attempt %d ends the request: %s", n+1, reply.Body)
							}
							continue
						}
						if !strings.Contains(string(reply.Body), c.text) || (reply.Status < 500) == c.again {
							t.Errorf("%d %s", reply.Status, reply.Body)
						}
						if after, should := reply.Headers.Get("retry-after"), reply.Headers.Get("x-should-retry"); c.again && (after != "" || should == "false") {
							t.Errorf("retry-after %q, x-should-retry %q", after, should)
						}
					}
				})
			}
		}
	}
}
