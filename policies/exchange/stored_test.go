package exchange

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/tenant"
)

// The next attempt knows what another replica has learned, with Envoy's count of
// attempts and without.
func TestStoredMemoryReachesAnotherReplica(t *testing.T) {
	for name, numbers := range map[string]func(*attempt) *attempt{"counted by Envoy": func(a *attempt) *attempt { return a }, "counted by the store": unnumbered} {
		t.Run(name, func(t *testing.T) {
			one, two, store := replicas(t, nil)
			isForbidden(t, numbers(one.begin(1, "")), ask)
			first := store.calls()
			second := numbers(two.begin(2, ""))
			send(t, second, ask)
			if second.account.ID != "a-2" || second.number != 2 || second.lost != 0 || second.memory.Known() != 1 {
				t.Errorf("attempt %d asks %s, knows %d, %d lost", second.number, second.account.ID, second.memory.Known(), second.lost)
			}
			answerWith(second, 200, hello+stop)
			wantFirst, wantSecond := "0 counts, 0 gets, 1 puts", "1 counts, 1 gets, 0 puts"
			if name == "counted by the store" { // and it is told of the request's end
				wantFirst, wantSecond = "1 counts, 1 gets, 1 puts", "1 counts, 1 gets, 1 puts"
			}
			if got := store.calls(); first != wantFirst || got != wantSecond {
				t.Errorf("calls %s, then %s", first, got)
			}
		})
	}
}

// A request that Envoy calls the first attempt asks the store nothing, nor do
// policies whose memory is in the header.
func TestStoreIsNotAskedForNothing(t *testing.T) {
	one, _, store := replicas(t, nil)
	isAnswered(t, one.begin(1, ""), ask)
	if got := store.calls(); got != "0 counts, 0 gets, 0 puts" {
		t.Error(got)
	}
	header, _, store := replicas(t, func(c *Config) { c.Policies = nil })
	send(t, header.begin(1, ""), ask)
	memory := answerWith(func() *attempt { a := header.begin(1, ""); send(t, a, ask); return a }(), 403, forbidden).Reply.Memory
	isAnswered(t, header.begin(2, memory), ask)
	if got := store.calls(); memory == "" || got != "0 counts, 0 gets, 0 puts" {
		t.Errorf("memory %q, %s", memory, got)
	}
}

// A memory is kept while the next attempt waits and runs, and a minute longer.
func TestStoredMemoryOutlivesTheNextAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, two, store := replicas(t, nil)
		first := one.begin(1, "")
		isForbidden(t, first, ask)
		s := one.cfg.Policies[route.DefaultPolicy]
		if life := store.lives[0]; life != first.record.wait+s.MaxWait+s.Peek.Timeout+time.Minute {
			t.Errorf("kept for %v", life)
		}
		lost := two.begin(2, "")
		send(t, lost, ask)
		time.Sleep(s.Peek.Timeout)
		lost.Close(policies.EndCancelled)
		third := one.begin(3, "")
		send(t, third, ask)
		if third.memory.Known() != 1 || third.lost != 1 {
			t.Errorf("knows %d, %d lost", third.memory.Known(), third.lost)
		}
		third.Close(policies.EndCancelled)
		time.Sleep(store.lives[0])
		late := two.begin(4, "")
		if r := late.RequestHeaders(); r != nil {
			t.Fatal(r.Reason)
		}
		_, r := late.RequestBody(t.Context(), []byte(ask))
		if late.memory.Known() != 0 || r != nil {
			t.Errorf("knows %d after its end, refused: %v", late.memory.Known(), r)
		}
		late.Close(policies.EndCancelled)
	})
}

// Another request of the client with the same id, at the same time, neither gets the
// memory, nor counts, nor takes its place.
func TestStoredMemoryOfAnotherBody(t *testing.T) {
	for _, numbered := range []bool{true, false} {
		one, two, _ := replicas(t, nil)
		begin := func(r rig, n int) *attempt {
			if numbered {
				return r.begin(n, "")
			}
			return unnumbered(r.begin(n, ""))
		}
		isForbidden(t, begin(one, 1), ask)
		other := begin(two, 1)
		send(t, other, saying("other"))
		if other.memory.Known() != 0 || other.lost != 0 || other.number != 1 || other.account.ID != "a-1" {
			t.Errorf("numbered %v: attempt %d asks %s, knows %d, %d lost", numbered, other.number, other.account.ID, other.memory.Known(), other.lost)
		}
		answerWith(other, 503, overload) // it leaves a memory, too
		for body, reason := range map[string]string{ask: heal.ReasonForbidden, saying("other"): heal.ReasonOverloaded} {
			next := begin(two, 2)
			send(t, next, body)
			if next.number != 2 || next.lost != 0 || next.memory.Known() != 1 || next.memory.Tries[0].Reason != reason {
				t.Errorf("numbered %v: attempt %d, %d lost, knows %+v, want %s", numbered, next.number, next.lost, next.memory.Tries, reason)
			}
			next.Close(policies.EndCancelled)
		}
	}
}

// A client that uses one id and one body for all its requests gets an answer to
// each: a request that has ended is no attempt of the next one.
func TestRequestIDsUsedAgain(t *testing.T) {
	one, two, _ := replicas(t, nil)
	for range 6 {
		isForbidden(t, unnumbered(one.begin(1, "")), ask)
		again := unnumbered(two.begin(1, ""))
		isAnswered(t, again, ask)
		if again.number != 2 || again.lost != 0 || again.memory.Known() != 1 {
			t.Fatalf("attempt %d knows %d, %d lost", again.number, again.memory.Known(), again.lost)
		}
		one.accounts, two.accounts = newRig(t, nil).accounts, newRig(t, nil).accounts // nothing is kept back
	}
	// With Envoy's count, a memory that knows more than there was is of another.
	two, count := two.counting(t)
	isForbidden(t, one.begin(1, ""), ask)
	isForbidden(t, one.begin(2, ""), ask)
	second := two.begin(2, "")
	send(t, second, ask)
	second.Close(policies.EndCancelled)
	if second.number != 2 || second.memory.Known() != 0 || count("heald_memory_total", "other_request") != 1 {
		t.Errorf("attempt %d knows %d", second.number, second.memory.Known())
	}
}

// lose plays an attempt whose replica dies: nobody closes it.
func lose(t *testing.T, a *attempt) {
	t.Helper()
	send(t, a, ask)
}

// The second lost attempt is final: by the store's count as well as by Envoy's. But
// attempts that reached no replica are none.
func TestLostAttemptsByTheStore(t *testing.T) {
	for _, c := range []struct {
		name     string
		numbers  []int // by Envoy; 0 is none
		lost     int   // that the last attempt knows
		refusals int
	}{
		{"one is forgiven", []int{0, 0}, 1, 0},
		{"two are not", []int{0, 0, 0}, 2, 1},
		{"two, by Envoy's count", []int{1, 2, 3}, 2, 1},
		{"Envoy could not connect twice", []int{3}, 1, 0},
		{"nor after the first", []int{1, 4}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two, _ := replicas(t, nil)
			var last *attempt
			for i, n := range c.numbers {
				r := []rig{one, two}[i%2]
				a := r.begin(max(n, 1), "")
				if n == 0 {
					unnumbered(a)
				}
				if i < len(c.numbers)-1 {
					lose(t, a)
					continue
				}
				last = a
			}
			if reply := last.RequestHeaders(); reply != nil {
				t.Fatal(reply.Reason)
			}
			_, reply := last.RequestBody(t.Context(), []byte(ask))
			if last.lost != c.lost || (reply != nil) != (c.refusals > 0) || reply != nil && reply.Reason != heal.ReasonLost {
				t.Errorf("%d lost, reply %+v", last.lost, reply)
			}
		})
	}
}

// A store that fails, or hangs, costs the memory and no request.
func TestStoreDown(t *testing.T) {
	for _, hangs := range []bool{false, true} {
		for _, numbered := range []bool{true, false} {
			t.Run(fmt.Sprintf("hangs %v, numbered %v", hangs, numbered), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					one, two, store := replicas(t, nil)
					two, count := two.counting(t)
					store.down.Store(!hangs)
					store.hangs.Store(hangs)
					begin := func(r rig, n int) *attempt {
						if numbered {
							return r.begin(n, "")
						}
						return unnumbered(r.begin(n, ""))
					}
					isForbidden(t, begin(one, 1), ask)
					isForbidden(t, begin(two, 2), ask)
					isForbidden(t, begin(one, 3), ask) // nobody takes the others for lost
					began := time.Now()
					last := begin(two, 4)
					send(t, last, ask)
					if waited := time.Since(began); waited > storeTime {
						t.Errorf("waits %v for the store", waited)
					}
					if last.lost != 0 || last.memory.Known() != 0 || count("heald_memory_total", "store_failed") != 2 || count("heald_memory_total", "not_stored") != 1 {
						t.Errorf("%d lost, knows %d, counted %v and %v", last.lost, last.memory.Known(),
							count("heald_memory_total", "store_failed"), count("heald_memory_total", "not_stored"))
					}
					for _, line := range []string{"the store does not tell all of earlier attempts", "the store did not take the memory for the next attempt"} {
						if one.log.FilterMessage(line).Len() == 0 || two.log.FilterMessage(line).Len() == 0 {
							t.Errorf("a replica does not log that %s", line)
						}
					}
					answerWith(last, 200, hello+stop)
				})
			})
		}
	}
}

// The client that leaves ends the wait for the store.
func TestClientLeavesWhileTheStoreHangs(t *testing.T) {
	one, _, store := replicas(t, nil)
	store.hangs.Store(true)
	a := one.begin(2, "")
	if reply := a.RequestHeaders(); reply != nil {
		t.Fatal(reply.Reason)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if _, reply := a.RequestBody(ctx, []byte(ask)); reply == nil || reply.Reason != heal.ReasonClientGone {
		t.Errorf("%+v", reply)
	}
	a.Close(policies.EndCancelled)
}

// Without request ids there is nothing to find a memory by. It is said once.
func TestStoredMemoryNeedsRequestIDs(t *testing.T) {
	one, _, store := replicas(t, nil)
	one, count := one.counting(t)
	for n := 1; n <= 3; n++ {
		a := one.begin(n, "")
		a.in.Headers = lacking(a.in.Headers, policies.HeaderRequestID)
		isForbidden(t, a, ask)
		if a.lost != 0 {
			t.Errorf("attempt %d: %d lost", n, a.lost)
		}
	}
	if n := one.log.FilterMessageSnippet("request ids are missing").Len(); n != 1 {
		t.Errorf("said %d times", n)
	}
	if got := store.calls(); got != "0 counts, 0 gets, 0 puts" || count("heald_memory_total", "no_id") != 3 {
		t.Errorf("%s, counted %v", got, count("heald_memory_total", "no_id"))
	}
}

// No tenant reaches another's memory, and none learns of its count.
func TestStoredMemoryIsTheTenants(t *testing.T) {
	one, two, _ := replicas(t, func(c *Config) {
		c.Tenants = callers(t, tenant.Tenant{Name: "a", Keys: keysOf(keyOfA)}, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB)})
	})
	as := func(r rig, key string) *attempt {
		return unnumbered(r.begin(1, "", "x-api-key", key, "authorization", ""))
	}
	isForbidden(t, as(one, keyOfA), ask)
	b := as(two, keyOfB)
	send(t, b, ask)
	if b.number != 1 || b.memory.Known() != 0 || b.account.ID != "a-1" {
		t.Errorf("the other tenant's attempt %d asks %s, knows %d", b.number, b.account.ID, b.memory.Known())
	}
	b.Close(policies.EndCancelled)
	a := as(two, keyOfA)
	send(t, a, ask)
	if a.number != 2 || a.memory.Known() != 1 {
		t.Errorf("its own attempt %d knows %d", a.number, a.memory.Known())
	}
	a.Close(policies.EndCancelled)
}

// Clients choose ids and bodies: what is kept of them is short.
func TestStoredMemoryIsBounded(t *testing.T) {
	one, _, store := replicas(t, nil)
	store.Store = &keysSeen{Store: store.Store, t: t}
	a := one.begin(1, "", "x-request-id", strings.Repeat("i", 50_000))
	isForbidden(t, unnumbered(a), saying(strings.Repeat("long ", 20_000)))
	if n := store.Store.(*keysSeen).calls.Load(); n != 3 {
		t.Errorf("%d calls", n)
	}
}

type keysSeen struct {
	state.Store
	t     *testing.T
	calls atomic.Int64
}

func (k *keysSeen) see(key state.Key, value []byte) {
	k.calls.Add(1)
	if len(key.ID) > 100 || len(value) > 5000 {
		k.t.Errorf("a key of %d bytes, a value of %d", len(key.ID), len(value))
	}
}

func (k *keysSeen) Get(ctx context.Context, key state.Key) ([]byte, error) {
	k.see(key, nil)
	return k.Store.Get(ctx, key)
}

func (k *keysSeen) Count(ctx context.Context, key state.Key, life time.Duration) (int64, error) {
	k.see(key, nil)
	return k.Store.Count(ctx, key, life)
}

func (k *keysSeen) Put(ctx context.Context, key state.Key, value []byte, life time.Duration) error {
	k.see(key, value)
	return k.Store.Put(ctx, key, value, life)
}

// Deps.State is the store that memories are kept in.
func TestMemoryStoreIsTheStateStore(t *testing.T) {
	store := &watched{Store: memory.New()}
	x, err := New(newRig(t, nil).cfg, Deps{Log: zap.NewNop(), Metrics: NewMetrics(prometheus.NewRegistry()), State: store})
	if err != nil || x.store != state.Store(store) {
		t.Errorf("%v, %v", x.store, err)
	}
	if _, err := (route.Settings{}).WithDefaults().Override("memory=store"); err != nil {
		t.Error(err)
	}
	if _, err := (route.Settings{}).WithDefaults().Override("memory=redis"); err == nil || errors.Is(err, state.ErrUnavailable) {
		t.Error("memory=redis is taken")
	}
}

// A value in the store that nobody can read costs the memory and no request.
func TestStoredMemoryThatCannotBeRead(t *testing.T) {
	for _, c := range []struct {
		name, value string
		lost        int // an attempt without a memory is one, unless it is not known what it left
		metric      string
	}{
		{"no JSON", "{", 1, "absent"},
		{"nothing sealed", "{}", 1, "absent"},
		{"sealed by nobody", `{"m":"1.x.y.z"}`, 0, "unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			one, two, store := replicas(t, nil)
			two, count := two.counting(t)
			isForbidden(t, one.begin(1, ""), ask)
			next := two.begin(2, "")
			if reply := next.RequestHeaders(); reply != nil {
				t.Fatal(reply.Reason)
			}
			next.stored.body = checksum([]byte(ask)) // for the key
			if err := store.Store.Put(t.Context(), next.storeKey(), []byte(c.value), time.Minute); err != nil {
				t.Fatal(err)
			}
			if _, reply := next.RequestBody(t.Context(), []byte(ask)); reply != nil {
				t.Fatal(reply.Reason)
			}
			if next.number != 2 || next.memory.Known() != 0 || next.lost != c.lost || count("heald_memory_total", c.metric) != 1 {
				t.Errorf("attempt %d knows %d, %d lost, %s counted %v", next.number, next.memory.Known(), next.lost, c.metric, count("heald_memory_total", c.metric))
			}
			next.Close(policies.EndCancelled)
		})
	}
}

// countsAnew has a counter that can begin anew, as when its life has ended before that
// of the memory.
type countsAnew struct {
	state.Store
	counters state.Store
}

func (c *countsAnew) Count(ctx context.Context, key state.Key, life time.Duration) (int64, error) {
	return c.counters.Count(ctx, key, life)
}

// A counter that has begun anew is not taken for attempts of the request that ended.
func TestStoreCountsAnew(t *testing.T) {
	one, two, store := replicas(t, nil)
	counts := &countsAnew{Store: store.Store, counters: memory.New()}
	store.Store = counts
	isForbidden(t, unnumbered(one.begin(1, "")), ask)
	isAnswered(t, unnumbered(two.begin(1, "")), ask)
	counts.counters = memory.New()
	lose(t, unnumbered(one.begin(1, "")))
	second := unnumbered(two.begin(1, ""))
	send(t, second, ask)
	if second.number != 2 || second.lost != 1 || second.memory.Known() != 0 {
		t.Errorf("attempt %d knows %d, %d lost", second.number, second.memory.Known(), second.lost)
	}
	second.Close(policies.EndCancelled)
}
