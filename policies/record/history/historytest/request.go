package historytest

import (
	"time"

	"github.com/heald-proxy/heald/policies/record"
)

// Start is when the first request of the tests began.
var Start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

// Request makes a request with one attempt, the last of which a store is told.
func Request(id string, change ...func(*record.Request)) record.Request {
	r := record.Request{
		Origin: record.Origin{Time: Start, RequestID: id, Tenant: "default", API: "chat", Path: "/v1/chat/completions", Operation: record.Generate},
		Alias:  "fast", Model: "gemini-2.5-flash", Stream: true, Outcome: "passed", Reason: "ok", Status: 200, StopReason: "stop",
		Tried: 1, Attempts: []record.Attempt{Attempt(1)}, Usage: &record.Usage{Input: 10, Output: 5}, Cost: new(int64),
		FirstByte: ms(300), FirstContent: ms(310), Duration: ms(1200),
	}
	*r.Cost = 700
	for _, c := range change {
		c(&r)
	}
	return r
}

// Attempt makes an attempt that went well.
func Attempt(number int, change ...func(*record.Attempt)) record.Attempt {
	cost := int64(700)
	a := record.Attempt{Number: number, Backend: "studio", Kind: "ai_studio", Account: "studio-1", Model: "gemini-2.5-flash", Verdict: "pass", Reason: "ok",
		Status: 200, Usage: &record.Usage{Input: 10, Output: 5}, Cost: &cost, Held: ms(250), Duration: ms(1200)}
	for _, c := range change {
		c(&a)
	}
	return a
}

// Failed makes an attempt that failed, as it is told on its own.
func Failed(id string, number int, reason string, status int) record.Attempt {
	return Attempt(number, func(a *record.Attempt) {
		a.Origin = record.Origin{Time: Start, RequestID: id, Tenant: "default", API: "chat"}
		a.Verdict, a.Reason, a.Status, a.Usage, a.Cost, a.Error, a.Wait = "retry", reason, status, nil, nil, "the provider's words", ms(100)
	})
}

func ms(n int) record.Duration { return record.Duration(time.Duration(n) * time.Millisecond) }
