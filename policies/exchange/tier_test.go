package exchange

import (
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
)

const (
	capacityHeader = "x-vertex-ai-llm-request-type"
	tierHeader     = "x-vertex-ai-llm-shared-request-type"

	exceedsBought = `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Too many requests. Exceeded the Provisioned Throughput."}}`
	shortShared   = `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Resource exhausted, please try again later."}}`
	overloaded    = `{"error":{"code":503,"status":"UNAVAILABLE","message":"The model is overloaded."}}`
)

// askTier asks for the alias top, with a tier of the client's own.
const askTier = `{"model":"top","service_tier":"flex","messages":[{"role":"user","content":"hi"}]}`

// inTiers plays a request through its attempts. Each upstream reply comes with
// what must have been asked for before it: the tier in the body, the two headers.
type tierStep struct {
	at               string // backend/model, and the chain's tier
	body             string // serviceTier
	shared, capacity string // headers
	asked            string // as the records have it
	status           int
	reply            string
}

func inTiers(t *testing.T, r rig, to *told, path, body string, steps []tierStep) policies.Action {
	t.Helper()
	memory, act := "", policies.Action{}
	for i, s := range steps {
		a := r.begin(i+1, memory)
		a.in.Path = path
		f := send(t, a, body)
		if got := a.chosen().String(); got != s.at {
			t.Fatalf("attempt %d goes to %s, want %s", i+1, got, s.at)
		}
		tier := ""
		if _, after, ok := strings.Cut(string(f.Body), `"serviceTier":"`); ok {
			tier, _, _ = strings.Cut(after, `"`)
		}
		if strings.Count(string(f.Body), "serviceTier") > 1 {
			t.Errorf("attempt %d: two tiers in %s", i+1, f.Body)
		}
		if tier != s.body || f.Set.Get(tierHeader) != s.shared || f.Set.Get(capacityHeader) != s.capacity {
			t.Errorf("attempt %d asks for %q in the body, %q and %q; want %q, %q and %q", i+1,
				tier, f.Set.Get(tierHeader), f.Set.Get(capacityHeader), s.body, s.shared, s.capacity)
		}
		act = answerWith(a, s.status, s.reply)
		if got := to.last().TierAsked; got != s.asked {
			t.Errorf("attempt %d: the record says that %q was asked for, want %q", i+1, got, s.asked)
		}
		if act.Reply != nil {
			memory = act.Reply.Memory
			if i+1 < len(steps) && (!act.Reply.Verdict.Again() || act.Reply.Wait != 0) {
				t.Fatalf("attempt %d: verdict %v with a wait of %v, want another attempt at once", i+1, act.Reply.Verdict, act.Reply.Wait)
			}
		}
	}
	return act
}

// The tier of a chain's entry is the owner's choice: it wins over the client's,
// and where it is not answered the next one is asked for, at once.
func TestTiersOfAChain(t *testing.T) {
	const native = `{"serviceTier":"flex","contents":[{"role":"user","parts":[{"text":"hi"}]}]}`
	for _, c := range []struct {
		name  string
		chain route.Chain
		steps []tierStep
	}{
		{"the client's, where the chain names none", route.Chain{{Model: "pro", Backend: "a"}}, []tierStep{
			{at: "a/pro", body: "flex", asked: "flex", status: 200, reply: hello + stop}}},
		{"AI Studio: priority, then standard", route.Chain{{Model: "pro", Backend: "a", Tier: "priority"}, {Model: "pro", Backend: "a", Tier: "standard"}}, []tierStep{
			{at: "a/pro (priority)", body: "priority", asked: "priority", status: 503, reply: overloaded},
			{at: "a/pro (standard)", body: "standard", asked: "standard", status: 200, reply: hello + stop}}},
		{"Vertex AI: flex, then what the client wants", route.Chain{{Model: "pro", Backend: "b", Tier: "priority"}, {Model: "pro", Backend: "b"}}, []tierStep{
			{at: "b/pro (priority)", shared: "priority", asked: "priority", status: 429, reply: shortShared},
			{at: "b/pro", shared: "flex", asked: "flex", status: 200, reply: hello + stop}}},
		{"what was bought, then the next entry", route.Chain{{Model: "pro", Backend: "b", Tier: "dedicated"}, {Model: "pro", Backend: "b", Tier: "priority"}}, []tierStep{
			{at: "b/pro (dedicated)", capacity: "dedicated", asked: "dedicated", status: 429, reply: exceedsBought},
			{at: "b/pro (priority)", shared: "priority", capacity: "shared", asked: "priority", status: 200, reply: hello + stop}}},
		{"what was bought, then what all share", route.Chain{{Model: "pro", Backend: "b", Tier: "dedicated"}}, []tierStep{
			{at: "b/pro (dedicated)", capacity: "dedicated", asked: "dedicated", status: 429, reply: exceedsBought},
			{at: "b/pro (dedicated)", capacity: "shared", asked: "shared", status: 200, reply: hello + stop}}},
		{"the client's tier, of what all share", route.Chain{{Model: "pro", Backend: "b"}}, []tierStep{
			{at: "b/pro", shared: "flex", asked: "flex", status: 429, reply: exceedsBought},
			{at: "b/pro", shared: "flex", capacity: "shared", asked: "flex", status: 200, reply: hello + stop}}},
	} {
		for _, api := range []struct{ path, body string }{{"/v1/chat/completions", askTier}, {"/v1beta/models/top:generateContent", native}} {
			t.Run(c.name+" "+api.path, func(t *testing.T) {
				r, to := newRecorded(t, func(cfg *Config) { cfg.Models.Aliases = map[string]route.Chain{"top": c.chain} })
				if act := inTiers(t, r, to, api.path, api.body, c.steps); act.Reply != nil {
					t.Errorf("the client gets %d %s", act.Reply.Status, act.Reply.Body)
				}
			})
		}
	}
}

// Throughput that was bought and is used up keeps back neither the account nor
// the backend: the next request asks for it again.
func TestProvisionedThroughputKeepsNothingBack(t *testing.T) {
	r, to := newRecorded(t, func(cfg *Config) {
		cfg.Models.Aliases = map[string]route.Chain{"top": {{Model: "pro", Backend: "b", Tier: "dedicated"}}}
	})
	for range 3 {
		inTiers(t, r, to, "/v1/chat/completions", askTier, []tierStep{
			{at: "b/pro (dedicated)", capacity: "dedicated", asked: "dedicated", status: 429, reply: exceedsBought},
			{at: "b/pro (dedicated)", capacity: "shared", asked: "shared", status: 200, reply: hello + stop},
		})
		if first := to.attempts[len(to.attempts)-2]; first.Reason != heal.ReasonProvisioned {
			t.Errorf("reason %s", first.Reason)
		}
	}
	// Said again of what all share, it is a shortage like others: no third time.
	inTiers(t, r, to, "/v1/chat/completions", askTier, []tierStep{
		{at: "b/pro (dedicated)", capacity: "dedicated", asked: "dedicated", status: 429, reply: exceedsBought},
		{at: "b/pro (dedicated)", capacity: "shared", asked: "shared", status: 429, reply: exceedsBought},
	})
	if got := to.last().Reason; got != heal.ReasonRateLimit {
		t.Errorf("reason %s", got)
	}
}

// Moves from tier to tier are told and counted.
func TestTierHops(t *testing.T) {
	r, counted := chained(t, route.Chain{{Model: "pro", Backend: "b", Tier: "flex"}, {Model: "pro", Backend: "b", Tier: "standard"}}, nil).counting(t)
	a := r.choosing(t, 2, []heal.Try{{Backend: "b", Account: "b-1", Model: "pro", Tier: "flex", Verdict: policies.Failover, OfModel: true, OfTier: true,
		Failure: heal.Passing, Reason: heal.ReasonOverloaded}})
	if got, want := a.hops(), []string{"failover: left pro at b in tier flex (upstream_overloaded)"}; !reflect.DeepEqual(got, want) {
		t.Errorf("hops %q, want %q", got, want)
	}
	if n := counted("heald_failovers_total", "tier"); n != 1 {
		t.Errorf("%v moves between tiers are counted, want 1", n)
	}
}

// Where the chain asks for a tier, what the request may cost is reserved at that
// tier's price.
func TestTierIsReserved(t *testing.T) {
	cost := func(tier string) int64 {
		r := newRig(t, func(cfg *Config) {
			cfg.Models.Aliases = map[string]route.Chain{"top": {{Model: "gemini-2.5-flash", Backend: "b", Tier: tier}}}
		})
		r.prices = price.New(price.Config{})
		a := r.choosing(t, 1, nil)
		all := a.expect(a.order())
		if all.Cost == nil {
			t.Fatalf("tier %q: nothing is known of the cost", tier)
		}
		return *all.Cost
	}
	standard := cost("")
	if flex, priority := cost("flex"), cost("priority"); flex >= standard || priority <= standard {
		t.Errorf("flex %d, standard %d, priority %d", flex, standard, priority)
	}
	for _, tier := range []string{"standard", "dedicated", "shared"} {
		if got := cost(tier); got != standard {
			t.Errorf("%s costs %d, want %d", tier, got, standard)
		}
	}
}
