package tenant

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/test/fixture"
)

// TestRefusalsInEachDialect writes down what clients get:
//
//	go test ./policies/tenant -run TestRefusalsInEachDialect -update
//
// TestStatuses says what matters of it.
func TestRefusalsInEachDialect(t *testing.T) {
	const path = "testdata/denied.txt"
	var b strings.Builder
	for _, d := range []dialect.Dialect{claude.New(), chat.New(chat.Config{}), responses.New(), native.New()} {
		for _, denied := range everyDenied() {
			e := denied.Client()
			status, headers, body := d.Error(e)
			fmt.Fprintf(&b, "%s, kind %d\n\t%d", d.Name(), denied.Kind, status)
			for _, name := range []string{"retry-after", "x-should-retry"} {
				if v := headers.Get(name); v != "" {
					fmt.Fprintf(&b, " %s: %s", name, v)
				}
			}
			fmt.Fprintf(&b, "\n%s\n", strings.TrimSpace(string(body)))
		}
	}
	want, _ := os.ReadFile(path) // Diff reports that it is missing
	fixture.Diff(t, path, want, []byte(b.String()))
}

// everyDenied has one refusal of each kind, with all that such a one has, and
// one of a day, whose end is too far for SDKs.
func everyDenied() []Denied {
	out := make([]Denied, 0, Kinds)
	for kind := range kindsCount {
		d := Denied{Kind: kind, Tenant: "search-team"}
		switch kind {
		case Model, Unpriced:
			d.Model = "gemini-3.8-pro"
		case Slots, Waiting:
			d.RetryAfter = 1500 * time.Millisecond
		case Budget, Reserved:
			d.Limit, d.RetryAfter = "requests/minute", 20*time.Second
		case OutOfMoney:
			d.Limit = "money/total"
		case Spent:
			d.Limit = "requests/total"
		case TooLarge:
			d.Limit = "tokens/minute"
		case NoKey, UnknownKey, DamagedKey, ExpiredKey, Ambiguous, Disabled:
		}
		out = append(out, d)
	}
	return append(out, Denied{Kind: Budget, Limit: "tokens/day", RetryAfter: 7 * time.Hour},
		Denied{Kind: OutOfMoney, Limit: "money/month", RetryAfter: 20 * 24 * time.Hour})
}

func TestStatuses(t *testing.T) {
	statuses := [Kinds]int{NoKey: 401, UnknownKey: 401, DamagedKey: 401, ExpiredKey: 401, Ambiguous: 401, Disabled: 403, Model: 403, Unpriced: 403,
		Slots: 429, Waiting: 429, Budget: 429, Reserved: 429, OutOfMoney: 402, Spent: 429, TooLarge: 429}
	for _, denied := range everyDenied() {
		again := denied.RetryAfter > 0 && denied.RetryAfter <= time.Minute
		for _, d := range []dialect.Dialect{claude.New(), chat.New(chat.Config{}), responses.New(), native.New()} {
			status, headers, body := d.Error(denied.Client())
			if status != statuses[denied.Kind] || strings.Contains(string(body), "search-team") {
				t.Errorf("%s, kind %d: %d %s", d.Name(), denied.Kind, status, body)
			}
			want := ""
			if denied.RetryAfter > 0 {
				want = fmt.Sprint(int(denied.RetryAfter.Seconds() + 0.5))
			}
			if got := headers.Get("retry-after"); got != want {
				t.Errorf("%s, kind %d: retry-after %q, want %q", d.Name(), denied.Kind, got, want)
			}
			if got := headers.Get("x-should-retry"); got != "" && (got == "true") != again {
				t.Errorf("%s, kind %d, after %s: x-should-retry %s", d.Name(), denied.Kind, denied.RetryAfter, got)
			}
		}
	}
}
