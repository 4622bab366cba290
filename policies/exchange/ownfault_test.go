package exchange

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/allow"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// saying returns a request that says something else each time.
func saying(text string) string { return strings.Replace(ask, `"hi"`, jsonString(text), 1) }

// What may be the request's own fault takes no account out for others; a second,
// different request that fails alike does.
func TestAccountIsBannedBySecondRequest(t *testing.T) {
	const badKey = `{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT"}}`
	const never = 100
	for _, c := range []struct {
		name   string
		status int
		body   string
		at     int // the request with which the account is out
	}{
		{"403", 403, forbidden, 3},
		{"403 with its reason", 403, `{"error":{"code":403,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_SERVICE_BLOCKED"}]}}`, 1},
		{"bad key in words", 400, badKey, never},
		{"bad key with its reason", 400, `{"error":{"code":400,"message":"API key not valid.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`, 1},
		{"401", 401, "", 1},
		{"500", 500, "", 3},
		{"502", 502, "", 3},
		{"504", 504, "", 3},
		{"billing in words", 400, `{"error":{"code":400,"message":"Billing is off.","status":"FAILED_PRECONDITION"}}`, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			for i, text := range []string{"one", "one", "another"} {
				r.retry(t, 1, "", saying(text), c.status, c.body, map[bool]policies.Verdict{true: policies.Failover, false: policies.Retry}[strings.HasPrefix(c.name, "billing")])
				if out := r.cooling("a-1", "gemini-3.5-flash"); out != (i+1 >= c.at) {
					t.Fatalf("after request %d: out %v", i+1, out)
				}
				if out := r.cooling("a-1", "gemini-3.5-flash"); out {
					break
				}
			}
			if r.cooling("a-2", "gemini-3.5-flash") {
				t.Error("the other account is out as well")
			}
		})
	}
}

// A refusal of what a request names goes to its client, however often, and
// everybody else is served by the same account.
func TestFileThatMayNotBeRead(t *testing.T) {
	const (
		file   = `{"error":{"code":403,"message":"You do not have permission to access the File abc or it may not exist.","status":"PERMISSION_DENIED"}}`
		cache  = `{"error":{"code":403,"message":"CachedContent not found (or permission denied)","status":"PERMISSION_DENIED"}}`
		state  = `{"error":{"code":400,"message":"The File abc is not in an ACTIVE state and usage is not allowed.","status":"FAILED_PRECONDITION"}}`
		uri    = "https://example.org/abc"
		vague  = `{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}`
		native = `{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/png","fileUri":"` + uri + `"}}]}]}`
	)
	for _, c := range []struct {
		name, path, body string
		status           int
		refusal          string
		want             int // the client's status; 0 for another attempt
	}{
		{"claude", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"` + uri + `"}}]}]}`, 403, file, 403},
		{"claude, not ready", "/v1/messages", `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"` + uri + `"}}]}]}`, 400, state, 400},
		{"chat", "/v1/chat/completions", `{"model":"gemini-3.5-flash","stream":true,"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"` + uri + `"}}]}]}`, 403, file, 403},
		{"responses", "/v1/responses", `{"model":"gemini-3.5-flash","stream":true,"input":[{"role":"user","content":[{"type":"input_file","file_url":"` + uri + `"}]}]}`, 403, file, 403},
		{"native", nativeStream, native, 403, file, 403},
		{"native, in a result", nativeStream, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"system_instruction":{"parts":{"file_\u0064ata":{"file_uri":"` + uri + `"}}}}`, 403, file, 403},
		{"native, vague", nativeStream, native, 403, vague, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, nil)
			for i := range 4 {
				a := r.begin(1, "")
				a.in.Path = c.path
				send(t, a, c.body+strings.Repeat(" ", i)) // a different request each time
				got := answerWith(a, c.status, c.refusal).Reply
				final := c.want != 0
				if got == nil || final == got.Verdict.Again() || final && (got.Status != c.want || got.Reason != heal.ReasonResource) {
					t.Fatalf("%+v", got)
				}
			}
			if r.cooling("a-1", "gemini-3.5-flash") || r.cooling(":a", "gemini-3.5-flash") {
				t.Error("account or backend is out")
			}
		})
	}
}

// A request that makes upstream fail has no effect, whichever accounts it meets;
// nor has a server error for other models.
func TestServerErrorOfOneRequest(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.Backends, cfg.Accounts = cfg.Backends[:1], cfg.Accounts[:2] })
	for i, text := range []string{"one", "one", "another"} {
		first := r.retry(t, 1, "", saying(text), 500, "", policies.Retry)
		r.retry(t, 2, first.Memory, saying(text), 500, "", policies.Retry)
		for _, id := range []string{"a-1", "a-2"} {
			if out := r.cooling(id, "gemini-3.5-flash"); out != (i == 2) {
				t.Errorf("request %d: %s out %v", i+1, id, out)
			}
			if r.cooling(id, "gemini-3.8-flash") {
				t.Errorf("request %d: %s is out for another model", i+1, id)
			}
		}
	}
}

// A client that makes upstream say "API key not valid" without a quotation takes
// no account out, however many different requests it sends.
func TestWordsOfClientsBanNoAccount(t *testing.T) {
	for _, said := range []string{
		"Unable to submit request because it has a mimeType parameter with value x/API key not valid, which is not supported. Update the mimeType and try again.",
		"Unable to submit request because the mime_type: x/API key not valid is not supported.",
		"Invalid function name api key not valid. Must start with a letter or underscore.",
		"Request contains an invalid argument (api key expired).",
	} {
		r := newRig(t, nil)
		for _, text := range []string{"one", "two", "three"} {
			first := r.retry(t, 1, "", saying(text), 400, refusal(said), policies.Retry)
			a := r.begin(2, first.Memory)
			send(t, a, saying(text))
			answerWith(a, 400, refusal(said))
		}
		for _, id := range []string{"a-1", "a-2", "b-1"} {
			if r.cooling(id, "gemini-3.5-flash") {
				t.Errorf("%q takes out %s", said, id)
			}
		}
	}
}

// A request whose tool fails takes no account out, for its model or any other.
func TestToolThatFails(t *testing.T) {
	const (
		maps     = `{"contents":[{"role":"user","parts":[{"text":"%"}]}],"tools":[{"googleMaps":{}}]}`
		server   = `{"contents":[{"role":"user","parts":[{"text":"%"}]}],"tools":[{"mcpServers":[{"name":"x","streamableHttpTransport":{"url":"https://mcp.example/x"}}]}]}`
		cached   = `{"contents":[{"role":"user","parts":[{"text":"%"}]}],"cachedContent":"cachedContents/x"}`
		search   = `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"type":"web_search_20250305","name":"web_search"}],"messages":[{"role":"user","content":"%"}]}`
		disabled = `{"error":{"code":403,"message":"Maps Grounding API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com","metadata":{"service":"mapsgrounding.googleapis.com"}}]}}`
		daily    = `{"error":{"code":429,"message":"Quota exceeded","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/grounding_requests","quotaId":"GroundingRequestsPerDayPerProject","quotaValue":"500"}]}]}}`
	)
	for _, c := range []struct {
		name, path, body string
		status           int
		refusal          string
	}{
		{"disabled API", nativeStream, maps, 403, disabled},
		{"disabled API, of a cache", nativeStream, cached, 403, disabled},
		{"server that refuses", nativeStream, server, 401, `{"error":{"code":401,"message":"MCP server https://mcp.example/x: unauthorized","status":"UNAUTHENTICATED"}}`},
		{"server that wants to be paid", nativeStream, server, 402, `{"error":{"code":402,"message":"payment"}}`},
		{"server that is gone", nativeStream, maps, 404, `{"error":{"code":404,"message":"MCP server https://mcp.example/x not found","status":"NOT_FOUND"}}`},
		{"cache with such a server", nativeStream, cached, 401, `{"error":{"code":401,"message":"unauthorized","status":"UNAUTHENTICATED"}}`},
		{"quota of grounding", nativeStream, maps, 429, daily},
		{"quota of grounding, claude", "/v1/messages", search, 429, daily},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(c *Config) {
				c.Policies = map[string]route.Settings{"default": {Allow: allow.Rules{CachedContents: "any"}}}
			})
			for _, text := range []string{"one", "two", "three"} {
				memory := ""
				for n := 1; n <= 2; n++ {
					a := r.begin(n, memory)
					a.in.Path = c.path
					send(t, a, strings.Replace(c.body, "%", text, 1))
					reply := answerWith(a, c.status, c.refusal).Reply
					if n == 1 && !reply.Verdict.Again() {
						t.Fatalf("%+v", reply)
					}
					memory = reply.Memory
				}
			}
			for _, key := range []string{"a-1", "a-2", ":a"} {
				if r.cooling(key, "gemini-3.5-flash") {
					t.Errorf("%s is out", key)
				}
			}
		})
	}
}

// What an error quotes teaches nothing.
func TestQuotationsTeachNothing(t *testing.T) {
	for _, said := range []string{
		`Invalid value at 'generation_config.response_logprobs' (TYPE_BOOL), "logprobs is not enabled"`,
		`Invalid JSON payload received. Unknown name "API key not valid" at 'generation_config': Cannot find field.`,
		`* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[thought_signature].type: must be specified`,
	} {
		r := newRig(t, nil)
		for _, text := range []string{"one", "two", "three"} {
			reply := r.retry(t, 1, "", saying(text), 400, refusal(said), policies.Fail)
			if reply.Reason != heal.ReasonInvalid {
				t.Errorf("%q was taken for %s", said, reply.Reason)
			}
		}
		if known, heard := r.learned.Len(); r.cooling("a-1", "gemini-3.5-flash") || known+heard > 0 {
			t.Errorf("%q has effects", said)
		}
	}
}

// A violation that names the field teaches at once.
func TestViolationTeachesAtOnce(t *testing.T) {
	const (
		said    = `Invalid JSON payload received. Unknown name \"id\" at 'contents[1].parts[0].function_call': Cannot find field.`
		unknown = `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"` + said + `","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[1].parts[0].function_call","description":"` + said + `"}]}]}}`
		calls   = `{"model":"gemini-3.5-flash","max_tokens":9,"stream":true,"tools":[{"name":"ls","input_schema":{"type":"object"}}],"messages":[{"role":"user","content":"hi"},` +
			`{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"ls","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"x"}]}]}`
	)
	r := newRig(t, nil)
	first := r.retry(t, 1, "", calls, 400, unknown, policies.Repair)
	a := r.begin(2, first.Memory)
	send(t, a, calls)
	answerWith(a, 200, hello+stop)
	if got := r.learned.Of("a", "gemini-3.5-flash", nil); got != heal.OmitIDs {
		t.Errorf("learned %q", got)
	}
}
