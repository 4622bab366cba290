package exchange

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/state"
	"github.com/heald-proxy/heald/policies/state/memory"
	"github.com/heald-proxy/heald/policies/tenant"
)

// budgeted is a rig with prices, whose tenant a has limits.
func budgeted(t *testing.T, limits tenant.Limits) (rig, state.Store) {
	t.Helper()
	r := newRig(t, func(c *Config) {
		c.Tenants = callers(t, tenant.Tenant{Name: "a", Keys: keysOf(keyOfA), Limits: limits}, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB)})
	})
	store := memory.New()
	t.Cleanup(func() { _ = store.Close() })
	x, err := New(r.cfg, Deps{Log: zap.NewNop(), Metrics: NewMetrics(prometheus.NewRegistry()), State: store, Prices: price.New(price.Config{}), Random: func() float64 { return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	x.random = r.random
	return rig{x, r.log}, store
}

// used is the end of an answer that has used so many tokens.
func used(input, output int64) string {
	return fmt.Sprintf(`data: {"candidates":[{"content":{"parts":[{"text":"Hello"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":%d,"candidatesTokenCount":%d,"totalTokenCount":%d}}`+"\n\n", input, output, input+output)
}

// A hundred requests at once, in all dialects, use no more than the budget and what
// the estimates were too low; and in the end exactly what was used is counted.
func TestBudgetsUnderLoad(t *testing.T) {
	for name, limit := range map[string]float64{"tokens/hour": 60_000, "money/hour": 0.25} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, store := budgeted(t, tenant.Limits{name: limit})
				most := int64(limit)
				if strings.HasPrefix(name, "money") {
					most = int64(limit * 1e6)
				}
				var mu sync.Mutex
				var all sync.WaitGroup
				var sum, low, admitted int64
				for i := range 100 {
					all.Go(func() {
						random := rand.New(rand.NewPCG(uint64(i), 7))
						api := bodies[i%len(bodies)]
						text := strings.Repeat("word ", 100+random.IntN(300))
						body := strings.NewReplacer("%s", "gemini-3.5-flash", `hi"`, text+`"`, `"max_tokens":9`, `"max_tokens":400`).Replace(api.body)
						a := r.headOnly("POST", strings.ReplaceAll(api.path, "%s", "gemini-3.5-flash"), "x-api-key", keyOfA)
						a.in.Headers.Set(policies.HeaderSet, "queue_wait=1s")
						if reply := a.RequestHeaders(); reply != nil {
							t.Errorf("%d %s", reply.Status, reply.Body)
							return
						}
						defer a.Close(policies.EndComplete)
						_, reply := a.RequestBody(context.Background(), []byte(body))
						if reply != nil {
							if reply.Status != 429 || reply.Reason != heal.ReasonTenantBudget {
								t.Errorf("%d %s", reply.Status, reply.Body)
							}
							return
						}
						reserved := a.reserved.Budgets[0].Amount
						time.Sleep(time.Duration(random.IntN(1000)) * time.Millisecond)
						u := record.Usage{Input: int64(float64(len(body)) / 4 * (0.7 + 0.6*random.Float64())), Output: 20 + int64(random.IntN(2000))}
						if a.size.most > 0 {
							u.Output = min(u.Output, a.size.most)
						}
						real := u.Input + u.Output
						if most != int64(limit) {
							real = (*r.prices.Cost("gemini-3.5-flash", "", time.Now(), &u).Nano + 999) / 1000
						}
						a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
						a.ResponseBody([]byte(used(u.Input, u.Output)), true)
						mu.Lock()
						defer mu.Unlock()
						admitted, sum, low = admitted+1, sum+real, low+max(0, real-reserved)
					})
				}
				all.Wait()
				if sum > most+low {
					t.Errorf("%d were used of %d, and the estimates were %d too low", sum, most, low)
				}
				if low > most/4 {
					t.Errorf("the estimates of %d requests were %d too low", admitted, low)
				}
				if admitted < 3 || admitted == 100 {
					t.Errorf("%d of 100 were admitted", admitted)
				}
				// What is left is the limit less what was used, to the token.
				take := func(amount int64) state.Taken {
					now := time.Now()
					want := r.Exchange.tenants.Load().Tenants()[0].Want(tenant.Estimate{}, now)
					want.Budgets[0].Amount = amount
					taken, err := store.Take(context.Background(), &state.Want{Tenant: want})
					if err != nil {
						t.Fatal(err)
					}
					return taken
				}
				left := max(most-sum, 0)
				if got := take(left + 1); got.Tenant == "" {
					t.Errorf("there is more left than %d", left)
				}
				if got := take(left); got.Tenant != "" && left > 0 {
					t.Errorf("there is less left than %d", left)
				}
			})
		})
	}
}

// reservation is what an attempt has reserved of the only budget, less what its
// input is expected to be.
func (r rig) reservation(t *testing.T, path, body string) int64 {
	t.Helper()
	a := r.headOnly("POST", path, "x-api-key", keyOfA)
	send(t, a, body)
	defer a.Close(policies.EndCancelled)
	if want := (int64(len(body)) + 3) / 4; len(a.size.media) == 0 && a.expected(a.model).Input != want {
		t.Errorf("%s: an input of %d tokens is expected, want %d", body, a.expected(a.model).Input, want)
	}
	return a.reserved.Budgets[0].Amount - a.expected(a.model).Input
}

// Of the output as much is reserved as the client allows, and no more than 19 of 20
// of the tenant's answers have had.
func TestOutputIsReserved(t *testing.T) {
	const (
		claude, chat, native, embed = "/v1/messages", "/v1/chat/completions", "/v1beta/models/gemini-3.5-flash:generateContent", "/v1/embeddings"

		messages = `"messages":[{"role":"user","content":"hi"}]}`
	)
	r, _ := budgeted(t, tenant.Limits{"tokens/day": 1e9})
	for _, c := range []struct {
		name, path, body string
		want             int64
	}{
		{"a small limit", claude, `{"model":"gemini-3.5-flash","max_tokens":100,` + messages, 100},
		{"a large limit", claude, `{"model":"gemini-3.5-flash","max_tokens":64000,` + messages, 4096},
		{"none", chat, `{"model":"gemini-3.5-flash",` + messages, 4096},
		{"three answers", chat, `{"model":"gemini-2.0-flash","n":3,"max_tokens":100,` + messages, 300},
		{"in native words", native, `{"generationConfig":{"maxOutputTokens":77},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, 77},
		{"as a string", native, `{"generation_config":{"max_output_tokens":"77"},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, 77},
		{"three native answers", "/v1beta/models/gemini-2.0-flash:generateContent", `{"generationConfig":{"candidateCount":3,"maxOutputTokens":77},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, 231},
		{"numbers whose product wraps around to 8", "/v1beta/models/gemini-2.0-flash:generateContent", `{"generationConfig":{"candidateCount":8,"maxOutputTokens":2305843009213693953},"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, 4096},
		{"a native request without a limit", native, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, 4096},
		{"vectors", embed, `{"model":"gemini-embedding-001","input":"hi"}`, 0},
	} {
		if got := r.reservation(t, c.path, c.body); got != c.want {
			t.Errorf("%s: %d tokens of output are reserved, want %d", c.name, got, c.want)
		}
	}
	for range 30 {
		a := r.headOnly("POST", claude, "x-api-key", keyOfA)
		send(t, a, `{"model":"gemini-3.5-flash","max_tokens":64000,`+messages)
		answerWith(a, 200, used(22, 50))
	}
	if got := r.reservation(t, claude, `{"model":"gemini-3.5-flash","max_tokens":64000,`+messages); got < 50 || got > 400 {
		t.Errorf("after answers of 50 tokens %d are reserved", got)
	}
	if got := r.reservation(t, claude, `{"model":"gemini-3.6-flash","max_tokens":64000,`+messages); got != 4096 {
		t.Errorf("of another model %d are reserved", got)
	}
}

// Media count by the table, not by their bytes, also in native requests.
func TestMediaAreEstimated(t *testing.T) {
	image := strings.Repeat("iVBORw0K", 100_000)
	r, _ := budgeted(t, tenant.Limits{"tokens/day": 1e9})
	for path, body := range map[string]string{
		"/v1/messages": `{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"` + image + `"}}]}]}`,
		"/v1beta/models/gemini-3.5-flash:generateContent": `{"generationConfig":{"maxOutputTokens":100},"contents":[{"role":"user","parts":[{"inline_data":{"mime_type":"image/png","data":"` + image + `"}}]}]}`,
	} {
		a := r.headOnly("POST", path, "x-api-key", keyOfA)
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatalf("%s", reply.Body)
		}
		a.RequestBody(context.Background(), []byte(body))
		if got := a.reserved.Budgets[0].Amount; got < 1120+100 || got > 1120+200 {
			t.Errorf("%s: %d tokens are reserved for an image of 1,120", path, got)
		}
		a.Close(policies.EndCancelled)
	}
}

// outcomes keeps what the accounts are told of an attempt's end.
type outcomes struct {
	account.Lease
	got account.Outcome
}

func (l *outcomes) Done(o account.Outcome) {
	l.got = o
	l.Lease.Done(o)
}

// What an attempt has really used is settled, and counts for the queue: estimated
// where it was cut off, nothing of an error.
func TestSettlement(t *testing.T) {
	const body = `{"model":"gemini-3.5-flash","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hi"}]}`
	guess := (int64(len(body)) + 3) / 4
	micros := func(input, output int64) int64 { return (input*1500 + output*9000 + 999) / 1000 } // $1.50 and $9.00 per million
	for _, c := range []struct {
		name    string
		end     func(*attempt)
		service int64
		used    []int64 // requests, tokens, money
	}{
		{"answered", func(a *attempt) { answerWith(a, 200, used(30, 20)) }, 30 + 4*20, []int64{1, 50, micros(30, 20)}},
		{"an error", func(a *attempt) { answerWith(a, 503, overload) }, 0, []int64{1, 0, 0}},
		{"the client left before anything came", func(a *attempt) { a.Close(policies.EndCancelled) }, guess, []int64{1, guess, micros(guess, 0)}},
		{"nothing came", func(a *attempt) {
			a.Wake()
			a.Close(policies.EndComplete)
		}, guess, []int64{1, guess, micros(guess, 0)}},
	} {
		r, _ := budgeted(t, tenant.Limits{"requests/day": 1e6, "tokens/day": 1e9, "money/day": 1000})
		a := r.headOnly("POST", "/v1/messages", "x-api-key", keyOfA)
		send(t, a, body)
		to := &outcomes{Lease: a.lease}
		a.lease = to
		c.end(a)
		if got := to.got; !got.Sent || got.Service != c.service || fmt.Sprint(got.Used) != fmt.Sprint(c.used) {
			t.Errorf("%s: service %d, used %v; want %d, %v", c.name, got.Service, got.Used, c.service, c.used)
		}
	}
}

// Where models without a price are denied, a tenant with a budget of money gets
// none of them, and is told so in the words of its API.
func TestUnpricedModels(t *testing.T) {
	const unpriced = "gemini-9-odd"
	for _, c := range []struct {
		name, model, key string
		unknown          price.OnUnknown
		money, refused   bool
	}{
		{"denied", unpriced, keyOfA, price.Deny, true, true},
		{"allowed", unpriced, keyOfA, price.Allow, true, false},
		{"without a budget of money", unpriced, keyOfA, price.Deny, false, false},
		{"a tenant without limits", unpriced, keyOfB, price.Deny, true, false},
		{"a model with a price", "gemini-3.5-flash", keyOfA, price.Deny, true, false},
		{"an alias that also leads to one with a price", "both", keyOfA, price.Deny, true, false},
	} {
		for i, api := range bodies {
			limits := tenant.Limits{"tokens/day": 1e9}
			if c.money {
				limits = tenant.Limits{"money/day": 1}
			}
			r, _ := budgeted(t, limits)
			r.cfg.Models.Aliases = map[string]route.Chain{"both": {{Model: unpriced}, {Model: "gemini-3.5-flash"}}}
			r.prices = price.New(price.Config{OnUnknown: c.unknown})
			a, forward, reply := r.askAs(i, c.model, c.key)
			a.Close(policies.EndCancelled)
			if (reply != nil) != c.refused {
				t.Errorf("%s, %s: refused %t", c.name, api.name, reply != nil)
				continue
			}
			if c.refused {
				refusedAs(t, reply, 403, heal.ReasonTenantModel, api.permission, c.key)
				if !strings.Contains(string(reply.Body), "price") || !strings.Contains(string(reply.Body), unpriced) {
					t.Errorf("%s: %s", api.name, reply.Body)
				}
			} else if c.model == "both" && (a.model != "gemini-3.5-flash" || forward == nil) {
				t.Errorf("%s: asks for %s", api.name, a.model)
			}
		}
	}
}

// Requests are counted by tenant, and those of nobody have no name.
func TestTenantRequestsAreCounted(t *testing.T) {
	r := shared(t)
	answerWith(sendingBody(t, r.begin(1, "", "x-api-key", keyOfB), ask), 200, hello+stop)
	answerWith(sendingBody(t, r.begin(1, "", "x-api-key", keyOfB), ask), 400, refusal("no"))
	for _, key := range []string{keyOfOff, "the-key-of-nobody-01234567"} {
		a := r.begin(1, "", "x-api-key", key)
		a.RequestHeaders()
		a.Close(policies.EndComplete)
	}
	for label, want := range map[[2]string]float64{{"b", "passed"}: 1, {"b", "failed"}: 1, {"off", "failed"}: 1, {"", "failed"}: 1} {
		if got := testutil.ToFloat64(r.metrics.tenants.WithLabelValues(label[0], label[1])); got != want {
			t.Errorf("%v: %v, want %v", label, got, want)
		}
	}
	if n := testutil.CollectAndCount(r.metrics.tenants); n != 4 {
		t.Errorf("%d series", n)
	}
	r = newRig(t, nil)
	answerWith(sendingBody(t, r.begin(1, ""), ask), 200, hello+stop)
	if got := testutil.ToFloat64(r.metrics.tenants.WithLabelValues("default", "passed")); got != 1 {
		t.Errorf("without tenants: %v", got)
	}
}
