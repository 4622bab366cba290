package dialecttest

import (
	"iter"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Orders yields all sequences of three events, allowed or not: enough to reach
// every state of an encoder and to leave it by every event. A sequence is valid
// until the next one.
func Orders() iter.Seq[[]conversation.Event] {
	events := oneOfEach()
	return func(yield func([]conversation.Event) bool) {
		for _, first := range events {
			for _, second := range events {
				for _, third := range events {
					if !yield([]conversation.Event{first, second, third}) {
						return
					}
				}
			}
		}
	}
}

// oneOfEach is an event of each kind, and several of the kinds whose fields
// vary most.
func oneOfEach() []conversation.Event {
	var events []conversation.Event
	for kind := conversation.EventStart; kind <= conversation.EventFailure; kind++ {
		events = append(events, conversation.Event{
			Kind: kind, Text: conversation.Quote("x"), Name: "f", CallID: "a", Args: conversation.Raw("{}"), Carrier: "gs1.a.b.c",
			Finish: conversation.FinishStop, Sources: answerSources, Err: &conversation.Error{Kind: conversation.ErrAPI, Message: "x"},
			Media: conversation.Media{MIME: "image/png", Data: conversation.Quote("AAAA")},
		})
	}
	return append(events,
		conversation.Event{Kind: conversation.EventThought},
		conversation.Event{Kind: conversation.EventText},
		conversation.Event{Kind: conversation.EventCallStart, Name: "freeform"},
		conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishLength},
		conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishBlocked},
		conversation.Event{Kind: conversation.EventFinish, Finish: conversation.FinishMalformed},
	)
}
