package exchange

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies"
)

// clients are those of each API, with a request each.
var clients = []struct{ name, path, body string }{
	{"claude", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"messages":[{"role":"user","content":"hi"}]`},
	{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hi"}]`},
	{"responses", "/v1/responses", `{"model":"gemini-3.5-flash","input":"hi"`},
	{"native", "/v1beta/models/gemini-3.5-flash:generateContent", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]`},
}

// A 429 that names its quota says it in the headers of the client's API: its
// limit, that nothing is left, and when it is back if upstream says so.
func TestNamedQuotasAreRates(t *testing.T) {
	quota := func(id, value, delay string) string {
		return `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota.","details":[` +
			`{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content","quotaId":"` + id + `","quotaValue":"` + value + `"}]},` +
			`{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"` + delay + `"}]}}`
	}
	for _, c := range []struct {
		name, body string
		headers    policies.Headers
		claude     string // limit, remaining of requests or input tokens, and whether there is a reset
		openai     string
	}{
		{"requests per minute", quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "10", "40s"), nil,
			"requests 10 0 reset", "requests 10 0 40s"},
		{"requests per day", quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier", "250", "40s"), nil,
			"requests 250 0 ", "requests 250 0 "},
		{"tokens", quota("GenerateContentInputTokensPerModelPerMinute-FreeTier", "250000", "1.5s"), nil,
			"input-tokens 250000 0 reset", "tokens 250000 0 1.5s"},
		{"a gateway's headers", `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"slow down"}}`,
			policies.Headers{{Name: "x-ratelimit-limit-requests", Value: "7"}, {Name: "x-ratelimit-remaining-requests", Value: "0"}, {Name: "x-ratelimit-reset-requests", Value: "90"}},
			"requests 7 0 reset", "requests 7 0 1m30s"},
		{"nothing is named", `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Resource exhausted."}}`, nil, "", ""},
	} {
		for _, api := range clients {
			tr := translator(t, TranslatorConfig{}).Request(context.Background(), &policies.Request{Method: "POST", Path: api.path}, []byte(api.body+"}"))
			got := tr.Answer(429, c.headers, []byte(c.body), 0)
			said := rateWords(t, got.Headers)
			want := map[string]string{"claude": c.claude, "native": ""}
			if want, ok := want[api.name]; ok && said != want || !ok && said != c.openai {
				t.Errorf("%s, %s: got %q, want %q or %q", c.name, api.name, said, want, c.openai)
			}
		}
	}
}

// rateWords are what the headers say of one limit: its name, limit, remaining
// and reset.
func rateWords(t *testing.T, headers policies.Headers) string {
	t.Helper()
	var words []string
	for _, of := range []string{"requests", "tokens", "input-tokens"} {
		if limit := headers.Get("x-ratelimit-limit-" + of); limit != "" {
			words = append(words, of, limit, headers.Get("x-ratelimit-remaining-"+of), headers.Get("x-ratelimit-reset-"+of))
		}
		limit, reset := headers.Get("anthropic-ratelimit-"+of+"-limit"), headers.Get("anthropic-ratelimit-"+of+"-reset")
		if limit == "" {
			continue
		}
		if reset != "" {
			if at, err := time.Parse(time.RFC3339, reset); err != nil || time.Until(at) < -time.Minute {
				t.Errorf("reset %s: %v", reset, err)
			}
			reset = "reset"
		}
		words = append(words, of, limit, headers.Get("anthropic-ratelimit-"+of+"-remaining"), reset)
	}
	return strings.Join(words, " ")
}

// A good reply tells what a gateway on the way says of its limits, and which
// tier it came from, as upstream's body or headers say.
func TestRatesAndTierOfGoodReplies(t *testing.T) {
	limits := policies.Headers{
		{Name: "x-ratelimit-limit-tokens", Value: "1000"}, {Name: "x-ratelimit-remaining-tokens", Value: "900"}, {Name: "x-ratelimit-reset-tokens", Value: "6m0s"},
		{Name: "x-ratelimit-limit-requests", Value: "many"},
	}
	tier := policies.Headers{{Name: "x-gemini-service-tier", Value: "priority"}}
	flex := strings.ReplaceAll(hello+stop, `"usageMetadata": {`, `"usageMetadata": {"serviceTier": "flex",`)
	vertex := strings.ReplaceAll(hello+stop, `"usageMetadata": {`, `"usageMetadata": {"trafficType": "ON_DEMAND",`)
	for _, c := range []struct {
		headers                 policies.Headers
		rates                   bool // the headers tell of them
		body                    string
		claude, chat, responses string // what the body says of the tier
	}{
		{limits, true, hello + stop, "", "", `"service_tier":"default"`},
		{tier, false, hello + stop, `"service_tier":"priority"`, `"service_tier":"priority"`, `"service_tier":"priority"`},
		{tier, false, flex, "", `"service_tier":"flex"`, `"service_tier":"flex"`},
		{nil, false, vertex, `"service_tier":"standard"`, `"service_tier":"default"`, `"service_tier":"default"`},
	} {
		for _, api := range clients[:3] {
			for _, stream := range []string{"true", "false"} {
				tr := translator(t, TranslatorConfig{}).Request(context.Background(), &policies.Request{Method: "POST", Path: api.path}, []byte(api.body+`,"stream":`+stream+"}"))
				got := tr.Answer(200, c.headers, []byte(c.body), 0)
				want := map[string]string{"claude": c.claude, "chat": c.chat, "responses": c.responses}[api.name]
				if said := strings.Contains(string(got.Body), "service_tier"); said != (want != "") || !strings.Contains(string(got.Body), want) {
					t.Errorf("%s, stream %s: want %q in\n%s", api.name, stream, want, got.Body)
				}
				told := map[string]string{"claude": "tokens 1000 900 reset"}[api.name]
				if told == "" {
					told = "tokens 1000 900 6m0s"
				}
				if !c.rates {
					told = ""
				}
				if said := rateWords(t, got.Headers); said != told {
					t.Errorf("%s, stream %s: rates %q, want %q", api.name, stream, said, told)
				}
			}
		}
	}
}
