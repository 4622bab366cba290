package gemini

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
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
		Quotas:     []Quota{{ID: "PerDayPerModel-FreeTier", Value: "50", Metric: "m/requests", Dimensions: map[string]string{"model": "x"}}},
	}
}

// relayed is a gateway's error with another member in it.
func relayed(message, member string) string {
	return fmt.Sprintf(`{"error":{"code":500,"message":%q,%s}}`, message, member)
}

func quote(s string) string { return string(conversation.Quote(s)) }

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
		{"error in a message", nested, func() *Status { st := quotaStatus(); st.Relayed, st.Nested, st.Embedded = true, true, true; return st }()},
		{"error in nothing but a message", fmt.Sprintf(`{"error":{"code":500,"message":%q}}`, quotaError+"\n"),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"array of one in a message", fmt.Sprintf(`{"error":{"message":%q}}`, "["+quotaError+"\n]\n"),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"relayed as a text", relayed("Provider returned error", `"metadata":{"provider_name":"Google","raw":`+quote(quotaError)+`}`),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"relayed as a text with an array", relayed("Provider returned error", `"metadata":{"raw":`+quote("["+quotaError+"\n]")+`,"provider_name":"Google"}`),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"relayed as an object", relayed("upstream failed", `"upstreamResponse":`+quotaError),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"relayed with its status", relayed("upstream failed", `"upstreamResponse":{"status":429,"body":`+quote(quotaError)+`}`),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"relayed twice", relayed("first", `"upstream_response":`+relayed("second", `"metadata":{"raw":`+quotaError+`}`)),
			func() *Status { st := quotaStatus(); st.Relayed, st.Nested = true, true; return st }()},
		{"relayed by name alone", relayed("m", `"upstreamResponse":{"error":{"status":"UNAVAILABLE","message":"overloaded"}}`),
			&Status{Code: 503, Status: "UNAVAILABLE", Message: "overloaded", Relayed: true, Nested: true}},
		{"relayed without words", relayed("m", `"metadata":{"raw":"{\"error\":{\"code\":503}}"}`), &Status{Code: 503, Message: "m", Relayed: true, Nested: true}},
		{"relayed without a code", relayed("m", `"upstreamResponse":{"error":{"message":"n","details":[{"@type":"x/google.rpc.ErrorInfo","reason":"A"}]}}`),
			&Status{Code: 500, Message: "n", Reason: "A", Relayed: true}},
		{"relayed words alone", relayed("m", `"metadata":{"raw":"rate-limited upstream","reasons":["x"]},"upstreamResponse":[1]`), &Status{Code: 500, Message: "m"}},
		{"relayed by tool's metadata in details", `{"error":{"code":500,"details":[{"@type":"x/google.rpc.ErrorInfo","reason":"A","metadata":{"raw":"{\"error\":{\"code\":401}}"}}]}}`,
			&Status{Code: 500, Reason: "A", Metadata: map[string]string{"raw": `{"error":{"code":401}}`}}},
		{"Anthropic's type", `{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}`, &Status{Status: "overloaded_error", Message: "Overloaded"}},
		{"a type that says nothing", `{"error":{"type":"odd","message":"m"}}`, &Status{Message: "m"}},
		{"a type beside a code", `{"error":{"type":"api_error","code":429}}`, &Status{Code: 429}},
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

// Errors in errors are read to a depth, and however deep they are, only so much.
func TestParseStatusIsBounded(t *testing.T) {
	in := `{"error":{"code":503,"message":"deep"}}`
	for depth := 1; depth <= 12; depth++ {
		in = relayed("m", `"upstreamResponse":`+in)
		st, ok := ParseStatus([]byte(in))
		if deep := depth > maxStatusNesting; !ok || (st.Message == "deep") == deep {
			t.Errorf("at depth %d: %+v", depth, st)
		}
	}
	for _, member := range []string{`{"error":{"upstreamResponse":`, `{"error":{"metadata":{"raw":`, `{"body":`} {
		in := `{"error":{"code":500,"upstreamResponse":` + strings.Repeat(member, 9_000)
		if st, ok := ParseStatus([]byte(in)); ok && st.HTTP() != 500 {
			t.Errorf("%s…: %+v", in[:60], st)
		}
	}
}

// Junk never fails, what is parsed is bounded, and an array of one is the same
// as its element.
func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(quotaError))
	f.Add([]byte(relayed("m", `"metadata":{"raw":`+quote(quotaError)+`}`)))
	f.Add([]byte(relayed("m", `"upstreamResponse":{"body":`+quotaError+`}`)))
	f.Add([]byte(strings.Repeat(`{"error":{"upstreamResponse":`, 200) + quotaError))
	f.Add([]byte(`[{"error":{"message":"{\"error\":{\"message\":\"{}\"}}"}}]`))
	f.Fuzz(func(t *testing.T, body []byte) {
		st, ok := ParseStatus(body)
		if ok != (st != nil) {
			t.Fatalf("got %v, %v", st, ok)
		}
		if !ok {
			return
		}
		// A gateway that relays it changes nothing of what it says.
		for _, by := range []string{`"upstreamResponse":` + quote(string(body)), `"metadata":{"raw":` + quote(string(body)) + `}`} {
			if outer, ok := ParseStatus([]byte(relayed("m", by))); ok && body[0] == '{' && st.HTTP() != 0 && utf8.Valid(body) && !st.Nested && outer.HTTP() != st.HTTP() {
				t.Errorf("relayed by %s: %d, want %d", by, outer.HTTP(), st.HTTP())
			}
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
		{Status{Status: "overloaded_error"}, 529}, {Status{Code: 429, Status: "api_error"}, 429},
		{Status{Status: "INVALID_ARGUMENT"}, 400}, {Status{}, 0}, {Status{Code: 200}, 0}, {Status{Code: 17}, 0}, {Status{Status: "NEW"}, 0},
	} {
		if got := c.in.HTTP(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.in, got, c.want)
		}
	}
}
