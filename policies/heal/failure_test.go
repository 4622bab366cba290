package heal

import (
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/gemini"
)

// What the next attempts of a request may expect of the same account.
func TestFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		in   Seen
		want Failure
	}{
		{"nothing", Seen{Peek: ReasonPeekEOF}, Passing},
		{"silence", Seen{Peek: ReasonPeekTimeout}, Passing},
		{"500", seen(500, nil), Passing},
		{"500 where next to nothing is waited for", Seen{Status: 500, MaxWait: time.Second}, Passing},
		{"503", seen(503, nil), Passing},
		{"unheard-of 5xx", seen(599, nil), Passing},
		{"reset", Seen{Details: "upstream_reset_before_response_started{connection_termination}"}, Passing},
		{"no capacity", seen(429, message("no capacity")), Passing},
		{"429", seen(429, nil), Passing},
		{"429 where next to nothing is waited for", Seen{Status: 429, MaxWait: time.Second}, Passing},
		{"429 with a short delay", Seen{Status: 429, Delay: time.Second, MaxWait: 10 * time.Second}, Passing},
		{"429 with a long delay", Seen{Status: 429, Delay: time.Minute, MaxWait: 10 * time.Second}, Spent},
		{"503 with a long delay", Seen{Status: 503, Delay: time.Minute, MaxWait: 10 * time.Second}, Spent},
		{"quota of the day", seen(429, &gemini.Status{Reason: "QUOTA_EXHAUSTED"}), Spent},
		{"quota in words", seen(429, message("limit: 0")), Spent},
		{"key", seen(401, nil), Spent},
		{"key in words", seen(400, message("API key not valid.")), Spent},
		{"error under 200", Seen{Status: 403, Peek: ReasonPeekError, Error: message("no")}, Spent},
		{"402", seen(402, nil), Spent},
		{"403", seen(403, nil), Spent},
		{"404", seen(404, nil), Spent},
		{"billing", seen(400, &gemini.Status{Status: "FAILED_PRECONDITION"}), Spent},
		{"too long a prompt", seen(400, message("The input token count (2) exceeds the maximum (1)")), Overflow},
		{"bad request", seen(400, nil), Refused},
		{"unheard-of 4xx", seen(418, nil), Refused},
		{"signature", seen(400, message("Corrupted thought signature.")), Refused},
		{"signature with a delay", Seen{Status: 400, Error: message("Corrupted thought signature."), Delay: time.Minute}, Refused},
	} {
		if got := Judge(c.in).Failure; got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
