package exchange

import (
	"net/http"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/heal"
)

// refusePath refuses a path that is not served, with status 404 or 405, which no
// SDK retries.
func (a *attempt) refusePath() *policies.Reply {
	if a.endpoint.Allows() == "" {
		return a.refuse(heal.ReasonRefused, a.unknownPath())
	}
	e, headers := a.wrongMethod()
	reply := a.refuse(heal.ReasonRefused, e)
	reply.Headers = append(reply.Headers, headers...)
	return reply
}

// wrongMethod says which method the endpoint takes.
func (a *attempt) wrongMethod() (*conversation.Error, policies.Headers) {
	allow := a.endpoint.Allows()
	e := &conversation.Error{Kind: conversation.ErrPath, Status: http.StatusMethodNotAllowed,
		Message: policies.Clean(a.in.Method) + " is the wrong method for " + pathOf(a.in.Path) + ": use " + allow}
	if allow == http.MethodGet {
		allow += ", " + http.MethodHead
	}
	return e, policies.Headers{{Name: "allow", Value: allow + ", " + http.MethodOptions}}
}

// unknownPath says which paths exist instead.
func (a *attempt) unknownPath() *conversation.Error {
	message := policies.Clean(a.in.Method) + " " + pathOf(a.in.Path)
	if instead := a.endpoint.Alternative(); instead != "" {
		message += ": " + instead
	} else {
		message += " is no path of an API that this gateway speaks"
		if meant := a.endpoint.Suggestion(); meant != "" {
			message += "; did you mean " + policies.Clean(meant) + "?"
		}
	}
	return &conversation.Error{Kind: conversation.ErrPath, Message: message}
}
