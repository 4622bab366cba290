package openai

import "github.com/heald-proxy/heald/policies/conversation"

// FinishReason returns the finish_reason of Chat Completions and Completions,
// or the error that the reply ends with. natural is the reason of a model that
// was done; answer says whether there is an answer. The set is closed: clients
// validate it.
func FinishReason(f conversation.Finish, natural string, answer bool) (string, *conversation.Error) {
	switch f {
	case conversation.FinishStop, conversation.FinishPause:
		return natural, nil
	case conversation.FinishLength, conversation.FinishWindow:
		return "length", nil
	case conversation.FinishRefused, conversation.FinishBlocked:
		return "content_filter", nil
	case conversation.FinishMalformed:
		return "", APIError("The model's tool call could not be parsed.")
	case conversation.FinishSignature:
		return "", APIError("The upstream refused the signatures of earlier turns.")
	}
	if answer {
		return natural, nil
	}
	return "", APIError("The model ended without an answer.")
}

// APIError is an error that is not the client's fault.
func APIError(message string) *conversation.Error {
	return &conversation.Error{Kind: conversation.ErrAPI, Message: message}
}
