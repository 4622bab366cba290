package exchange

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/route"
)

// loses plays an attempt whose connection breaks while its reply is held. The
// stream's end may come after the next attempt's beginning: it is returned.
func (r rig) loses(t *testing.T, body string) (at *attempt, ends func()) {
	t.Helper()
	a := r.begin(1, "")
	send(t, a, body)
	a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
	return a, func() { a.Close(policies.EndCancelled) }
}

func goesTo(a *attempt) string { return a.backend.Name + "/" + a.model + "/" + a.account.ID }

// The attempt after one that was lost goes elsewhere: to another backend that is
// ready, else to another account, else, where the loss is known, to another model.
// Another replica does not know, and assumes what it would have asked.
func TestLostAttemptIsLeft(t *testing.T) {
	both := route.Chain{{Model: "pro"}, {Model: "lite"}}
	onlyA := route.Chain{{Model: "pro", Backend: "a"}, {Model: "lite", Backend: "a"}}
	for _, c := range []struct {
		name     string
		chain    route.Chain
		accounts int // of a
		change   func(rig)
		same     string // where the attempt of the same replica goes
		other    string // and that of another one
		warning  string // of the same replica's
		assumed  string // of the other's
	}{
		{"two backends", both, 2, nil, "b/pro/b-1", "b/pro/b-1",
			"failover: left pro at a (connection broke)", "failover: passed over pro at a (an attempt was lost)"},
		{"two accounts", onlyA, 2, nil, "a/pro/a-2", "a/pro/a-2", "", ""},
		{"two models", onlyA, 1, nil, "a/lite/a-1", "a/pro/a-1", "failover: left pro at a (connection broke)", ""},
		{"nothing else", onlyA[:1], 1, nil, "a/pro/a-1", "a/pro/a-1", "", ""},
		{"the other backend is held back", both[:1], 2, func(r rig) { r.fail("b", "pro", true) }, "a/pro/a-2", "a/pro/a-2", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			replica := func() rig {
				r := newRig(t, func(cfg *Config) {
					cfg.Models.Aliases = map[string]route.Chain{"top": c.chain}
					cfg.Accounts = append(cfg.Accounts[:c.accounts:c.accounts], cfg.Accounts[2])
				})
				if c.change != nil {
					c.change(r)
				}
				return r
			}
			one, other := replica(), replica()
			a, ends := one.loses(t, askTop)
			if goesTo(a) != "a/pro/a-1" {
				t.Fatalf("begins at %s", goesTo(a))
			}
			for _, s := range []struct {
				r             rig
				want, warning string
			}{{one, c.same, c.warning}, {other, c.other, c.assumed}} {
				next := s.r.begin(2, "")
				send(t, next, askTop)
				if goesTo(next) != s.want || next.warning() != s.warning {
					t.Errorf("the next attempt goes to %s, warning %q; want %s, %q", goesTo(next), next.warning(), s.want, s.warning)
				}
			}
			ends()
		})
	}
}

// The request began with the attempt that was lost, also for its deadline.
func TestLossKeepsTheBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := newRecorded(t, nil)
		began := time.Now()
		_, ends := r.loses(t, ask)
		time.Sleep(2 * time.Second)
		ends()
		second := r.begin(2, "")
		send(t, second, ask)
		time.Sleep(time.Second)
		answerWith(second, 200, hello+stop)
		q, last := to.request(), to.last()
		if !q.Time.Equal(began) || q.Duration != record.Duration(3*time.Second) || q.FirstByte != q.Duration || q.FirstContent != q.Duration || last.Began != record.Duration(2*time.Second) {
			t.Errorf("began %v late, %v long, first byte after %v, first content after %v, attempt 2 after %v",
				q.Time.Sub(began), time.Duration(q.Duration), time.Duration(q.FirstByte), time.Duration(q.FirstContent), time.Duration(last.Began))
		}
		_, ends = r.loses(t, ask)
		time.Sleep(4 * time.Minute)
		ends()
		second = r.begin(2, "")
		send(t, second, ask)
		if left := second.untilDeadline(); left != 6*time.Minute {
			t.Errorf("%v are left of 10 minutes", left)
		}
		second.Close(policies.EndCancelled)
	})
}

// What the attempt after a loss has found out goes on with the request, and does
// not count as an attempt that left a memory: a second loss is final.
func TestLossGoesWithTheRequest(t *testing.T) {
	r := chained(t, route.Chain{{Model: "pro"}}, nil)
	_, ends := r.loses(t, askTop)
	ends()
	second := r.begin(2, "")
	send(t, second, askTop)
	memory := answerWith(second, 503, overload).Reply.Memory
	third := r.begin(3, memory)
	send(t, third, askTop)
	if l := third.memory.Lost; third.lost != 1 || l == nil || *l != (heal.LostTry{Backend: "a", Account: "a-1", Model: "pro", Known: true, Left: true, Number: 1, Status: 200, Used: l.Used}) || !l.Used.Known || third.backend.Name != "b" {
		t.Errorf("attempt 3 at %s: %d lost, %+v", goesTo(third), third.lost, l)
	}
	third.Close(policies.EndCancelled)
	if reply := r.begin(4, memory).RequestHeaders(); reply == nil || reply.Reason != heal.ReasonLost {
		t.Errorf("after a second loss: %+v", reply)
	}
}

// If the place to which the request has gone fails for good, the attempt that is
// left goes back, and the client is told the whole way.
func TestBackToWhereOneWasLost(t *testing.T) {
	r := chained(t, route.Chain{{Model: "pro"}}, nil)
	_, ends := r.loses(t, askTop)
	ends()
	second := r.begin(2, "")
	send(t, second, askTop)
	third := r.begin(3, answerWith(second, 403, forbidden).Reply.Memory)
	send(t, third, askTop)
	want := "failover: left pro at a (connection broke); failover: left pro at b (account_forbidden)"
	if third.backend.Name != "a" || third.warning() != want {
		t.Errorf("goes to %s, warning %q", third.backend.Name, third.warning())
	}
}

// The second loss, which is final, counts against its backend, too.
func TestSecondLossHoldsBack(t *testing.T) {
	r := chained(t, route.Chain{{Model: "pro"}}, nil)
	for n := range 2 {
		body := strings.Replace(askTop, "hi", fmt.Sprint("hi ", n), 1)
		_, ends := r.loses(t, body)
		ends()
		second := r.begin(2, "")
		if send(t, second, body); second.backend.Name != "b" {
			t.Fatalf("attempt 2 goes to %s", second.backend.Name)
		}
		second.Close(policies.EndCancelled)
		if reply := r.begin(3, "").RequestHeaders(); reply == nil || reply.Reason != heal.ReasonLost {
			t.Fatalf("attempt 3: %+v", reply)
		}
		r.answer("a-1", "pro") // or the next request begins at b
	}
	if !r.held("b", "pro") {
		t.Error("b is not held back")
	}
}

// Breaks of two different requests hold a backend back; those of one request do
// not, nor does a client that leaves, nor an attempt that failed or was answered.
func TestLossesHoldBack(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(t *testing.T, r rig, body string)
		same bool // the same body each time
		want bool
	}{
		{"two requests", lostOnce, false, true},
		{"one request, twice", lostOnce, true, false},
		{"clients that leave", func(t *testing.T, r rig, body string) {
			_, ends := r.loses(t, body)
			ends()
		}, false, false},
		{"one that passed before", func(t *testing.T, r rig, body string) {
			a, ends := r.loses(t, body)
			a.ResponseBody([]byte(hello), false)
			ends()
			send(t, r.begin(2, ""), body)
		}, false, false},
		{"a count", func(t *testing.T, r rig, body string) {
			a := r.begin(1, "")
			a.in.Path = "/v1/messages/count_tokens"
			send(t, a, body)
			a.Close(policies.EndCancelled)
			send(t, r.begin(2, ""), body)
		}, false, false},
		{"heald's own fault", func(t *testing.T, r rig, body string) {
			a := r.begin(1, "")
			send(t, a, body)
			a.Close(policies.EndPanic)
			send(t, r.begin(2, ""), body)
		}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := chained(t, route.Chain{{Model: "pro"}}, nil)
				for n := range 2 {
					if c.same {
						n = 0
					}
					c.play(t, r, strings.Replace(askTop, "hi", fmt.Sprint("hi ", n), 1))
				}
				if got := r.held("a", "pro"); got != c.want {
					t.Errorf("held back: %t", got)
				}
			})
		})
	}
}

func lostOnce(t *testing.T, r rig, body string) {
	t.Helper()
	_, ends := r.loses(t, body)
	ends()
	next := r.begin(2, "")
	send(t, next, body)
	answerWith(next, 200, hello+stop)
}

// A first attempt with the same id as one whose client left is no retry of it.
func TestFirstAttemptIsNotLost(t *testing.T) {
	r := chained(t, route.Chain{{Model: "pro"}}, nil)
	_, ends := r.loses(t, askTop)
	ends()
	a := r.begin(1, "")
	if send(t, a, askTop); a.backend.Name != "a" || a.memory.Lost != nil {
		t.Errorf("goes to %s: %+v", a.backend.Name, a.memory.Lost)
	}
}

// Attempts under way are bounded, in number and in time.
func TestUnderwayIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u underway
		for n := range 3 * mostUnderway {
			u.begin(&sentTo{requestID: fmt.Sprint(n), sum: account.RequestSum(n), at: time.Now()})
		}
		last := fmt.Sprint(3*mostUnderway - 1)
		if len(u.known) != mostUnderway || u.order.Len() != mostUnderway || u.take("0") != nil || u.take(last) == nil || u.take(last) != nil {
			t.Errorf("%d are kept, or not the last ones", len(u.known))
		}
		time.Sleep(underwayLife)
		if u.take(fmt.Sprint(3*mostUnderway-2)) != nil {
			t.Error("kept for too long")
		}
		u.begin(&sentTo{requestID: "new", at: time.Now()})
		if len(u.known) != 1 || u.order.Len() != 1 || u.take("new") == nil {
			t.Errorf("%d are kept that nobody asks for any more", len(u.known)-1)
		}
	})
}
