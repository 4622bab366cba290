package monitor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// evil is a name as clients may choose it. If the page took it for HTML, it would
// set window.pwned.
const evil = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>`

// maker makes requests, the same ones for each seed but for their time.
type maker struct{ rand *rand.Rand }

func newMaker() *maker { return &maker{rand.New(rand.NewPCG(14, 1))} }

var (
	tenants  = []string{"search", "ads", "lab", "support", "checkout"}
	apis     = []string{"claude", "chat", "responses", "gemini"}
	paths    = map[string]string{"claude": "/v1/messages", "chat": "/v1/chat/completions", "responses": "/v1/responses", "gemini": "/v1beta/models/gemini-3.8-flash:streamGenerateContent"}
	models   = [][2]string{{"claude-sonnet-5", "gemini-3.8-flash"}, {"gpt-6", "gemini-3.8-pro"}, {"gemini-3.8-flash", "gemini-3.8-flash"}, {"gemini-3.8-pro", "gemini-3.8-pro"}, {"claude-opus-5", "gemini-3.8-pro"}, {"gemini-3.5-flash-lite", "gemini-3.5-flash-lite"}}
	backends = [][2]string{{"ai-studio", "ai_studio"}, {"vertex-eu", "vertex"}, {"vertex-us", "vertex"}}
	accounts = map[string][]string{"ai-studio": {"search-1", "search-2", "ads-1", "ads-2"}, "vertex-eu": {"eu-1", "eu-2"}, "vertex-us": {"us-1"}}
	faults   = []struct {
		reason, verdict, words string
		status                 int
	}{
		{"peek_eof", "retry", "the stream ended before any content", 200},
		{"rate_limited", "failover", "429 RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Generate Content API requests per minute'", 429},
		{"upstream_overloaded", "retry", "503 UNAVAILABLE: The model is overloaded. Please try again later.", 503},
		{"peek_timeout", "failover", "nothing that counts came in 15 s", 200},
		{"account_key_invalid", "failover", "400 INVALID_ARGUMENT: API key not valid. Please pass a valid API key.", 400},
		{"peek_malformed_call", "retry", "the model's call could not be parsed", 200},
	}
	fates = []struct {
		name   string
		weight int
	}{{"passed", 70}, {"healed", 10}, {"repaired", 4}, {"failed", 4}, {"broken", 2}, {"resumed", 2}, {"hedged", 3}, {"canceled", 3}, {"local", 2}}
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func (m *maker) fate() string {
	n := m.rand.IntN(100)
	for _, f := range fates {
		if n -= f.weight; n < 0 {
			return f.name
		}
	}
	return "passed"
}

func (m *maker) hex(n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%x", m.rand.IntN(16))
	}
	return b.String()
}

func ms(n int) record.Duration { return record.Duration(time.Duration(n) * time.Millisecond) }

// request makes one of a fate.
func (m *maker) request(at time.Time, fate string) record.Request {
	api, model := pick(m.rand, apis), pick(m.rand, models)
	r := record.Request{
		Origin: record.Origin{
			Time: at, RequestID: fmt.Sprintf("%s-%s-4%s-a%s-%s", m.hex(8), m.hex(4), m.hex(3), m.hex(3), m.hex(12)), TraceID: m.hex(32), Tenant: pick(m.rand, tenants),
			KeyID: "key-" + m.hex(4), API: api, Path: paths[api], Operation: record.Generate,
		},
		Alias: model[0], Model: model[1], Stream: m.rand.IntN(4) > 0, Outcome: "passed", Reason: "ok", Status: 200, StopReason: "stop",
		Client: fmt.Sprintf("10.0.%d.%d", m.rand.IntN(4), m.rand.IntN(250)), Replica: pick(m.rand, []string{"heald-7c4d-x2x9q", "heald-7c4d-m8k2p"}),
	}
	switch fate {
	case "local":
		r.Outcome, r.Reason, r.Model, r.Attempts, r.Duration, r.FirstByte = "local", pick(m.rand, []string{"model_list", "warmup", "title"}), "", []record.Attempt{}, ms(1), ms(1)
		return r
	case "healed":
		for range 1 + m.rand.IntN(2) {
			m.failed(&r)
		}
	case "repaired":
		m.failed(&r)
		a := &r.Attempts[0]
		a.Reason, a.Verdict, a.Repairs, a.Status, a.Error = "signature_repair", "repair", "strip_signatures", 400, "400 INVALID_ARGUMENT: Thought signature is not valid."
		a.Held, a.Duration, a.Wait = ms(180), ms(181), 0
		r.Warnings = "repaired: strip_signatures; tools.0.strict: left out, since Gemini has no such field"
	case "failed":
		for range 3 {
			m.failed(&r)
		}
		last := r.Last()
		last.Verdict, last.Wait = "fail", 0
		r.Outcome, r.Reason, r.Status, r.StopReason = "failed", last.Reason, 529, ""
		r.Tried, r.Duration, r.FirstByte = len(r.Attempts), last.Began+last.Duration, last.Began+last.Duration
		r.Waited = last.Waited
		return r
	}
	m.passed(&r)
	last := r.Last()
	switch fate {
	case "hedged":
		last.Hedged = "won"
	case "broken":
		r.Outcome, r.BrokenBy, r.Reason, r.StopReason = "broken", "stream_stalled", "stream_stalled", ""
	case "resumed":
		r.Resume = &record.Resume{Result: "resumed", Cause: "stream_truncated", Requests: 1, Backend: "vertex-eu", Account: "eu-1"}
	case "canceled":
		r.Outcome, r.Reason, r.Aborted, r.StopReason = "canceled", "canceled", true, ""
	}
	for _, a := range r.Attempts {
		r.Usage = r.Usage.Add(a.Usage)
		if a.Cost != nil {
			sum := *a.Cost
			if r.Cost != nil {
				sum += *r.Cost
			}
			r.Cost = &sum
		}
	}
	return r
}

// next begins another attempt, and places it.
func (m *maker) next(r *record.Request) record.Attempt {
	var began record.Duration
	if last := r.Last(); last != nil {
		began = last.Began + last.Duration + last.Wait
	}
	b := pick(m.rand, backends)
	account := pick(m.rand, accounts[b[0]])
	a := record.Attempt{Number: len(r.Attempts) + 1, Backend: b[0], Kind: b[1], Account: account, Group: b[1] + "/" + account, Model: r.Model, Began: began}
	if m.rand.IntN(10) == 0 {
		a.Waited = ms(200 + m.rand.IntN(3000))
	}
	return a
}

func (m *maker) failed(r *record.Request) {
	a, f := m.next(r), pick(m.rand, faults)
	a.Verdict, a.Reason, a.Status, a.Error = f.verdict, f.reason, f.status, f.words
	a.Headers, a.Held = ms(90+m.rand.IntN(300)), ms(400+m.rand.IntN(4000))
	a.Duration, a.Wait = a.Waited+a.Held, ms(100*m.rand.IntN(5))
	r.Attempts = append(r.Attempts, a)
}

func (m *maker) passed(r *record.Request) {
	a := m.next(r)
	a.Verdict, a.Reason, a.Status = "pass", "ok", 200
	a.Headers, a.Content = ms(120+m.rand.IntN(300)), ms(300+m.rand.IntN(2500))
	a.Held = a.Content
	a.Duration = a.Waited + a.Held + ms(int(300+m.rand.ExpFloat64()*3500))
	in, out := int64(200+m.rand.ExpFloat64()*20000), int64(20+m.rand.ExpFloat64()*900)
	cost := in*300 + out*2500
	a.Usage, a.Cost, a.PriceVersion = &record.Usage{Input: in, Cached: in / 3, Output: out, Thinking: out / 4}, &cost, "2026-11"
	r.Attempts = append(r.Attempts, a)
	r.Tried, r.Duration = len(r.Attempts), a.Began+a.Duration
	r.FirstByte, r.FirstContent = a.Began+a.Waited+a.Held, a.Began+a.Waited+a.Held+ms(5)
	for _, a := range r.Attempts {
		r.Waited += a.Waited
	}
}

// day makes n requests of the last day, oldest first. The newest are one of each
// fate, and one that is named by evil clients.
func (m *maker) day(n int, now time.Time) []record.Request {
	out := make([]record.Request, 0, n)
	for i := range n {
		at := now.Add(-time.Duration(n-i) * 24 * time.Hour / time.Duration(n))
		switch left := n - i; {
		case left == 12:
			r := m.request(at, "healed")
			r.Alias, r.Model, r.Tenant, r.Warnings, r.KeyID, r.Path, r.Client, r.StopReason = evil, evil, evil, evil+"; "+evil, evil, evil, evil, evil
			for i := range r.Attempts {
				a := &r.Attempts[i]
				a.Model, a.Error, a.Account, a.Backend, a.Repairs = evil, evil, evil, evil, evil
			}
			r.Attempts[0].Reason = evil
			out = append(out, r)
		case left <= len(fates):
			out = append(out, m.request(at, fates[left-1].name))
		default:
			out = append(out, m.request(at, m.fate()))
		}
	}
	return out
}
