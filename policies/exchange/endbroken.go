package exchange

import (
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// endBroken ends a passed answer with the API's error event, never with an
// invented finish.
func (a *attempt) endBroken(body []byte, reason string, client conversation.Error) policies.Action {
	a.record.ended = reason
	a.move(over)
	client.RequestID = a.requestID()
	inviteRetry(&client)
	a.x.fitForClient(&client)
	body = a.answer.fail(body, &client)
	return policies.Action{Step: policies.Send, Body: body, End: true, Wake: policies.Never}
}

// undoneMessages are the error messages for finishes that invalidate the answer;
// see heal.Undone.
var undoneMessages = map[conversation.Finish]string{
	conversation.FinishMalformed: "the model's tool call could not be parsed",
	conversation.FinishSignature: "the model backend refused the signatures of earlier turns",
	conversation.FinishOther:     "the model ended without an answer",
}

// passed reports whether the client has received a part of the answer.
func (a *attempt) passed() bool {
	return a.phase == passing || a.phase == resuming && a.resumption.held == nil
}

// EndNow ends a passed answer because heald stops: its client must not take the
// part that it has for the whole.
func (a *attempt) EndNow() policies.Action {
	if !a.passed() {
		return hold
	}
	return a.endBroken(nil, heal.ReasonStreamShutdown, conversation.Error{Kind: conversation.ErrOverloaded,
		Message: "the gateway had to stop before the answer was complete, please try again"})
}

// brokenError is the error for an upstream that broke off without saying why.
func brokenError(message string) conversation.Error {
	return conversation.Error{Kind: conversation.ErrAPI, Message: message}
}

// tooLongError is the error for an answer that is too long. Another try would be
// too long again.
func tooLongError(message string) conversation.Error {
	return conversation.Error{Kind: conversation.ErrAPI, Message: message, NoRetry: true}
}

// retryPrefixes start the message of an error that ends a stream, by its kind.
// The status was sent as 200 and there are no more headers, so agents decide by
// the error's type and text whether to ask again, and some by these words alone.
var retryPrefixes = map[conversation.ErrorKind]string{
	conversation.ErrAPI:        "Server error",
	conversation.ErrTimeout:    "Server error",
	conversation.ErrOverloaded: "Overloaded",
	conversation.ErrRateLimit:  "Rate limit",
}

// inviteRetry adds to an error that ends a stream the words by which agents
// decide to ask again, unless another try cannot help.
func inviteRetry(e *conversation.Error) {
	words, ok := retryPrefixes[e.Kind]
	switch {
	case !ok || e.NoRetry || strings.Contains(strings.ToLower(e.Message), strings.ToLower(words)):
	case e.Message == "":
		e.Message = words + ": the answer broke off"
	default:
		e.Message = words + ": " + e.Message
	}
}
