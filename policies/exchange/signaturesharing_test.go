package exchange

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/tenant"
)

// sharing is a replica that shares a store, with a signature cache of its own.
func sharing(t *testing.T, store state.Store, change func(*Config)) rig {
	t.Helper()
	cfg := newRig(t, change).cfg
	m := NewMetrics(prometheus.NewRegistry())
	x, err := New(cfg, Deps{Log: zap.NewNop(), Metrics: m, Signatures: NewSignatures(m), State: store, Shared: true, Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.Close)
	return rig{Exchange: x}
}

func (r rig) result(name string) float64 {
	return testutil.ToFloat64(r.metrics.signatures.WithLabelValues(name))
}

// lossy is a client that loses the carriers of its calls, turn after turn.
type lossy struct {
	calls int
	first string // its first message
}

// turn is the n-th request of the conversation.
func (c *lossy) body() string {
	var out strings.Builder
	fmt.Fprintf(&out, `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi%s"}`, c.first)
	for i := range c.calls {
		fmt.Fprintf(&out, `,{"role":"assistant","content":[{"type":"tool_use","id":"mine%d","name":"ls","input":{"n":%d}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"mine%d","content":"x"}]}`, i, i, i)
	}
	return out.String() + "]}"
}

// signatureOf is that of the n-th call.
func signatureOf(n int) string { return strings.Repeat(fmt.Sprintf("c2ln%04d", n), 16) }

// turn plays the next turn at a replica, answered by a signed call, and returns
// what went upstream.
func (c *lossy) turn(t *testing.T, r rig, headers ...string) string {
	t.Helper()
	a := r.begin(1, "", headers...)
	sent := string(send(t, a, c.body()).Body)
	answerWith(a, 200, fmt.Sprintf(`data: {"candidates": [{"content": {"parts": [{"functionCall": {"name": "ls","args": {"n": %d},"id": "c"},"thoughtSignature": "%s"}],"role": "model"},"finishReason": "STOP"}]}`+"\r\n\r\n", c.calls, signatureOf(c.calls)))
	c.calls++
	return sent
}

// restored counts the signatures of earlier calls in a request.
func (c *lossy) restored(sent string) (n int) {
	for i := range c.calls {
		n += strings.Count(sent, `"thoughtSignature":"`+signatureOf(i)+`"`)
	}
	return n
}

// A conversation goes to and fro between replicas, and no signature is lost.
func TestSignaturesReachOtherReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &watched{Store: memory.New()}
		replicas := []rig{sharing(t, store, nil), sharing(t, store, nil)}
		c := &lossy{}
		for n := range 6 {
			if got := c.restored(c.turn(t, replicas[n%2])); got != n {
				t.Errorf("turn %d: %d of %d signatures", n, got, n)
			}
			synctest.Wait() // it has been put
		}
		// Replica 0 asks in turns 2 and 4, replica 1 in turns 1, 3 and 5.
		if got := store.calls(); got != "0 counts, 5 gets, 6 puts" {
			t.Error(got)
		}
		for _, life := range store.lives {
			if life != 2*time.Hour {
				t.Errorf("kept for %v", life)
			}
		}
		if one, two := replicas[0], replicas[1]; one.result(heal.SignatureFromStore) != 2 || two.result(heal.SignatureFromStore) != 3 ||
			one.result(heal.SignatureMiss)+two.result(heal.SignatureMiss) != 0 || one.result(heal.SignatureToStore) != 3 {
			t.Errorf("from the store %v and %v, missed %v and %v, put %v", one.result(heal.SignatureFromStore), two.result(heal.SignatureFromStore),
				one.result(heal.SignatureMiss), two.result(heal.SignatureMiss), one.result(heal.SignatureToStore))
		}
	})
}

// The store is not asked where nothing is missing, nor twice for what it does not
// have, nor where signatures are of no use.
func TestStoreIsNotAskedForSignaturesInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &watched{Store: memory.New()}
		r := sharing(t, store, nil)
		isAnswered(t, r.begin(1, ""), askWhole) // no calls
		if got := store.calls(); got != "0 counts, 0 gets, 0 puts" {
			t.Errorf("without calls: %s", got)
		}
		c := &lossy{}
		for range 4 {
			c.turn(t, r)
			synctest.Wait()
		}
		if got := store.calls(); got != "0 counts, 0 gets, 4 puts" {
			t.Errorf("at one replica: %s", got)
		}
		foreign := &lossy{calls: 3, first: " from elsewhere"} // its calls were signed by nobody
		for range 3 {
			send(t, r.begin(1, ""), foreign.body())
		}
		if got := store.calls(); got != "0 counts, 1 gets, 0 puts" {
			t.Errorf("what nobody knows: %s", got)
		}
		older := strings.Replace((&lossy{calls: 2, first: " you"}).body(), "gemini-3.5-flash", "gemini-2.5-flash", 1)
		send(t, r.begin(1, ""), older)
		if got := store.calls(); got != "0 counts, 0 gets, 0 puts" {
			t.Errorf("a model that does not insist: %s", got)
		}
		kept := newRig(t, nil)
		kept.signatures = NewSignatures(kept.metrics)
		alone := &lossy{}
		alone.turn(t, kept)
		if got := store.calls(); kept.sharing != nil || got != "0 counts, 0 gets, 0 puts" {
			t.Errorf("a store that is not shared: %s", got)
		}
	})
}

// Each tenant has its own, although all says the same.
func TestSharedSignaturesAreTheTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := map[string]string{"one": strings.Repeat("o", 30), "two": strings.Repeat("t", 30)}
		store := &watched{Store: memory.New()}
		tenants := func(c *Config) {
			c.Tenants = callers(t, tenant.Tenant{Name: "one", Keys: keysOf(keys["one"])}, tenant.Tenant{Name: "two", Keys: keysOf(keys["two"])})
		}
		as := func(name string) []string {
			return []string{"authorization", "Bearer " + keys[name], "x-api-key", keys[name]}
		}
		first, second := sharing(t, store, tenants), sharing(t, store, tenants)
		c := &lossy{}
		c.turn(t, first, as("one")...)
		synctest.Wait()
		again := *c
		if sent := again.turn(t, second, as("two")...); strings.Contains(sent, signatureOf(0)) {
			t.Errorf("another tenant gets the signature: %s", sent)
		}
		if got := c.restored(c.turn(t, second, as("one")...)); got != 1 {
			t.Errorf("its own tenant gets %d", got)
		}
		synctest.Wait()
	})
}

// keeping is a store that tells what was put last.
type keeping struct {
	state.Store
	key   state.Key
	value []byte
}

func (k *keeping) Put(ctx context.Context, key state.Key, value []byte, life time.Duration) error {
	k.key, k.value = key, bytes.Clone(value)
	return k.Store.Put(ctx, key, value, life)
}

// What was written by somebody without the key is ignored: altered, of another
// conversation or tenant, cut short, too large.
func TestForgedSignaturesAreIgnored(t *testing.T) {
	const key = "a-key-of-client-s"
	named := func(name string) func(*Config) {
		return func(c *Config) { c.Tenants = callers(t, tenant.Tenant{Name: name, Keys: keysOf(key)}) }
	}
	// sealed is the value of a conversation at a replica of its own.
	sealed := func(t *testing.T, c *lossy, change func(*Config)) []byte {
		store := &keeping{Store: memory.New()}
		c.turn(t, sharing(t, store, change), "x-api-key", key)
		synctest.Wait()
		return store.value
	}
	for name, forge := range map[string]func(t *testing.T, value []byte) []byte{
		"genuine":                 func(_ *testing.T, v []byte) []byte { return v },
		"altered":                 func(_ *testing.T, v []byte) []byte { v[len(v)-1] ^= 1; return v },
		"cut short":               func(_ *testing.T, v []byte) []byte { return v[:len(v)-1] },
		"shorter than any":        func(_ *testing.T, v []byte) []byte { return v[:5] },
		"too large":               func(_ *testing.T, v []byte) []byte { return append(v, make([]byte, heal.MostShared)...) },
		"of another tenant":       func(t *testing.T, _ []byte) []byte { return sealed(t, &lossy{}, named("another")) },
		"of another conversation": func(t *testing.T, _ []byte) []byte { return sealed(t, &lossy{first: " you"}, named("one")) },
		"sealed by a stranger": func(t *testing.T, _ []byte) []byte {
			return sealed(t, &lossy{}, func(c *Config) { named("one")(c); c.MemoryKeys = [][]byte{[]byte("strange")} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &keeping{Store: memory.New()}
				c := &lossy{}
				c.turn(t, sharing(t, store, named("one")), "x-api-key", key)
				synctest.Wait()
				if err := store.Put(context.Background(), store.key, forge(t, store.value), time.Hour); err != nil {
					t.Fatal(err)
				}
				two := sharing(t, store, named("one"))
				want := map[bool]float64{true: 1}[name == "genuine"]
				got := float64(c.restored(c.turn(t, two, "x-api-key", key)))
				if got != want || two.result(heal.SignatureFromStore) != want || two.result(heal.SignatureRejected) != 1-want {
					t.Errorf("%v signatures, %v rejected", got, two.result(heal.SignatureRejected))
				}
				synctest.Wait()
			})
		})
	}
}

// A store that is down or hangs costs no request more than its bound; what this
// replica remembers itself is found as ever.
func TestSignaturesWithoutTheStore(t *testing.T) {
	for name, fails := range map[string]func(*watched){
		"down":  func(w *watched) { w.down.Store(true) },
		"hangs": func(w *watched) { w.hangs.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := &watched{Store: memory.New()}
				fails(store)
				one, two := sharing(t, store, nil), sharing(t, store, nil)
				c := &lossy{}
				began := time.Now()
				c.turn(t, one)
				if got := c.restored(c.turn(t, one)); got != 1 || time.Since(began) != 0 {
					t.Errorf("%d signatures after %v", got, time.Since(began))
				}
				if got := c.restored(c.turn(t, two)); got != 0 || time.Since(began) > storeTime {
					t.Errorf("%d signatures after %v", got, time.Since(began))
				}
				one.Close()
				if one.result(heal.SignatureFailed) == 0 || two.result(heal.SignatureFailed) == 0 || one.result(heal.SignatureToStore) != 0 {
					t.Errorf("%v failed, %v put", one.result(heal.SignatureFailed), one.result(heal.SignatureToStore))
				}
			})
		})
	}
}

// What waits to be put is bounded, and close gives up in time.
func TestSignatureSharingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &watched{Store: memory.New()}
		store.hangs.Store(true)
		r := sharing(t, store, nil)
		for n := range mostSharing + 10 {
			(&lossy{first: fmt.Sprint(n)}).turn(t, r)
			synctest.Wait()
		}
		if got := r.result(heal.SignatureDropped); got != 9 { // one of them is being put
			t.Errorf("%v dropped", got)
		}
		began := time.Now()
		r.Close()
		if got := time.Since(began); got > lastSharing {
			t.Errorf("closed after %v", got)
		}
		if len(r.sharing.queue)+len(r.sharing.queued) != 0 {
			t.Error("something waits still")
		}
	})
}

// A signature that upstream refused at one replica is not sent by another.
func TestRefusedSignaturesAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &watched{Store: memory.New()}
		one, two := sharing(t, store, nil), sharing(t, store, nil)
		c := &lossy{}
		c.turn(t, one)
		synctest.Wait()
		a := one.begin(1, "")
		if sent := send(t, a, c.body()); c.restored(string(sent.Body)) != 1 {
			t.Fatalf("not sent: %s", sent.Body)
		}
		answerWith(a, 400, corrupted)
		synctest.Wait()
		if got := c.restored(c.turn(t, two)); got != 0 {
			t.Error("the refused signature is sent by the other replica")
		}
		synctest.Wait()
	})
}
