package exchange

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/record"
)

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
