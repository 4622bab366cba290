package exchange

import (
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/record"
)

// moments are the times of the events in a span; zero if an event did not
// happen.
type moments struct {
	hedged  time.Time    // sent a second time
	decided time.Time    // there was a verdict
	broke   time.Time    // the answer broke off, and its rest was fetched
	rested  time.Time    // that was over
	repair  heal.Repairs // what the verdict asks of the next attempt
}

// stateLimit bounds a tracestate, in bytes: longer ones need not be passed on
// (https://www.w3.org/TR/trace-context/, section 3.3.1.5).
const stateLimit = 512

// envoySpans says which Envoy spans are the parents of the request's span and of
// the attempt's. Where envoy.yaml traces, the inner listener has put the
// attempt's span id into traceparent, so that Envoy's own span of the attempt is
// below it; the outer listener's span is in HeaderTraceparent. Elsewhere
// traceparent comes from whoever is before heald.
func (a *attempt) envoySpans(o *record.Origin) (span string) {
	trace, parent, sampled := record.ParseTraceparent(a.in.Headers.Get("traceparent"))
	o.TraceID, o.ParentSpan, o.Sampled = trace, parent, sampled
	if trace == "" {
		return ""
	}
	o.TraceState = a.traceState()
	outer, above, _ := record.ParseTraceparent(a.in.Headers.Get(policies.HeaderTraceparent))
	if outer != trace {
		return ""
	}
	o.ParentSpan = above
	return strings.Clone(parent) // the record outlives the headers
}

// traceState is the tracestate; several headers are joined to one list.
func (a *attempt) traceState() string {
	var all []string
	length := 0
	for _, h := range a.in.Headers {
		if h.Name == "tracestate" && h.Value != "" {
			all = append(all, h.Value)
			length += len(h.Value) + 1
		}
	}
	if length > stateLimit+1 {
		return ""
	}
	return strings.Join(all, ",")
}

// span is what spans need of the attempt beside the rest of its record.
func (a *attempt) span(id string) record.Span {
	m := &a.moments
	s := record.Span{ID: id, Sent: a.after(a.sentAt), Hedged: a.after(m.hedged), Decided: a.after(m.decided), Broke: a.after(m.broke), Rested: a.after(m.rested)}
	if m.repair != 0 {
		s.Repair = m.repair.String()
	}
	if n := len(a.memory.Tries); n > 0 && a.backend != nil {
		before := &a.memory.Tries[n-1]
		s.Before, s.Because = record.Place{Backend: before.Backend, Account: before.Account, Model: policies.Clean(before.Model)}, before.Reason
	}
	if r := a.resumption; r != nil {
		s.Rest = &record.Resume{Result: r.result, Cause: r.cause, Requests: r.asked, Backend: r.asker.backend.Name, Account: r.asker.account.ID}
	}
	return s
}

// after is the time of an event, counted from the attempt's beginning, at least
// a nanosecond; 0 if it did not happen.
func (a *attempt) after(t time.Time) record.Duration {
	if t.IsZero() {
		return 0
	}
	return record.Duration(max(t.Sub(a.begunAt), 1))
}
