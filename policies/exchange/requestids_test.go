package exchange

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// A request that comes under another id right after another attempt was asked for
// is told of; nothing that clients do by themselves is, nor anything while memories
// are found.
func TestRequestIDsThatChange(t *testing.T) {
	for _, c := range []struct {
		name  string
		next  func(r rig) (*attempt, string) // after the attempt under id-1
		later time.Duration
		found bool // a memory was, shortly before
		want  float64
	}{
		{"another id", func(r rig) (*attempt, string) { return r.begin(2, "", "x-request-id", "id-2"), ask }, 0, false, 1},
		{"another id, uncounted", func(r rig) (*attempt, string) { return unnumbered(r.begin(1, "", "x-request-id", "id-2")), ask }, 0, false, 1},
		{"another id, while memories are found", func(r rig) (*attempt, string) { return r.begin(2, "", "x-request-id", "id-2"), ask }, 0, true, 0},
		{"the same id", func(r rig) (*attempt, string) { return unnumbered(r.begin(1, "")), ask }, 0, false, 0},
		{"another body", func(r rig) (*attempt, string) {
			return unnumbered(r.begin(1, "", "x-request-id", "id-2")), saying("other")
		}, 0, false, 0},
		{"much later", func(r rig) (*attempt, string) { return unnumbered(r.begin(1, "", "x-request-id", "id-2")), ask }, 20 * time.Second, false, 0},
		{"another tenant", func(r rig) (*attempt, string) {
			return unnumbered(r.begin(1, "", "x-request-id", "id-2", "x-api-key", keyOfB, "authorization", "")), ask
		}, 0, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				one, _, _ := replicas(t, func(cfg *Config) {
					cfg.Tenants = callers(t, tenant.Tenant{Name: "a", Keys: keysOf(keyOfA, "client-secret")}, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB)})
				})
				one, count := one.counting(t)
				if c.found {
					isForbidden(t, one.begin(1, "", "x-request-id", "id-0", "authorization", ""), saying("before"))
					isAnswered(t, one.begin(2, "", "x-request-id", "id-0", "authorization", ""), saying("before"))
				}
				one.accounts = newRig(t, nil).accounts // nothing is kept back
				isForbidden(t, one.begin(1, "", "authorization", ""), ask)
				time.Sleep(c.later)
				next, body := c.next(one)
				next.in.Headers = lacking(next.in.Headers, "authorization")
				send(t, next, body)
				if next.unread != map[float64]string{1: "other_id"}[c.want] {
					t.Errorf("the record says %q", next.unread)
				}
				next.Close(policies.EndCancelled)
				if n := count("heald_memory_total", "other_id"); n != c.want {
					t.Errorf("counted %v, want %v", n, c.want)
				}
				if n := one.log.FilterMessageSnippet("request ids seem to change").Len(); float64(n) != c.want {
					t.Errorf("said %d times", n)
				}
				one.Close()
			})
		})
	}
}

// It is said once an hour, however often it happens, and what is kept is bounded.
func TestRequestIDsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r requestIDs
		for i := range 3 * mostAskedAgain {
			r.ask(fmt.Sprint("body", i), "id", 0)
		}
		if len(r.asked) != mostAskedAgain || r.changed("body0", "other") || !r.changed(fmt.Sprint("body", 3*mostAskedAgain-1), "other") {
			t.Errorf("%d are kept, the oldest or not the latest", len(r.asked))
		}
		r.ask("body", "first", 0)
		r.ask("body", "second", 0)
		if r.changed("body", "first") {
			t.Error("an id that was asked for again is told of as another one")
		}
		var h hourly
		said := 0
		for range 121 { // two hours
			if h.now() {
				said++
			}
			time.Sleep(time.Minute)
		}
		if said != 3 {
			t.Errorf("said %d times in two hours", said)
		}
	})
}

// Where Envoy does not count attempts, it is said what that means for the memory.
func TestAttemptsThatAreNotCounted(t *testing.T) {
	for memory, line := range map[string]string{"header": "attempts that are lost with their replica are not counted", "store": "so the store counts them"} {
		r := newRig(t, func(c *Config) {
			c.Policies = map[string]route.Settings{route.DefaultPolicy: {Memory: memory}}
		})
		r, count := r.counting(t)
		for range 3 {
			isAnswered(t, unnumbered(r.begin(1, "")), ask)
		}
		isAnswered(t, r.begin(1, ""), ask)
		if n := count("heald_memory_total", "no_count"); n != 3 {
			t.Errorf("%s: counted %v", memory, n)
		}
		if n := r.log.FilterMessageSnippet("does not tell the number of attempts").FilterMessageSnippet(line).Len(); n != 1 {
			t.Errorf("%s: said %d times", memory, n)
		}
	}
}

// Another id is told of as long as the next attempt may come, with Envoy's own part
// of the wait, and not while a memory that was found proves that ids stay.
func TestRequestIDsInTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		stays time.Duration // a memory was found so long before; -1 for never
		later time.Duration
		want  bool
	}{
		{"at once", -1, 0, true},
		{"at the last moment", -1, 3*time.Second + retryLag, true},
		{"too late", -1, 3*time.Second + retryLag + 1, false},
		{"after a memory was found", 0, 0, false},
		{"as long as that proves it", idsProven - time.Second - 1, time.Second, false},
		{"later", idsProven - time.Second, time.Second, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			var r requestIDs
			if c.stays >= 0 {
				r.stay("any", "id")
				time.Sleep(c.stays)
			}
			r.ask("body", "first", 2*time.Second)
			time.Sleep(c.later)
			if got := r.changed("body", "second"); got != c.want {
				t.Errorf("%s: told %v", c.name, got)
			}
			if r.changed("body", "second") {
				t.Errorf("%s: told twice", c.name)
			}
		})
	}
	// What was found is not waited for any more; others are.
	var r requestIDs
	for _, id := range []string{"a", "b", "c"} {
		r.ask("body", id, 0)
	}
	r.stay("body", "b")
	r.stay("other", "a")
	if len(r.asked) != 2 || r.asked[0].id != "a" || r.asked[1].id != "c" {
		t.Errorf("waits for %+v", r.asked)
	}
}
