package exchange

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/route"
	"github.com/heald-proxy/heald/policies/tenant"
)

// told keeps what a recorder is told.
type told struct {
	mu       sync.Mutex // several attempts may end at a time
	attempts []record.Attempt
	requests []record.Request
}

func (r *told) Attempt(a record.Attempt) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attempts = append(r.attempts, a)
}

func (r *told) Request(q record.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, q)
}

func (r *told) last() (a record.Attempt) { return r.attempts[len(r.attempts)-1] }
func (r *told) request() record.Request  { return r.requests[len(r.requests)-1] }

func newRecorded(t *testing.T, change func(*Config)) (rig, *told) {
	r := newRig(t, change)
	to := &told{}
	r.recorder, r.prices = to, price.New(price.Config{})
	return r, to
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestRecordOfAnAnswer(t *testing.T) {
	r, to := newRecorded(t, nil)
	a := r.begin(1, "", "traceparent", traceparent)
	send(t, a, ask)
	answerWith(a, 200, hello+`data: {"candidates":[{"content":{"parts":[{"text":"!"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":300,"cachedContentTokenCount":100,"candidatesTokenCount":40,"thoughtsTokenCount":10,"totalTokenCount":350,"promptTokensDetails":[{"modality":"TEXT","tokenCount":300}],"serviceTier":"standard"}}`+"\n\n")
	if len(to.attempts) != 1 || len(to.requests) != 1 {
		t.Fatalf("%d attempts, %d requests", len(to.attempts), len(to.requests))
	}
	got, q := to.last(), to.request()
	if got.RequestID != "id-1" || got.Tenant != "default" || got.API != "anthropic" && got.API != "claude" || got.Path != "/v1/messages" || got.Operation != record.Generate ||
		got.TraceID != "0af7651916cd43dd8448eb211c80319c" || got.ParentSpan != "b7ad6b7169203331" || !got.Sampled {
		t.Errorf("origin %+v", got.Origin)
	}
	if got.Number != 1 || got.Backend != "a" || got.Kind != "ai_studio" || got.Account != "a-1" || got.Model != "gemini-3.5-flash" || got.Verdict != "pass" || got.Reason != "ok" || got.Status != 200 || got.TierServed != "standard" {
		t.Errorf("attempt %+v", got)
	}
	// $1.50 and $0.15 and $9.00 per million tokens
	if u := got.Usage; u == nil || u.Input != 300 || u.Cached != 100 || u.Output != 50 || u.Thinking != 10 || u.Estimated || u.InputBy == nil || u.InputBy.Text != 300 ||
		got.Cost == nil || *got.Cost != 200*1500+100*150+50*9000 || got.PriceVersion == "" {
		t.Errorf("usage %+v, cost %v", got.Usage, got.Cost)
	}
	if q.Outcome != "passed" || q.Status != 200 || q.StopReason != "stop" || q.Alias != "gemini-3.5-flash" || q.Model != "gemini-3.5-flash" || !q.Stream || q.Aborted || q.Tried != 1 ||
		len(q.Attempts) != 1 || q.Attempts[0].Origin != (record.Origin{}) || q.Cost == nil || *q.Cost != *got.Cost || q.Estimated {
		t.Errorf("request %+v", q)
	}
	if q.Time.After(time.Now()) || q.Time.Before(time.Now().Add(-time.Minute)) {
		t.Errorf("the request began at %v", q.Time)
	}
}

// Every attempt has one record, and the request one, which names the attempts
// before it.
func TestRecordsOfARetry(t *testing.T) {
	r, to := newRecorded(t, nil)
	a := r.begin(1, "")
	send(t, a, ask)
	act := answerWith(a, 503, overload)
	if len(to.requests) != 0 || to.last().Verdict == "pass" || to.last().Usage != nil || to.last().Cost != nil || to.last().Status != 503 {
		t.Fatalf("%+v", to)
	}
	b := r.begin(2, act.Reply.Memory)
	send(t, b, ask)
	answerWith(b, 200, hello+stop)
	if len(to.attempts) != 2 || len(to.requests) != 1 {
		t.Fatalf("%d attempts, %d requests", len(to.attempts), len(to.requests))
	}
	q := to.request()
	if q.Tried != 2 || len(q.Attempts) != 2 || q.Attempts[0].Number != 1 || q.Attempts[0].Verdict != to.attempts[0].Verdict || q.Attempts[0].Reason != to.attempts[0].Reason ||
		q.Attempts[0].Account != "a-1" || q.Attempts[0].Status != 503 || q.Attempts[1].Number != 2 || q.Attempts[1].Usage == nil {
		t.Errorf("%+v", q.Attempts)
	}
}

// Whatever ends a request, it has one record that says how.
func TestRecordsOfOtherEnds(t *testing.T) {
	for _, c := range []struct {
		name      string
		change    func(*Config)
		play      func(*testing.T, rig)
		outcome   string // "": no request has ended
		reason    string
		status    int
		aborted   bool
		usage     bool
		estimated bool
	}{
		{"refused by heald", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			if reply := a.RequestHeaders(); reply != nil {
				t.Fatal(reply)
			}
			if _, reply := a.RequestBody(context.Background(), []byte("{")); reply == nil {
				t.Fatal("taken")
			}
			a.Close(policies.EndComplete)
		}, "failed", "refused", 400, false, false, false},
		{"no such path", nil, func(t *testing.T, r rig) {
			a := r.Begin(context.Background(), &policies.Request{Method: "POST", Path: "/v1/nothing?key=secret", Authority: "x", Headers: policies.Headers{{Name: "x-request-id", Value: "id-1"}}}).(*attempt)
			if reply := a.RequestHeaders(); reply == nil {
				t.Fatal("taken")
			}
			a.Close(policies.EndComplete)
		}, "failed", "refused", 404, false, false, false},
		{"refused by upstream", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			answerWith(a, 400, `{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}`)
		}, "failed", "invalid_request", 400, false, false, false},
		{"a local answer", nil, func(t *testing.T, r rig) {
			a := r.Begin(context.Background(), &policies.Request{Method: "GET", Path: "/v1/models", Authority: "x", Headers: policies.Headers{{Name: "x-request-id", Value: "id-1"}}}).(*attempt)
			if reply := a.RequestHeaders(); reply == nil || reply.Status != http.StatusOK {
				t.Fatal("not answered")
			}
			a.Close(policies.EndComplete)
		}, "local", "model_list", 200, false, false, false},
		{"broken off", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			answerWith(a, 200, hello)
		}, "broken", "stream_truncated", 200, false, true, true},
		{"the client leaves in the answer", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			a.Close(policies.EndCancelled)
		}, "canceled", "canceled", 200, true, true, true},
		{"the client leaves before it", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(policies.EndCancelled)
		}, "canceled", "canceled", 0, true, true, true},
		{"the client leaves before it has sent all", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			a.RequestHeaders()
			a.Close(policies.EndCancelled)
		}, "canceled", "canceled", 0, true, false, false},
		{"the client leaves while it is held, or the provider resets", nil, func(t *testing.T, r rig) {
			a, ends := r.loses(t, ask)
			_ = a
			ends()
		}, "", "canceled", 0, false, true, true},
		{"heald goes", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.Close(policies.EndShutdown)
		}, "", "canceled", 0, false, true, true},
		{"heald goes in the answer, without a word", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			a.Close(policies.EndShutdown)
		}, "broken", "stream_shutdown", 200, false, true, true},
		{"a panic in the answer", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
			a.ResponseBody([]byte(hello), false)
			a.Close(policies.EndPanic)
		}, "broken", "panic", 200, false, true, true},
		{"Envoy could not connect", nil, func(t *testing.T, r rig) {
			a := r.begin(1, "")
			send(t, a, ask)
			a.ResponseHeaders(&policies.Response{Status: 503, Details: "upstream_reset_before_response_started{connection_failure}"})
			a.Close(policies.EndComplete)
		}, "", "connect_failure", 0, false, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, to := newRecorded(t, c.change)
			c.play(t, r)
			if len(to.attempts) != 1 {
				t.Fatalf("%d attempts", len(to.attempts))
			}
			got := to.last()
			if (got.Usage != nil) != c.usage || c.usage && got.Usage.Estimated != c.estimated || strings.Contains(got.Path, "secret") {
				t.Errorf("usage %+v, path %s", got.Usage, got.Path)
			}
			if c.usage && (got.Cost == nil || *got.Cost == 0 || !got.Estimated) {
				t.Errorf("cost %v, estimated %v", got.Cost, got.Estimated)
			}
			if lines := r.log.FilterMessage("request finished").Len(); lines != len(to.requests) {
				t.Errorf("%d lines of the request, %d records", lines, len(to.requests))
			}
			if got.Unsettled != strings.HasPrefix(c.name, "the client leaves while it is held") {
				t.Errorf("unsettled: %v", got.Unsettled)
			}
			if c.outcome == "" {
				if len(to.requests) != 0 || got.Reason != c.reason {
					t.Errorf("%d requests, reason %s", len(to.requests), got.Reason)
				}
				return
			}
			if len(to.requests) != 1 {
				t.Fatalf("%d requests", len(to.requests))
			}
			if q := to.request(); q.Outcome != c.outcome || q.Reason != c.reason || q.Status != c.status || q.Aborted != c.aborted {
				t.Errorf("outcome %s, reason %s, status %d, aborted %v", q.Outcome, q.Reason, q.Status, q.Aborted)
			}
		})
	}
}

// The tier that was asked for counts where upstream says nothing of it.
func TestRecordOfATier(t *testing.T) {
	r, to := newRecorded(t, nil)
	a := r.Begin(context.Background(), &policies.Request{Method: "POST", Path: "/v1/chat/completions", Authority: "x",
		Headers: policies.Headers{{Name: "x-request-id", Value: "id-1"}, {Name: "content-type", Value: "application/json"}}}).(*attempt)
	send(t, a, `{"model":"gemini-3.5-flash","service_tier":"flex","messages":[{"role":"user","content":"hi"}]}`)
	answerWith(a, 200, hello+stop)
	// Three tokens at $0.75 and one at $4.50 per million.
	if got := to.last(); got.TierAsked != "flex" || got.TierServed != "" || got.Cost == nil || *got.Cost != 3*750+4500 {
		t.Errorf("%+v, cost %v", got, got.Cost)
	}
}

// BenchmarkTell is what metrics and records add to an attempt that ends a request,
// without the lines of the log.
func BenchmarkTell(b *testing.B) {
	x, err := New(Config{Backends: []route.Backend{{Name: "a", Kind: route.AIStudio}}, Accounts: []account.Account{{ID: "a-1", Backend: "a", Secret: account.NewSecret("key-a-1")}}},
		Deps{Log: zap.NewNop(), Metrics: NewMetrics(prometheus.NewRegistry()), Prices: price.New(price.Config{}), Recorder: record.Fan{record.NewLabels(record.NewMetrics(prometheus.NewRegistry()))}})
	if err != nil {
		b.Fatal(err)
	}
	a := rig{Exchange: x}.begin(1, "", "traceparent", traceparent)
	a.RequestHeaders()
	if _, reply := a.RequestBody(b.Context(), []byte(ask)); reply != nil {
		b.Fatal(reply.Status)
	}
	answerWith(a, 200, hello+stop)
	b.ReportAllocs()
	for b.Loop() {
		a.writeRecords("passed")
	}
}

// Records say which quota group an attempt used, and how long it waited for its
// tenant's slot.
func TestRecordsOfALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := shared(t), &told{}
		r.recorder = to
		r.UseTenants(callers(t, tenant.Tenant{Name: "a", MaxConcurrency: 1, Keys: keysOf(keyOfA)}))
		first := sending(t, r.begin(1, "", "x-api-key", keyOfA))
		time.AfterFunc(2*time.Second, func() { first.Close(policies.EndCancelled) })
		answerWith(sending(t, r.begin(1, "", "x-api-key", keyOfA)), 200, hello+stop)
		synctest.Wait() // the first one has been told, too
		i := slices.IndexFunc(to.requests, func(q record.Request) bool { return q.Outcome == "passed" })
		q := to.requests[i]
		got := q.Attempts[0]
		if got.Account == "" || got.Group != "ai_studio/account:"+got.Account || time.Duration(got.Waited) != 2*time.Second {
			t.Errorf("%+v", got)
		}
		if len(to.requests) != 2 || q.Waited != got.Waited || !slices.ContainsFunc(to.attempts, func(a record.Attempt) bool { return a.Waited == got.Waited && a.Group == got.Group }) {
			t.Errorf("%+v", to.requests)
		}
	})
}

// Records say whose request it was, as far as that is known, and never the key.
func TestRecordsOfTenants(t *testing.T) {
	for _, c := range []struct{ key, model, tenant, id, outcome string }{
		{keyOfB, "gemini-3.5-flash", "b", keysOf(keyOfB)[0].ID, ""}, // goes upstream
		{keyOfA, "gemini-3.8-flash", "a", keysOf(keyOfA)[0].ID, "failed"},
		{keyOfOff, "gemini-3.5-flash", "off", "", "failed"},
		{"the-key-of-nobody-01234567", "gemini-3.5-flash", "", "", "failed"},
	} {
		r, to := shared(t), &told{}
		r.recorder = to
		a, forward, _ := r.askAs(1, c.model, c.key)
		if forward != nil {
			answerWith(a, 503, overload)
		} else {
			a.Close(policies.EndComplete)
		}
		got := to.last()
		if got.Tenant != c.tenant || got.KeyID != c.id || strings.Contains(fmt.Sprint(to), c.key) {
			t.Errorf("%+v: tenant %q, key %q", c, got.Tenant, got.KeyID)
		}
		if ended := len(to.requests) == 1; ended != (c.outcome != "") || ended && to.request().Outcome != c.outcome {
			t.Errorf("%+v: %d requests", c, len(to.requests))
		}
	}
}

// Records have the facts of each attempt, in the words and within the bounds of
// the log.
func TestRecordsOfFacts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, to := newRecorded(t, func(cfg *Config) { cfg.Accounts, cfg.Backends = cfg.Accounts[:1], cfg.Backends[:1] })
		r.replica = "heald-0"
		first := r.retry(t, 1, "", ask, 429, minute, policies.Retry)
		got := to.last()
		if got.Error == "" || got.Wait == 0 || got.Status != 429 || !got.Asked || got.Began != 0 || got.Unsettled {
			t.Errorf("attempt 1: %+v", got)
		}
		time.Sleep(first.Wait + time.Second)
		a := r.begin(2, first.Memory, "x-forwarded-for", "192.0.2.7")
		send(t, a, ask)
		time.Sleep(time.Second)
		a.ResponseHeaders(&policies.Response{Status: 200, Details: policies.ViaUpstream})
		time.Sleep(time.Second)
		answerPart(a, hello, false)
		time.Sleep(time.Second)
		answerPart(a, "", true)
		a.Close(policies.EndComplete)
		got, q := to.last(), to.request()
		second := record.Duration(time.Second)
		if got.Began != record.Duration(first.Wait)+second || got.Headers != second || got.Content != 2*second || got.Held != 2*second {
			t.Errorf("attempt 2: %+v", got)
		}
		if q.Client != "192.0.2.7" || q.Replica != "heald-0" || q.BrokenBy != "stream_truncated" || !q.Asked || q.Tried != 2 ||
			q.FirstByte != got.Began+2*second+got.Waited || q.FirstContent != q.FirstByte || q.Duration != q.FirstByte+second {
			t.Errorf("request %+v", q)
		}
	})
}

func answerPart(a *attempt, body string, end bool) { a.ResponseBody([]byte(body), end) }

// What a provider says is not kept without end.
func TestRecordedErrorsAreBounded(t *testing.T) {
	r, to := newRecorded(t, nil)
	long := `{"error":{"code":503,"message":"` + strings.Repeat("words and ", 200) + `","status":"UNAVAILABLE"}}`
	r.retry(t, 1, "", ask, 503, long, policies.Retry)
	logged, _ := r.log.FilterMessage("attempt finished").All()[0].ContextMap()["error"].(string)
	if got := to.last().Error; len(got) > record.ErrorLimit+len("…") || len(got) < record.ErrorLimit/2 || len(logged) <= len(got) {
		t.Errorf("%d bytes are recorded, %d logged", len(got), len(logged))
	}
}

// The sums of a request are those of all its attempts, wherever they were made,
// also in its line.
func TestSumsOfAllAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var to *told
		replica := func() rig {
			r := newRig(t, nil)
			if to == nil {
				to = &told{}
			}
			r.recorder, r.prices = to, price.New(price.Config{})
			return r
		}
		empty := `data: {"candidates":[{"content":{"parts":[{"text":""}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":27,"totalTokenCount":27}}` + "\n\n"
		one, other := replica(), replica()
		a := one.begin(1, "")
		send(t, a, ask)
		b := other.begin(2, answerWith(a, 429, minute).Reply.Memory)
		send(t, b, ask)
		c := one.begin(3, answerWith(b, 200, empty).Reply.Memory)
		send(t, c, ask)
		answerWith(c, 200, hello+stop)
		var input, cost int64
		var waited record.Duration
		for _, a := range to.attempts {
			waited += a.Waited
			if a.Usage != nil {
				input, cost = input+a.Usage.Input, cost+*a.Cost
			}
		}
		q := to.request()
		if input != 30 || q.Usage == nil || q.Usage.Input != 30 || q.Cost == nil || *q.Cost != cost || q.PriceVersion == "" || q.Waited != waited || q.Estimated {
			t.Errorf("usage %+v, cost %v of %d, waited %v of %v, estimated %t", q.Usage, q.Cost, cost, time.Duration(q.Waited), time.Duration(waited), q.Estimated)
		}
		if second := q.Attempts[1]; len(q.Attempts) != 3 || second.Status != 200 || second.Usage.Input != 27 || second.Cost == nil || q.Attempts[0].Status != 429 || q.Attempts[0].Usage != nil {
			t.Errorf("%+v", q.Attempts)
		}
		line := one.log.FilterMessage("request finished").All()[0].ContextMap()
		if usage, _ := line["usage"].(map[string]any); usage["input"] != int64(30) || line["cost_nano"] != cost {
			t.Errorf("%v", line)
		}
		told := line["attempts"].([]any)[1].(map[string]any)
		if told["upstream_status"] != int64(200) {
			t.Errorf("%v", told)
		}
	})
}

// So are those of an attempt that was lost, with its own number, if this replica
// has seen its end; it goes on with the request.
func TestSumsWithALostAttempt(t *testing.T) {
	r, to := newRecorded(t, nil)
	_, ends := r.loses(t, ask)
	ends()
	second := r.begin(2, "")
	send(t, second, ask)
	third := r.begin(3, answerWith(second, 503, overload).Reply.Memory)
	send(t, third, ask)
	answerWith(third, 200, hello+stop)
	lost, q := to.attempts[0], to.request()
	if lost.Usage == nil || q.Tried != 3 || len(q.Attempts) != 3 || q.Usage.Input != 3+lost.Usage.Input || !q.Estimated || *q.Cost != *lost.Cost+*to.last().Cost {
		t.Fatalf("lost %+v, %+v", lost.Usage, q)
	}
	for i, want := range []string{"canceled", "upstream_overloaded", "ok"} {
		if got := q.Attempts[i]; got.Number != i+1 || got.Reason != want || !got.Asked || got.Unsettled != (i == 0) || got.Account == "" {
			t.Errorf("%+v", got)
		}
	}
	if q.Attempts[0].Status != 200 {
		t.Errorf("%+v", q.Attempts[0])
	}
}

// Of attempts that the memory had no room for there are still the sums.
func TestSumsOfDroppedAttempts(t *testing.T) {
	r, to := newRecorded(t, func(cfg *Config) { cfg.Policies = map[string]route.Settings{route.DefaultPolicy: {Attempts: 3}} })
	cost := int64(70)
	m := heal.Memory{Tenant: "default", Started: r.clock.Now(), Dropped: 1, Before: heal.Used{Known: true, Input: 5, Priced: true, Cost: cost}}
	a := r.begin(2, m.Seal(r.key, r.clock, "id-1"))
	send(t, a, ask)
	answerWith(a, 200, hello+stop)
	if q := to.request(); len(q.Attempts) != 1 || q.Usage.Input != 8 || *q.Cost != *to.last().Cost+cost {
		t.Errorf("%+v of %+v", q.Usage, q.Attempts)
	}
}

// Repairs and duplicates are told, and that a request asked nobody.
func TestRecordsOfRepairs(t *testing.T) {
	r, to := newRecorded(t, nil)
	first := r.retry(t, 1, "", ask, 400, corrupted, policies.Repair)
	a := r.begin(2, first.Memory)
	send(t, a, ask)
	a.hedge.result = hedgeWon
	answerWith(a, 200, hello+stop)
	if got := to.last(); got.Repairs == "" || got.Hedged != hedgeWon || to.attempts[0].Repairs != "" {
		t.Errorf("%+v", got)
	}
	local := r.Begin(t.Context(), &policies.Request{Method: "GET", Path: "/v1/models", Authority: "x"}).(*attempt)
	local.RequestHeaders()
	local.Close(policies.EndComplete)
	if got, q := to.last(), to.request(); got.Asked || q.Asked || q.Outcome != "local" || q.Operation != record.List || q.Status != 200 {
		t.Errorf("%+v, %+v", got, q)
	}
}
