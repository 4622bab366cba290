package fakegemini

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each limit lets exactly so much through, and no minute has more, wherever it
// begins.
func TestQuotas(t *testing.T) {
	start := time.Unix(1_800_000_000, 0)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	q := newQuotas([]Quota{
		{Keys: []string{"a", "b"}, Requests: 2},
		{Keys: []string{"c"}, Tokens: 100},
		{Keys: []string{"d"}, Day: 1},
		{Keys: []string{"e", "f"}, Slots: 1},
	})
	steps := []struct {
		name, key, model string
		tokens           int
		at               float64
		refused          string // the limit
	}{
		{"first", "a", "m", 1, 0, ""},
		{"the other key of the project", "b", "m", 1, 59, ""},
		{"a third in the minute", "a", "m", 1, 59.9, quotaRequests},
		{"another model", "a", "n", 1, 59.9, ""},
		{"the first is over", "b", "m", 1, 60, ""},
		{"the second is not", "a", "m", 1, 118.9, quotaRequests},
		{"and now is", "a", "m", 1, 119, ""},
		{"a key without quota", "z", "m", 1_000_000, 119, ""},

		{"tokens", "c", "m", 60, 0, ""},
		{"too many", "c", "m", 41, 1, quotaTokens},
		{"as many as are left", "c", "m", 40, 1, ""},

		{"the day's", "d", "m", 1, 0, ""},
		{"is used up", "d", "m", 1, 3600, quotaDay},
	}
	for _, s := range steps {
		release, refusal := q.take(s.key, s.model, s.tokens, at(s.at))
		switch {
		case refusal == nil && s.refused != "":
			t.Errorf("%s: granted", s.name)
		case refusal != nil && !strings.Contains(string(refusal.json()), `"quotaId": "`+s.refused+`"`) && !strings.Contains(string(refusal.json()), `"quotaId":"`+s.refused+`"`):
			t.Errorf("%s: %s, want %q", s.name, refusal.json(), s.refused)
		}
		if release != nil {
			release()
		}
	}
	end, refusal := q.take("e", "m", 1, start)
	if refusal != nil {
		t.Fatal(refusal.Message)
	}
	if _, refusal = q.take("e", "n", 1, start); refusal == nil {
		t.Error("a second request with one slot was granted")
	}
	if _, refusal = q.take("f", "m", 1, start); refusal != nil {
		t.Error("the slots of another key were taken")
	}
	end()
	if _, refusal = q.take("e", "n", 1, start); refusal != nil {
		t.Error("the slot did not come back")
	}
	if use := q.all[3].use; use != (QuotaUse{Granted: 3, Refused: 1, Most: 2, Left: 2}) {
		t.Errorf("%+v", use)
	}
}

// A refusal says what the limit is, or hides it.
func TestQuotaRefusals(t *testing.T) {
	s := Start(t, Options{Quotas: []Quota{{Keys: []string{"k"}, Requests: 1}, {Keys: []string{"h"}, Requests: 1, Hidden: true}}})
	for _, key := range []string{"k", "h"} {
		for i, want := range []int{200, 429} {
			req := newRequest(t, s, stream35, `{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}`)
			req.Header.Set("X-Goog-Api-Key", key)
			status, body := do(t, req)
			if status != want {
				t.Fatalf("%s, request %d: %d %s", key, i, status, body)
			}
			told := strings.Contains(body, `"quotaValue": "1"`) && strings.Contains(body, `"model": "gemini-3.5-flash"`)
			if status == http.StatusTooManyRequests && told != (key == "k") {
				t.Errorf("%s: %s", key, body)
			}
		}
	}
	for i, use := range s.QuotaUse() {
		if use != (QuotaUse{Granted: 1, Refused: 1, Most: 1}) {
			t.Errorf("quota %d: %+v", i, use)
		}
	}
}
