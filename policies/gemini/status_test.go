package gemini

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const quotaError = `{"error":{"code":429,"message":"You exceeded your current quota.\nPlease retry in 9s.","status":"RESOURCE_EXHAUSTED","details":[
	{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.5s"},
	{"violations":[{"quotaMetric":"m/requests","quotaId":"PerDayPerModel-FreeTier","quotaValue":"50","quotaDimensions":{"model":"x"}}],"@type":"type.googleapis.com/google.rpc.QuotaFailure"},
	{"@type":"type.googleapis.com/google.rpc.Help","links":[{"url":"x"}]},
	{"reason":"RATE_LIMIT_EXCEEDED","metadata":{"quota_limit":"L","quotaResetDelay":"5s","n":7},"domain":"googleapis.com","@type":"type.googleapis.com/google.rpc.ErrorInfo"}]}}`

func quotaStatus() *Status {
	return &Status{
		Code: 429, Status: "RESOURCE_EXHAUSTED", Message: "You exceeded your current quota.\nPlease retry in 9s.",
		Reason: "RATE_LIMIT_EXCEEDED", Domain: "googleapis.com",
		Metadata:   map[string]string{"quota_limit": "L", "quotaResetDelay": "5s", "n": "7"},
		RetryDelay: 34500 * time.Millisecond,
		Quotas:     []Quota{{ID: "PerDayPerModel-FreeTier", Value: "50", Metric: "m/requests"}},
	}
}

func TestParseStatus(t *testing.T) {
	nested := fmt.Sprintf(`{"error":{"code":500,"status":"INTERNAL","message":%q}}`, "upstream said: "+quotaError)
	for _, c := range []struct {
		name, body string
		want       *Status
	}{
		{"object", quotaError, quotaStatus()},
		{"array of one", "[" + quotaError + "\n]", quotaStatus()},
		{"sse data line", "data: " + quotaError + "\r\n\r\n", quotaStatus()},
		{"bom", "\ufeff" + quotaError, quotaStatus()},
		{"error in a message", nested, func() *Status { st := quotaStatus(); st.Nested, st.Embedded = true, true; return st }()},
		{"error in nothing but a message", fmt.Sprintf(`{"error":{"code":500,"message":%q}}`, quotaError+"\n"),
			func() *Status { st := quotaStatus(); st.Nested = true; return st }()},
		{"error that a client wrote", `{"error":{"code":400,"message":"Unknown name \"{\"error\":{\"code\":401,\"message\":\"m\"}}\": Cannot find field."}}`,
			&Status{Code: 400, Message: `Unknown name "{"error":{"code":401,"message":"m"}}": Cannot find field.`}},
		{"bad request", `{"error":{"code":400,"status":"INVALID_ARGUMENT","message":"m","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"a.b","description":"d"}]}]}}`,
			&Status{Code: 400, Status: "INVALID_ARGUMENT", Message: "m", Violations: []FieldViolation{{"a.b", "d"}}}},
		{"first ErrorInfo counts", `{"error":{"details":[{"@type":"x/google.rpc.ErrorInfo","reason":"A"},{"@type":"x/google.rpc.ErrorInfo","reason":"B"}]}}`,
			&Status{Reason: "A"}},
		{"delay of the metadata", `{"error":{"message":"Please retry in 9s.","retry_after":4,"details":[{"@type":"x/google.rpc.ErrorInfo","reason":"A","metadata":{"quotaResetDelay":"1m0.5s"}}]}}`,
			&Status{Message: "Please retry in 9s.", Reason: "A", Metadata: map[string]string{"quotaResetDelay": "1m0.5s"}, RetryDelay: time.Minute + 500*time.Millisecond}},
		{"delay beside the message", `{"error":{"message":"Please retry in 9s.","retry_after":4}}`,
			&Status{Message: "Please retry in 9s.", RetryDelay: 4 * time.Second}},
		{"delay of the text", `{"error":{"message":"Please retry in 9s."}}`,
			&Status{Message: "Please retry in 9s.", RetryDelay: 9 * time.Second, DelayInText: true}},
		{"delay that a client wrote", `{"error":{"message":"Unknown name 'retry in 9s'."}}`, &Status{Message: "Unknown name 'retry in 9s'."}},
		{"delay as an object", `{"error":{"details":[{"@type":"x/google.rpc.RetryInfo","retryDelay":{"seconds":"3","nanos":500000000}}]}}`,
			&Status{RetryDelay: 3500 * time.Millisecond}},
		{"delay as an object that overflows", `{"error":{"code":429,"details":[{"@type":"x/google.rpc.RetryInfo","retryDelay":{"seconds":18446744074}}]}}`, &Status{Code: 429}},
		{"delay that is a time", `{"error":{"code":429,"message":"Retry after 1764424593 seconds.","details":[{"@type":"x/google.rpc.RetryInfo","retryDelay":"1764424593s"}]}}`,
			&Status{Code: 429, Message: "Retry after 1764424593 seconds."}},
		{"error is a text", `{"error":"it broke"}`, &Status{Message: "it broke"}},
		{"oauth", `{"error":"invalid_grant","error_description":"expired"}`, &Status{Status: "invalid_grant", Message: "expired"}},
		{"odd types", `{"error":{"code":"503","status":7,"message":null,"details":{"a":1}}}`, &Status{Code: 503}},
		{"message with braces", `{"error":{"message":"set {\"error\": at once"}}`, &Status{Message: `set {"error": at once`}},
		{"invalid UTF-8", "{\"error\":{\"message\":\"a\xffb\"}}", &Status{Message: "a\ufffdb"}},
		{"html", "<html>503</html>", nil},
		{"empty", "", nil},
		{"blank", " \r\n", nil},
		{"a true answer", `{"candidates":[]}`, nil},
		{"null error", `{"error":null}`, nil},
		{"text", "upstream connect error", nil},
		{"cut short", `{"error":{"code":5`, nil},
		{"too large", `{"error":{"message":"` + strings.Repeat("x", maxStatusBody) + `"}}`, nil},
	} {
		got, ok := ParseStatus([]byte(c.body))
		if ok != (c.want != nil) {
			t.Errorf("%s: got %v", c.name, ok)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// Junk never fails, what is parsed is bounded, and an array of one is the same
// as its element.
func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(quotaError))
	f.Add([]byte(`[{"error":{"message":"{\"error\":{\"message\":\"{}\"}}"}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		st, ok := ParseStatus(body)
		if ok != (st != nil) {
			t.Fatalf("got %v, %v", st, ok)
		}
		if !ok {
			return
		}
		if st.RetryDelay < 0 || st.RetryDelay > maxDelay {
			t.Errorf("delay %v", st.RetryDelay)
		}
		if body[0] == '{' {
			again, _ := ParseStatus(append([]byte{'['}, body...))
			if diff := cmp.Diff(st, again); diff != "" {
				t.Errorf("in an array: (-object +array)\n%s", diff)
			}
		}
	})
}

func TestStatusHTTP(t *testing.T) {
	for _, c := range []struct {
		in   Status
		want int
	}{
		{Status{Code: 429}, 429}, {Status{Code: 8}, 429}, {Status{Code: 14, Status: "INTERNAL"}, 503}, {Status{Status: "UNAVAILABLE"}, 503},
		{Status{Status: "INVALID_ARGUMENT"}, 400}, {Status{}, 0}, {Status{Code: 200}, 0}, {Status{Code: 17}, 0}, {Status{Status: "NEW"}, 0},
	} {
		if got := c.in.HTTP(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.in, got, c.want)
		}
	}
}
