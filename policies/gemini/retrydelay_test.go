package gemini

import (
	"encoding/json"
	"testing"
	"time"
)

func TestParseDelay(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"47.434392449s", 47434392449},
		{"850ms", 850 * time.Millisecond},
		{"1h2m3.5s", time.Hour + 2*time.Minute + 3500*time.Millisecond},
		{"2m", 2 * time.Minute},
		{" 12 ", 12 * time.Second},
		{"0.5", 500 * time.Millisecond},
		{"24h", maxDelay}, {"86400", maxDelay}, {"24h1s", 0}, {"24h1ms", 0}, {"86400.5", 0}, {"86401", 0}, {"168h", 0}, {"744h", 0},
		{"99999999h", 0}, {"99999999999999999999", 0}, {"745h", 0},
		{"1764424593", 0}, {"1764424593.5", 0}, {"1764424593000", 0}, // Unix times
		{"1764424593s", 0}, {"9223372036s", 0}, {"9999999999999999999999h", 0}, {"+5", 0}, {"1e9", 0}, {"-0.5s", 0},
		{"", 0}, {"0", 0}, {"0s", 0}, {"-1", 0}, {"-1s", 0}, {"1e3", 0}, {"inf", 0}, {"NaN", 0}, {"0x10", 0},
		{"5us", 0}, {"soon", 0}, {"1.2.3", 0}, {"3s later", 0},
	} {
		got, ok := parseDelay(c.text)
		if got != c.want || ok != (c.want > 0) {
			t.Errorf("%q: got %v, %v; want %v", c.text, got, ok, c.want)
		}
	}
}

func TestTextDelay(t *testing.T) {
	for _, c := range []struct {
		text string
		want time.Duration
	}{
		{"Quota exceeded.\nPlease retry in 47.434392449s.", 47434392449},
		{"Please retry in 850ms.", 850 * time.Millisecond},
		{"Please try again in 12.3s", 12300 * time.Millisecond},
		{"Retry after 30 seconds.", 30 * time.Second},
		{"retry in 1 minute", time.Minute},
		{"Your quota will reset after 1h2m3s.", time.Hour + 2*time.Minute + 3*time.Second},
		{"Please try again later.", 0},
		{"The model is overloaded.", 0},
	} {
		if got := textDelay(c.text); got != c.want {
			t.Errorf("%q: got %v, want %v", c.text, got, c.want)
		}
	}
}

func TestRetryDelay(t *testing.T) {
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	body := &Status{RetryDelay: 7 * time.Second}
	for _, c := range []struct {
		name, header string
		st           *Status
		want         time.Duration
	}{
		{"nothing", "", nil, 0},
		{"body", "", body, 7 * time.Second},
		{"header first", "3", body, 3 * time.Second},
		{"date", "Thu, 01 Oct 2026 12:00:40 GMT", body, 40 * time.Second},
		{"date of the past", "Thu, 01 Oct 2026 11:00:00 GMT", body, 7 * time.Second},
		{"date of tomorrow", "Fri, 02 Oct 2026 12:00:00 GMT", body, maxDelay},
		{"date of next week", "Thu, 08 Oct 2026 12:00:00 GMT", body, 7 * time.Second},
		{"header is two days", "172800", body, 7 * time.Second},
		{"date of another century", "Thu, 01 Oct 2126 12:00:00 GMT", body, 7 * time.Second},
		{"header is a time", "1790856000", body, 7 * time.Second},
		{"header is negative", "-5", body, 7 * time.Second},
		{"header is junk", "soon", body, 7 * time.Second},
		{"header is zero", "0", nil, 0},
	} {
		if got, _ := RetryDelay(c.header, c.st, now); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// Whatever a server writes, in a header or anywhere in an error, the delay is a
// time that can be waited for: not negative, and not above a day.
func FuzzRetryDelay(f *testing.F) {
	f.Add("3", "7s", "1h2m", "Please retry in 850ms.")
	f.Add("Thu, 01 Oct 2026 12:00:40 GMT", "", "", "Retry after 30 seconds")
	f.Add("", "-1s", "NaN", "reset after 1 minute")
	f.Add("1e300", "0x10", "90ms", "retry in 0.0000000001s")
	f.Add("", `{"seconds":9,"nanos":-1}`, "", "")
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, header, info, reset, message string) {
		value := func(s string) string {
			if json.Valid([]byte(s)) {
				return s
			}
			b, _ := json.Marshal(s)
			return string(b)
		}
		text, _ := json.Marshal(message)
		body := `{"error":{"code":429,"message":` + string(text) + `,"retry_after":` + value(reset) +
			`,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":` + value(info) +
			`},{"@type":"type.googleapis.com/google.rpc.ErrorInfo","metadata":{"quotaResetDelay":` + value(reset) + `}}]}}`
		st, _ := ParseStatus([]byte(body))
		for _, st := range []*Status{st, nil} {
			got, _ := RetryDelay(header, st, now)
			if got < 0 || got > 24*time.Hour {
				t.Errorf("header %q, body %s: wait %v", header, body, got)
			}
			// A date beyond what is believed may be believed a second later.
			if later, _ := RetryDelay(header, st, now.Add(time.Second)); st == nil && got > 0 && later > got {
				t.Errorf("header %q: wait %v, but %v a second later", header, got, later)
			}
		}
	})
}
