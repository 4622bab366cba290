package exchange

import (
	"fmt"
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
		"message":      `{"error":{"code":%d,"message":%s}}`,
	}
	for name, form := range forms {
		for _, status := range []int{500, 502, 429, 400, 200} {
			r := newRig(t, nil)
			a := r.begin(1, "")
			send(t, a, ask)
			body := fmt.Sprintf(form, max(status, 400), jsonString(day))
			reason := heal.ReasonQuota
			if status == 200 {
				body, reason = "data: "+body+"\n\n", heal.ReasonPeekError
			}
			got := answerWith(a, status, body).Reply
			if got == nil || got.Verdict != policies.Retry || got.Reason != reason || !r.pool.Cooling("a-1", "gemini-3.5-flash") {
				t.Errorf("%s, %d: %+v", name, status, got)
			}
		}
	}
}
