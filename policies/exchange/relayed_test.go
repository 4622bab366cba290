package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
)

// Google's error inside a gateway's is the one that counts, whatever status the
// gateway answers with.
func TestRelayedErrors(t *testing.T) {
	const day = `{"error":{"code":429,"message":"Quota exceeded.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]}]}}`
	forms := map[string]string{
		"raw":          `{"error":{"code":%d,"message":"Provider returned error","metadata":{"provider_name":"Google","raw":%s}}}`,
		"raw in array": `[{"error":{"code":%d,"message":"Provider returned error","metadata":{"raw":%s}}}]`,
		"response":     `{"error":{"code":%d,"message":"failed","upstreamResponse":{"status":429,"body":%s}}}`,
		"text beside":  `{"error":"bad gateway, status %d","upstreamResponse":%s}`,
		"alone":        `{"status":%d,"upstreamResponse":%s}`,
		"in metadata":  `{"error":{"code":%d,"message":"x","metadata":{"upstream_response":%s}}}`,
		"message":      `{"error":{"code":%d,"message":%s}}`,
	}
	for name, form := range forms {
		for _, status := range []int{500, 502, 503, 429, 400, 200} {
			r := newRig(t, nil)
			a := r.begin(1, "")
			send(t, a, ask)
			inner := jsonString(day)
			if status%2 == 1 && name != "message" { // as JSON, too
				inner = day
			}
			body := fmt.Sprintf(form, max(status, 400), inner)
			reason := heal.ReasonQuota
			if status == 200 {
				body, reason = "data: "+body+"\n\n", heal.ReasonPeekError
			}
			got := answerWith(a, status, body).Reply
			if got == nil || got.Verdict != policies.Retry || got.Reason != reason || !r.cooling("a-1", "gemini-3.5-flash") {
				t.Errorf("%s, %d: %+v", name, status, got)
			}
		}
	}
}

// Where upstream runs tools, the error inside may be that of a server which the
// client chose: it keeps no account and no backend from others, also if two
// requests bring it along. What is not inside another error is Google's.
func TestErrorsOfToolServersStayWithTheirRequest(t *testing.T) {
	const (
		nested   = `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":%s}}`
		relayed  = `{"error":{"code":400,"message":"tool call failed","upstreamResponse":%s}}`
		model    = "gemini-3.5-flash"
		quota    = `{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"GenerateRequestsPerDayPerProjectPerModel"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"86000s"}]}}`
		capacity = `{"error":{"code":503,"message":"m","status":"UNAVAILABLE","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"MODEL_CAPACITY_EXHAUSTED"}]}}`
		key      = `{"error":{"code":400,"message":"m","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}`
		search   = `"tools":[{"type":"web_search_20250305","name":"web_search"}],"max_tokens"`
	)
	for _, e := range []struct {
		name   string
		status int
		body   string
	}{{"quota", 429, quota}, {"capacity", 503, capacity}, {"key", 400, key}} {
		for _, c := range []struct {
			form  string
			tools bool
			cools bool
		}{{nested, true, false}, {relayed, true, false}, {"", true, true}, {nested, false, true}, {relayed, false, true}} {
			r := newRig(t, nil)
			status, body := e.status, e.body
			if c.form != "" {
				status, body = 400, fmt.Sprintf(c.form, jsonString(e.body))
			}
			for _, text := range []string{"one", "another"} {
				request := saying(text)
				if c.tools {
					request = strings.Replace(request, `"max_tokens"`, search, 1)
				}
				a := r.begin(1, "")
				send(t, a, request)
				if got := answerWith(a, status, body).Reply; got == nil {
					t.Fatalf("%s was passed", e.name)
				}
			}
			cools := r.cooling("a-1", model) || r.cooling("a-2", model) || r.cooling(":a", model)
			if cools != c.cools {
				t.Errorf("%s in %q, tools %v: cools %v", e.name, c.form, c.tools, cools)
			}
		}
	}
}

// What only the words of an error ask for is not learned of requests with tools.
func TestWordsOfToolServersTeachNothing(t *testing.T) {
	for _, tools := range []bool{true, false} {
		r := newRig(t, nil)
		request := func(text string) string {
			more := ""
			if tools {
				more = `"tools":[{"googleSearch":{}}],`
			}
			return `{` + more + `"generationConfig":{"frequencyPenalty":0.5},"contents":[{"role":"user","parts":[{"text":"` + text + `"}]}]}`
		}
		attempt := func(n int, memory, text string) (*attempt, string) {
			a := r.begin(n, memory)
			a.in.Path = strings.Replace(nativeStream, "3.5", "2.0", 1)
			return a, string(send(t, a, request(text)).Body)
		}
		for _, text := range []string{"one", "another"} {
			first, _ := attempt(1, "", text)
			refused := answerWith(first, 400, refusal("Penalty is not enabled for this model")).Reply
			second, body := attempt(2, refused.Memory, text)
			if strings.Contains(body, "Penalty") {
				t.Fatalf("tools %v: not repaired: %s", tools, body)
			}
			answerWith(second, 200, hello+stop)
		}
		if _, body := attempt(1, "", "a third"); strings.Contains(body, "Penalty") != tools {
			t.Errorf("tools %v: the next request is %s", tools, body)
		}
	}
}
