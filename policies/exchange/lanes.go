package exchange

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/conversation/stopscan"
	"github.com/heald-proxy/heald/policies/heal"
)

// lane is the state of one of several answers. Their events come mixed, and
// neither a stop sequence nor a signed text crosses from one answer into
// another.
type lane struct {
	stop   *stopscan.Scanner
	sealer *heal.Sealer
	ended  bool
}

func newLanes(sent outgoing, carriers heal.Carriers) []lane {
	lanes := make([]lane, max(sent.expect.Candidates, 1))
	for i := range lanes {
		lanes[i] = lane{stop: stopscan.New(sent.stop), sealer: heal.NewSealer(carriers)}
	}
	return lanes
}

// sameLane is how many events from the first on belong to one answer.
func sameLane(events []conversation.Event) int {
	for i := range events {
		if events[i].Candidate != events[0].Candidate {
			return i
		}
	}
	return len(events)
}

// encodeLane encodes events of one answer. The reply is closed once all answers
// have ended.
func (t *answer) encodeLane(dst []byte, events []conversation.Event) []byte {
	which := min(events[0].Candidate, len(t.lanes)-1)
	l := &t.lanes[which]
	t.scanned = l.stop.Scan(t.scanned[:0], events)
	if l.ended {
		t.scanned = append(t.scanned[:0], events...) // a failure ends the others, too
	}
	t.sealed = l.sealer.Seal(t.sealed[:0], t.scanned)
	t.noteUsage(t.sealed)
	for _, ev := range t.sealed {
		failed := ev.Kind == conversation.EventFailure
		if t.closed || l.ended && !failed {
			continue
		}
		ev.Candidate = which
		if ev.Kind == conversation.EventFinish {
			l.ended = true
			t.ended++
			ev.More = t.ended < len(t.lanes)
			t.closed = !ev.More
		}
		t.closed = t.closed || failed
		dst = t.encoder.Encode(dst, ev)
	}
	return dst
}

// endLanes ends a reply that has fewer answers than were asked for.
func (t *answer) endLanes(dst []byte) []byte {
	if t.closed || t.ended == 0 {
		return dst
	}
	t.closed = true
	for i := range t.lanes {
		if t.lanes[i].ended {
			return t.encoder.Encode(dst, conversation.Event{Kind: conversation.EventFinish, Candidate: i, Usage: t.usage})
		}
	}
	return dst
}
