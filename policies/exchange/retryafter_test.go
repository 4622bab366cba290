package exchange

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// quotaOf is a 429 for a quota with a limit, and without a delay.
func quotaOf(id, limit string) string {
	return fmt.Sprintf(`{"error":{"code":429,"message":"x","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":%q,"quotaValue":%q}]}]}}`, id, limit)
}

// Who is told in the end that upstream refuses for a while is told for how long
// that is, also where upstream did not say so, in every API; and nothing where
// nobody knows or somebody else is ready.
func TestComeBack(t *testing.T) {
	const bare = `{"error":{"code":429,"message":"slow down"}}`
	const noCapacity = `{"error":{"code":503,"message":"x","status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"MODEL_CAPACITY_EXHAUSTED"}]}}`
	apis := append(bodies[:len(bodies):len(bodies)], bodies[0])
	apis[len(bodies)].name, apis[len(bodies)].path, apis[len(bodies)].body = "completions", "/v1/completions", `{"model":"%s","prompt":"hi"}`
	for _, c := range []struct {
		name     string
		accounts int
		others   func(r rig)
		attempts int
		status   int
		body     string
		after    func() string
	}{
		{"a rate limit", 1, nil, 1, 429, bare, seconds(5)},
		{"a rate limit with a delay", 1, nil, 1, 429, minute, seconds(2)},
		{"a rate limit, twice", 1, nil, 2, 429, bare, seconds(10)},
		{"a quota of a minute", 1, nil, 1, 429, quotaOf("GenerateRequestsPerMinutePerProjectPerModel", "10"), seconds(5)},
		{"the quota of a day", 1, nil, 1, 429, quotaOf("GenerateRequestsPerDayPerProjectPerModel", "10"), func() string {
			return fmt.Sprint(int(time.Until(account.DayEnds(time.Now())).Seconds()))
		}},
		{"no quota", 1, nil, 1, 429, quotaOf("GenerateRequestsPerDayPerProjectPerModel", "0"), seconds(0)},
		{"no money", 1, nil, 1, 429, quotaOf("GenerateRequestsPerDayPerProject", "0"), seconds(0)},
		{"no capacity", 1, nil, 1, 503, noCapacity, seconds(5)},
		{"an overload", 1, nil, 1, 503, overload, seconds(0)},
		{"another account is ready", 2, nil, 1, 429, bare, seconds(0)},
		{"another account is ready sooner", 2, func(r rig) { r.cool("a-2", "gemini-2.0-flash", heal.ReasonRateLimit, 3*time.Second) }, 1, 429, bare, seconds(3)},
	} {
		for _, api := range apis {
			t.Run(c.name+"/"+api.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, func(cfg *Config) {
						cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:c.accounts]
						cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: c.attempts}}
					})
					if c.others != nil {
						c.others(r)
					}
					memory := ""
					for n := 1; ; n++ {
						a := r.begin(n, memory)
						a.in.Path = strings.ReplaceAll(api.path, "%s", "gemini-2.0-flash")
						send(t, a, strings.ReplaceAll(api.body, "%s", "gemini-2.0-flash"))
						reply := answerWith(a, c.status, c.body).Reply
						if memory = reply.Memory; n < c.attempts {
							continue
						}
						want := c.after()
						if got := reply.Headers.Get("retry-after"); got != want || memory != "" {
							t.Errorf("retry-after %q, want %q: %d %s", got, want, reply.Status, reply.Body)
						}
						if in := `"retryDelay": "` + want + `s"`; api.name == "gemini" && strings.Contains(string(reply.Body), in) != (want != "") {
							t.Errorf("want %s in %s", in, reply.Body)
						}
						return
					}
				})
			})
		}
	}
}

// seconds is a header of so many.
func seconds(n int) func() string {
	if n == 0 {
		return func() string { return "" }
	}
	return func() string { return fmt.Sprint(n) }
}
