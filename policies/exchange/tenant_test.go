package exchange

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

const (
	keyOfA    = "the-key-of-tenant-a-012345"
	keyOfB    = "the-key-of-tenant-b-012345"
	keyOfOff  = "the-key-of-a-disabled-one-"
	keyOfPast = "the-key-whose-time-is-over"
)

// shared is a rig with several tenants: a may use one model and the alias
// "quick", b all.
func shared(t *testing.T) rig {
	return newRig(t, func(c *Config) {
		c.Models.Aliases = map[string]route.Chain{
			"quick": route.Only("gemini-3.5-flash"),
			"both":  {{Model: "gemini-3.5-flash"}, {Model: "gemini-3.8-flash"}},
		}
		past := tenant.Key{ID: "past", Hash: tenant.HashOf(keyOfPast), Expires: time.Now().Add(-time.Hour)}
		c.Tenants = callers(t,
			tenant.Tenant{Name: "a", Models: []string{"gemini-3.5-flash", "quick", "both"}, Keys: append(keysOf(keyOfA), past)},
			tenant.Tenant{Name: "b", Keys: keysOf(keyOfB)},
			tenant.Tenant{Name: "off", Disabled: true, Keys: keysOf(keyOfOff)})
	})
}

// bodies are a request for a model in the words of each API; %s is the model.
var bodies = []struct{ name, path, body, auth, permission string }{
	{"claude", "/v1/messages", `{"model":"%s","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`, `"type":"authentication_error"`, `"type":"permission_error"`},
	{"chat", "/v1/chat/completions", `{"model":"%s","messages":[{"role":"user","content":"hi"}]}`, `"code":"invalid_api_key"`, `"code":"insufficient_permissions"`},
	{"responses", "/v1/responses", `{"model":"%s","store":false,"input":"hi"}`, `"code":"invalid_api_key"`, `"code":"insufficient_permissions"`},
	{"gemini", "/v1beta/models/%s:generateContent", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`, `"status":"UNAUTHENTICATED"`, `"status":"PERMISSION_DENIED"`},
}

// askAs asks in the words of an API for a model, with a key.
func (r rig) askAs(i int, model, key string) (*attempt, *policies.Forward, *policies.Reply) {
	fill := func(text string) string { return strings.ReplaceAll(text, "%s", model) }
	return r.ask(fill(bodies[i].path), fill(bodies[i].body), "x-api-key", key, "authorization", "")
}

// Who may not call is told so in the words of the API, and nothing goes upstream.
func TestTenantsAreRefusedInEachDialect(t *testing.T) {
	damaged := tenant.Make().Reveal()
	damaged = damaged[:len(damaged)-2]
	for i, api := range bodies {
		for _, c := range []struct {
			name, key, model string
			status           int
			reason           string
			says             string
		}{
			{"no key", "", "gemini-3.5-flash", 401, heal.ReasonClientKey, "has no key"},
			{"an unknown key", "the-key-of-tenant-c-012345", "gemini-3.5-flash", 401, heal.ReasonClientKey, ""},
			{"a damaged key", damaged, "gemini-3.5-flash", 401, heal.ReasonClientKey, "checksum is wrong"},
			{"an expired key", keyOfPast, "gemini-3.5-flash", 401, heal.ReasonClientKey, "has expired"},
			{"a disabled tenant", keyOfOff, "gemini-3.5-flash", 403, heal.ReasonTenantDisabled, "disabled"},
			{"another model", keyOfA, "gemini-3.8-flash", 403, heal.ReasonTenantModel, "gemini-3.8-flash"},
			{"a model of heald's own aliases", keyOfA, "claude-opus-4", 403, heal.ReasonTenantModel, "claude-opus-4"},
			{"an alias that may lead to another model", keyOfA, "both", 403, heal.ReasonTenantModel, "gemini-3.8-flash"},
		} {
			r := shared(t)
			a, forward, reply := r.askAs(i, c.model, c.key)
			a.Close(policies.EndComplete)
			if forward != nil || reply == nil {
				t.Errorf("%s, %s: not refused", api.name, c.name)
				continue
			}
			words := api.auth
			if c.status == 403 {
				words = api.permission
			}
			refusedAs(t, reply, c.status, c.reason, words, c.key)
			if !strings.Contains(string(reply.Body), c.says) || reply.Memory != "" {
				t.Errorf("%s, %s: %s", api.name, c.name, reply.Body)
			}
			if log := fmt.Sprint(r.log.All()); c.key != "" && strings.Contains(log, c.key) {
				t.Errorf("%s, %s: the log tells the key: %s", api.name, c.name, log)
			}
		}
	}
}

// Two keys are told from one that is sent twice, as some clients do.
func TestKeysOfTwoCallers(t *testing.T) {
	r := shared(t)
	for _, c := range []struct {
		keys   [2]string
		refuse bool
	}{{[2]string{keyOfA, keyOfB}, true}, {[2]string{keyOfA, keyOfA}, false}, {[2]string{keyOfA, "heald"}, false}} {
		a := r.headOnly("POST", "/v1/messages", "x-api-key", c.keys[0], "authorization", "Bearer "+c.keys[1])
		reply := a.RequestHeaders()
		if c.refuse {
			refusedAs(t, reply, 401, heal.ReasonClientKey, "two different API keys", keyOfA)
		} else if reply != nil || a.caller.Tenant.Name != "a" || a.caller.KeyID != "k0" {
			t.Errorf("%v: %+v", c.keys, reply)
		}
	}
}

// What a tenant may use it gets, however it writes the name, and the log says
// who it was.
func TestTenantsModels(t *testing.T) {
	for _, c := range []struct{ key, model, want string }{
		{keyOfA, "gemini-3.5-flash", "a"}, {keyOfA, "quick", "a"}, {keyOfA, "google/gemini-3.5-flash", "a"}, {keyOfA, "Gemini-3.5-Flash", "a"}, {keyOfA, "heald/quick", "a"},
		{keyOfB, "gemini-3.8-flash", "b"}, {keyOfB, "claude-opus-4", "b"}, {keyOfB, "both", "b"},
	} {
		r := shared(t)
		a, forward, reply := r.askAs(0, c.model, c.key)
		if forward == nil {
			t.Errorf("%s may not use %s: %s", c.want, c.model, reply.Body)
			continue
		}
		answerWith(a, 200, hello+stop)
		if line := r.log.FilterMessage("request finished").All()[0].ContextMap(); line["tenant"] != c.want || line["key_id"] != "k0" {
			t.Errorf("%s: the log says %v", c.model, line)
		}
	}
}

// The client's key goes nowhere, whichever way it came.
func TestKeysOfTenantsStayHere(t *testing.T) {
	made := tenant.Make().Reveal()
	r := newRig(t, func(c *Config) { c.Tenants = callers(t, tenant.Tenant{Name: "a", Keys: keysOf(made)}) })
	for i, api := range bodies {
		for _, way := range ways {
			path := strings.ReplaceAll(api.path, "%s", "gemini-3.5-flash")
			if way.query != "" {
				path += "?" + fmt.Sprintf(way.query, made)
			}
			a := r.headOnly("POST", path)
			if way.header != "" {
				a.in.Headers = append(a.in.Headers, policies.Header{Name: way.header, Value: fmt.Sprintf(way.value, made)})
			}
			if reply := a.RequestHeaders(); reply != nil {
				t.Fatalf("%s, %s: %s", api.name, way.name, reply.Body)
			}
			f, reply := a.RequestBody(context.Background(), []byte(strings.ReplaceAll(bodies[i].body, "%s", "gemini-3.5-flash")))
			if reply != nil {
				t.Fatalf("%s, %s: %s", api.name, way.name, reply.Body)
			}
			if sent := fmt.Sprint(f.Path, f.Authority, f.Set, string(f.Body)); strings.Contains(sent, made) {
				t.Errorf("%s, %s: the key goes upstream: %s", api.name, way.name, sent)
			}
			if replaced := f.Set.Get(way.header) != ""; way.header != "" && !replaced && !slices.Contains(f.Remove, way.header) {
				t.Errorf("%s, %s: the header stays: %v", api.name, way.name, f.Remove)
			}
			act := answerWith(a, 400, `{"error":{"code":400,"message":"what is `+made+`?","status":"INVALID_ARGUMENT"}}`)
			if act.Reply == nil || strings.Contains(string(act.Reply.Body), made) {
				t.Errorf("%s, %s: upstream's words tell the key: %+v", api.name, way.name, act.Reply)
			}
		}
	}
	if log := fmt.Sprint(r.log.All()); strings.Contains(log, made) {
		t.Error("the log tells the key")
	}
}

// A tenant sees the models that it may use, and is told of no others.
func TestTenantsSeeTheirModels(t *testing.T) {
	r := shared(t)
	for _, c := range []struct {
		key   string
		sees  []string
		never []string
	}{
		{keyOfA, []string{"gemini-3.5-flash", "quick"}, []string{"gemini-3.8-flash", "both", "gemini-embedding-001"}},
		{keyOfB, []string{"gemini-3.5-flash", "quick", "gemini-3.8-flash", "both"}, nil},
	} {
		for _, path := range []string{"/v1/models", "/v1beta/models"} {
			list := string(r.get(path, "x-api-key", c.key).Body)
			for _, name := range c.sees {
				if !strings.Contains(list, name+`"`) {
					t.Errorf("%s lacks %s: %s", path, name, list)
				}
			}
			for _, name := range c.never {
				if strings.Contains(list, `"`+name+`"`) || strings.Contains(list, "/"+name+`"`) {
					t.Errorf("%s shows %s", path, name)
				}
			}
		}
		for _, name := range c.never[:min(len(c.never), 2)] {
			if reply := r.get("/v1/models/"+name, "x-api-key", c.key); reply.Status != 404 {
				t.Errorf("%s is shown: %d %s", name, reply.Status, reply.Body)
			}
		}
	}
}

// The memory of a request is of its tenant; one of another is ignored.
func TestMemoryIsOfOneTenant(t *testing.T) {
	r, counted := shared(t).counting(t)
	for _, c := range []struct {
		by, then string
		want     string // the account of the second attempt
		result   string
	}{
		{keyOfB, keyOfB, "a-2", "ok"}, {keyOfB, keyOfA, "", "other_tenant"},
	} {
		first := r.begin(1, "", "x-api-key", c.by)
		send(t, first, ask)
		reply := answerWith(first, 403, forbidden).Reply
		second := r.begin(2, reply.Memory, "x-api-key", c.then)
		send(t, second, ask)
		if counted("heald_memory_total", c.result) != 1 || (len(second.memory.Tries) == 1) != (c.result == "ok") || c.want != "" && second.account.ID != c.want {
			t.Errorf("%s: account %s, %+v", c.result, second.account.ID, second.memory)
		}
	}
}

// A replica of before tenants has written no tenant: all of its requests were of
// the one called default.
func TestMemoryOfAnOlderReplica(t *testing.T) {
	r, counted := newRig(t, nil).counting(t)
	old := heal.Memory{Started: r.clock.Now(), Tries: []heal.Try{{Backend: "a", Account: "a-1", Model: "gemini-3.5-flash", Verdict: policies.Retry, Rotate: true}}}
	a := r.begin(2, old.Seal(r.key, r.clock, "id-1"))
	send(t, a, ask)
	if counted("heald_memory_total", "ok") != 1 || a.account.ID != "a-2" {
		t.Errorf("account %s, %+v", a.account.ID, a.memory)
	}
}

// What was signed for one tenant is of no use to another, neither what the client
// keeps nor what heald remembers for it.
func TestSignaturesAreOfOneTenant(t *testing.T) {
	short := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("sig"), 20))
	for _, signature := range []string{short, longSignature} {
		for _, c := range append([]careless{{
			"claude, all kept", "/v1/messages", signedCall,
			`{"model":"gemini-3.5-flash","max_tokens":100,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"}]}`,
			func(t *testing.T, reply []byte) string {
				var m struct {
					Content []struct{ ID string }
				}
				decodeTo(t, reply, &m)
				id := m.Content[len(m.Content)-1].ID
				return `{"model":"gemini-3.5-flash","max_tokens":100,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
					`{"role":"assistant","content":[{"type":"tool_use","id":"` + id + `","name":"ls","input":{"dir":"a","n":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"` + id + `","content":"x"}]}]}`
			},
		}}, carelessClients...) {
			r, _ := shared(t).counting(t)
			ask := func(key, body string) *attempt {
				a := r.begin(1, "", "x-api-key", key)
				a.in.Path = c.path
				send(t, a, body)
				return a
			}
			act := answerWith(ask(keyOfA, c.first), 200, strings.Replace(c.reply, "%", signature, 1))
			second := c.second(t, act.Body)
			for _, again := range []struct {
				key  string
				want bool
			}{{keyOfA, true}, {keyOfB, false}} {
				a := r.begin(1, "", "x-api-key", again.key)
				a.in.Path = c.path
				if body := string(send(t, a, second).Body); strings.Contains(body, signature) != again.want {
					t.Errorf("%s, a signature of %d bytes, with the key %q: sent upstream %t, want %t", c.name, len(signature), again.key, !again.want, again.want)
				}
			}
		}
	}
}

// New tenants count for requests that begin; accounts go on cooling.
func TestUseTenants(t *testing.T) {
	r := shared(t)
	running := r.begin(1, "", "x-api-key", keyOfA)
	r.cool("a-1", "", heal.ReasonRateLimit, time.Hour)
	r.UseTenants(callers(t, tenant.Tenant{Name: "b", Keys: keysOf(keyOfB)}))
	if reply := running.RequestHeaders(); reply != nil {
		t.Errorf("a request that has begun: %s", reply.Body)
	}
	refusedAs(t, r.begin(1, "", "x-api-key", keyOfA).RequestHeaders(), 401, heal.ReasonClientKey, "", keyOfA)
	a := r.begin(1, "", "x-api-key", keyOfB)
	if send(t, a, ask); a.account.ID != "a-2" {
		t.Errorf("account %s: what cools down was forgotten", a.account.ID)
	}
	r.UseTenants(nil)
	if reply := r.begin(1, "").RequestHeaders(); reply != nil {
		t.Errorf("without tenants: %s", reply.Body)
	}
}

// Each kind of refusal has its word in the log, and is final.
func TestReasonsOfDenied(t *testing.T) {
	for kind, want := range map[tenant.Kind]string{
		tenant.NoKey: heal.ReasonClientKey, tenant.UnknownKey: heal.ReasonClientKey, tenant.DamagedKey: heal.ReasonClientKey,
		tenant.ExpiredKey: heal.ReasonClientKey, tenant.Ambiguous: heal.ReasonClientKey, tenant.Disabled: heal.ReasonTenantDisabled,
		tenant.Model: heal.ReasonTenantModel, tenant.Slots: heal.ReasonTenantSlots, tenant.Waiting: heal.ReasonTenantWaiting,
		tenant.Budget: heal.ReasonTenantBudget, tenant.Spent: heal.ReasonTenantBudget, tenant.TooLarge: heal.ReasonTenantBudget, tenant.OutOfMoney: heal.ReasonTenantMoney, tenant.Unpriced: heal.ReasonTenantModel,
	} {
		a := shared(t).begin(1, "", "x-api-key", keyOfB)
		if reply := a.RequestHeaders(); reply != nil {
			t.Fatalf("%s", reply.Body)
		}
		reply := a.deny(&tenant.Denied{Kind: kind, Tenant: "b"})
		if reply.Reason != want || reply.Verdict != policies.Fail || !slices.Contains(heal.Reasons, want) {
			t.Errorf("kind %d: %s, %v", kind, reply.Reason, reply.Verdict)
		}
	}
	if slices.Contains(deniedReasons[:], "") {
		t.Errorf("a kind has no reason: %v", deniedReasons)
	}
}
