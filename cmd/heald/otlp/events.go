package otlp

import (
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/heald-proxy/heald/policies/record"
)

// The names of the events of an attempt's span.
const (
	eventWait         = "heald.wait"          // began to wait for a slot, or until it was due
	eventFailover     = "heald.failover"      // goes elsewhere than the attempt before
	eventHedge        = "heald.hedge"         // was sent a second time
	eventFirstContent = "heald.first_content" // upstream's first content came
	eventPeek         = "heald.peek"          // the verdict
	eventRepair       = "heald.repair"        // the next attempt is to change the body
	eventResume       = "heald.resume"        // the answer broke off, and its rest is fetched
	eventResumed      = "heald.resumed"       // the fetch has ended
)

// event is one of them; after is counted from the attempt's beginning.
type event struct {
	name  string
	after record.Duration
	attributes
}

// leastWait is the shortest wait that is told: taking a free slot takes some time, too.
const leastWait = record.Duration(time.Millisecond)

// events are those of an attempt, in the order of their times.
func events(a *record.Attempt) []event {
	var out []event
	s := &a.Span
	add := func(name string, after record.Duration, fill func(*attributes)) {
		e := event{name: name, after: min(max(after, 0), a.Duration)}
		fill(&e.attributes)
		at := len(out)
		for at > 0 && out[at-1].after > e.after {
			at--
		}
		out = append(out[:at], append([]event{e}, out[at:]...)...)
	}
	begin := s.Sent // for events before it is sent
	if begin == 0 {
		begin = a.Duration
	}
	if a.Waited >= leastWait {
		add(eventWait, begin-a.Waited, func(l *attributes) { l.seconds(waited, a.Waited) })
	}
	if to := a.Place(); s.Before.Backend != "" && to.Backend != "" && to != s.Before {
		add(eventFailover, begin, func(l *attributes) {
			l.text(reason, s.Because)
			l.text(fromBackend, s.Before.Backend)
			l.text(fromAccount, s.Before.Account)
			l.text(fromModel, s.Before.Model)
			l.text(backend, to.Backend)
			l.text(account, to.Account)
			l.text(requestModel, to.Model)
		})
	}
	if s.Hedged > 0 {
		add(eventHedge, s.Hedged, func(l *attributes) { l.text(hedged, a.Hedged) })
	}
	if s.Sent > 0 && a.Content > 0 {
		add(eventFirstContent, s.Sent+a.Content, func(*attributes) {})
	}
	if s.Decided > 0 {
		add(eventPeek, s.Decided, func(l *attributes) {
			l.text(verdict, a.Verdict)
			l.text(reason, a.Reason)
		})
	}
	if s.Repair != "" {
		add(eventRepair, max(s.Decided, begin), func(l *attributes) {
			l.text(repair, s.Repair)
			l.text(reason, a.Reason)
		})
	}
	if r := s.Rest; r != nil {
		add(eventResume, s.Broke, func(l *attributes) { l.text(reason, r.Cause) })
		if s.Rested > 0 {
			add(eventResumed, s.Rested, func(l *attributes) {
				l.text(resumed, r.Result)
				l.number(restRequests, r.Requests)
				l.text(backend, r.Backend)
				l.text(account, r.Account)
			})
		}
	}
	return out
}

// tell adds the events to a span that began at that time.
func tell(span trace.Span, began time.Time, all []event) {
	for _, e := range all {
		span.AddEvent(e.name, trace.WithTimestamp(began.Add(time.Duration(e.after))), trace.WithAttributes([]attribute.KeyValue(e.attributes)...))
	}
}
