package exchange

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	serviceOff = `{"error":{"code":403,"message":"Generative Language API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com"}]}}`
	nextMinute = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerMinutePerProjectPerModel","quotaValue":"10"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"7s"}]}}`
)

// keysAt has so many keys at the first backend, each of a project of its own, and
// one at the second.
func keysAt(keys, attempts int) func(*Config) {
	return func(cfg *Config) {
		cfg.Backends = []route.Backend{{Name: "a", Kind: route.AIStudio}, {Name: "b", Kind: route.AIStudio}}
		cfg.Accounts = []account.Account{{ID: "b-1", Backend: "b", Project: "q", Secret: account.NewSecret("key-b")}}
		for i := range keys {
			id := fmt.Sprint("a-", i+1)
			cfg.Accounts = append(cfg.Accounts, account.Account{ID: id, Backend: "a", Project: "p-" + id, Secret: account.NewSecret("key-" + id)})
		}
		cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: attempts}}
	}
}

// Whatever all accounts of a backend refuse: a request has an attempt left for
// another backend that is ready. Before that it asks this one's other accounts, or
// the same one again, as the verdict says.
func TestLastAttemptGoesToAnotherBackend(t *testing.T) {
	others := func(keys, attempts int) int { return min(keys, attempts-1) }
	again := func(_, attempts int) int { return attempts - 1 }
	once := func(_, _ int) int { return 1 }
	for _, c := range []struct {
		answered
		here func(keys, attempts int) int // attempts at the first backend
	}{
		{answered{"bad key", 400, badKey}, others},
		{answered{"401", 401, ""}, others},
		{answered{"402", 402, ""}, others},
		{answered{"403", 403, forbidden}, others},
		{answered{"the service is disabled", 403, serviceOff}, others},
		{answered{"quota of the day", 429, perDay}, others},
		{answered{"no credit", 429, noCredit}, others},
		{answered{"rate limit", 429, nextMinute}, others},
		{answered{"rate limit, too long a delay", 429, longRate}, others},
		{answered{"429 without details", 429, ""}, others},
		{answered{"429 under 200", 200, "data: " + quotaOf("GenerateRequestsPerMinute", "10") + "\n\n"}, others},
		{answered{"billing", 400, noBilling}, once},
		{answered{"no such model", 404, noModel}, once},
		{answered{"no capacity", 429, noCapacity}, once},
		{answered{"silence", 0, ""}, once},
		{answered{"500", 500, internal}, again},
		{answered{"503", 503, overload}, again},
		{answered{"an empty answer", 200, ""}, again},
	} {
		for _, attempts := range []int{2, 3} {
			for keys := 1; keys <= 3; keys++ {
				t.Run(fmt.Sprintf("%s/%d attempts, %d keys", c.name, attempts, keys), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := newRig(t, keysAt(keys, attempts))
						var want []string
						for range c.here(keys, attempts) {
							want = append(want, "a")
						}
						if got := r.until(t, "b", c.answered); !slices.Equal(got, append(want, "b")) {
							t.Errorf("asks %v, want %v and b", got, want)
						}
					})
				})
			}
		}
	}
}

// until plays a request, each attempt of which is answered so, until it comes to a
// backend or ends. It returns the backends that it asked.
func (r rig) until(t *testing.T, backend string, with answered) (asked []string) {
	t.Helper()
	memory := ""
	for n := 1; ; n++ {
		a := r.begin(n, memory)
		send(t, a, ask)
		if asked = append(asked, a.backend.Name); a.backend.Name == backend {
			a.Close(policies.EndComplete)
			return asked
		}
		var reply *policies.Reply
		if with.status == 0 {
			reply = a.Wake().Reply
			a.Close(policies.EndComplete)
		} else {
			reply = answerWith(a, with.status, with.body).Reply
		}
		if !reply.Verdict.Again() {
			return asked
		}
		memory = reply.Memory
		time.Sleep(reply.Wait)
	}
}

// A client is told the same, and what agrees, whether the last attempt found out
// that nobody is left, or one before, or others' requests: not to come back, and
// only of a quota when that will help. While somebody is left it may come back.
func TestRefusalsAgree(t *testing.T) {
	day := func() string {
		return fmt.Sprint(int((time.Until(account.DayEnds(time.Now())) + time.Second - 1) / time.Second))
	}
	none := func() string { return "" }
	for _, c := range []struct {
		answered
		left  string // x-should-retry while another account is left
		after func() string
	}{
		{answered{"bad key", 400, badKey}, "true", none},
		{answered{"the service is disabled", 403, serviceOff}, "true", none},
		{answered{"402", 402, ""}, "true", none},
		{answered{"quota of the day", 429, perDay}, "false", day},
		{answered{"no credit", 429, quotaOf("GenerateRequestsPerDayPerProject", "0")}, "false", none},
	} {
		for _, attempts := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("%s/%d attempts", c.name, attempts), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, keysAt(3, attempts))
					asked := map[string]bool{}
					for n := range 8 {
						reply := r.refusedBy(t, c.answered, asked)
						should, after := c.left, ""
						if len(asked) == 4 {
							should, after = "false", c.after()
						}
						if got := reply.Headers.Get("x-should-retry"); got != should || reply.Headers.Get("retry-after") != after {
							t.Errorf("request %d, %d accounts are out: x-should-retry %q, want %q; retry-after %q, want %q: %s",
								n+1, len(asked), got, should, reply.Headers.Get("retry-after"), after, reply.Body)
						}
					}
					if len(asked) != 4 {
						t.Errorf("asked %v", asked)
					}
				})
			})
		}
	}
}

// refusedBy is the last reply of a request, each attempt of which is answered so,
// and notes the accounts that it asked.
func (r rig) refusedBy(t *testing.T, with answered, asked map[string]bool) *policies.Reply {
	t.Helper()
	memory := ""
	for n := 1; ; n++ {
		a := r.begin(n, memory)
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatalf("refused by its headers: %s", reply.Body)
		}
		if _, reply := a.RequestBody(t.Context(), []byte(ask)); reply != nil {
			a.Close(policies.EndComplete)
			return reply
		}
		asked[a.account.ID] = true
		reply := answerWith(a, with.status, with.body).Reply
		if !reply.Verdict.Again() {
			return reply
		}
		memory = reply.Memory
		time.Sleep(reply.Wait)
	}
}
