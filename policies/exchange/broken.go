package exchange

import (
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// broken ends a passed answer honestly: with the dialect's error event, never
// with an invented finish.
func (a *attempt) broken(body []byte, reason string, client conversation.Error) policies.Action {
	a.record.ended = reason
	a.move(over)
	client.RequestID = a.requestID()
	inviteRetry(&client)
	a.x.tell(&client)
	body = a.answer.fail(body, &client)
	return policies.Action{Step: policies.Send, Body: body, End: true, Wake: policies.Never}
}

// undoings word the finishes that undo an answer.
var undoings = map[conversation.Finish]string{
	conversation.FinishMalformed: "the model's tool call could not be parsed",
	conversation.FinishSignature: "the model backend refused the signatures of earlier turns",
	conversation.FinishOther:     "the model ended without an answer",
}

// passed reports whether the client has a part of an answer under way.
func (a *attempt) passed() bool {
	return a.phase == passing || a.phase == resuming && a.resumption.held == nil
}

// EndNow ends a passed answer because heald has to go: its client should not
// take what it has for the whole.
func (a *attempt) EndNow() policies.Action {
	if !a.passed() {
		return hold
	}
	return a.broken(nil, heal.ReasonStreamShutdown, conversation.Error{Kind: conversation.ErrOverloaded,
		Message: "the gateway had to stop before the answer was complete, please try again"})
}

// brokenBy is the error of an upstream that said nothing about its fault.
func brokenBy(message string) conversation.Error {
	return conversation.Error{Kind: conversation.ErrAPI, Message: message}
}

// tooMuch is the error of an answer that is longer than one can be: it would be
// again.
func tooMuch(message string) conversation.Error {
	return conversation.Error{Kind: conversation.ErrAPI, Message: message, NoRetry: true}
}

// retryWords begin the message of an error that ends a stream, by its kind. The
// status is 200 by then and there are no more headers, so agents decide by type
// and words whether to ask again, and some by these words alone.
var retryWords = map[conversation.ErrorKind]string{
	conversation.ErrAPI:        "Server error",
	conversation.ErrTimeout:    "Server error",
	conversation.ErrOverloaded: "Overloaded",
	conversation.ErrRateLimit:  "Rate limit",
}

// inviteRetry words an error that ends a stream so that agents ask again, where
// that may help.
func inviteRetry(e *conversation.Error) {
	words, ok := retryWords[e.Kind]
	switch {
	case !ok || e.NoRetry || strings.Contains(strings.ToLower(e.Message), strings.ToLower(words)):
	case e.Message == "":
		e.Message = words + ": the answer broke off"
	default:
		e.Message = words + ": " + e.Message
	}
}
