package dialect

import (
	"net/http"
	"slices"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// Statuses can be reserved for those who answer when heald does not: an Envoy
// that can only retry by status takes them for a heald that died. ErrorOutside
// encodes errors without them.
//
// The error is encoded as the first of these that has another status, in the
// words of the dialect, so that status and body agree:
//
//	                  Anthropic                        OpenAI, Gemini
//	overloaded  503   529 overloaded_error             500, or 429 with a retry-after
//	timeout     504   500 api_error                    500
//	internal    500   529 overloaded_error             503, 429
//	rate limit  429   529 overloaded_error             503, 500
//	quota       429   402, 403, 400                    402, 403, 400
//	413               400 invalid_request_error        400
//	401               403, 400                         403, 400
//	402               403, 400                         403, 400
//	403, 404          400                              400
//	400               422                              422
//
// An upstream's own status (502, 504, 507) is replaced by that of the error's kind.
// What SDKs repeat by their own rules stays one of those statuses (429, and 500
// and above), and what is final becomes none of them.

// instead are the kinds whose status replaces a reserved one, in order, after the
// kind's own.
var instead = [conversation.ErrorKinds][]conversation.ErrorKind{
	conversation.ErrAuth:       {conversation.ErrPermission, conversation.ErrInvalid},
	conversation.ErrPermission: {conversation.ErrInvalid},
	conversation.ErrRegion:     {conversation.ErrInvalid},
	conversation.ErrNotFound:   {conversation.ErrInvalid},
	conversation.ErrPath:       {conversation.ErrInvalid},
	conversation.ErrNoResource: {conversation.ErrInvalid},
	conversation.ErrTooLarge:   {conversation.ErrInvalid},
	conversation.ErrBilling:    {conversation.ErrPermission, conversation.ErrInvalid},
	conversation.ErrQuota:      {conversation.ErrBilling, conversation.ErrPermission, conversation.ErrInvalid},
	conversation.ErrRateLimit:  {conversation.ErrOverloaded, conversation.ErrAPI},
	conversation.ErrOverloaded: {conversation.ErrAPI, conversation.ErrRateLimit},
	conversation.ErrTimeout:    {conversation.ErrAPI, conversation.ErrOverloaded, conversation.ErrRateLimit},
	conversation.ErrAPI:        {conversation.ErrOverloaded, conversation.ErrRateLimit},
}

var (
	// passingStatuses are what remains for an error that may pass: each is one that
	// SDKs repeat. finalStatuses are what remains for the others.
	passingStatuses = []int{http.StatusInternalServerError, http.StatusTooManyRequests, 529}
	finalStatuses   = []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusForbidden}
)

// Remains reports whether errors of both sorts can be told without the reserved
// statuses: one of 500, 429 and 529 is left, and one of 400, 422 and 403.
func Remains(reserved []int) bool {
	free := func(status int) bool { return !slices.Contains(reserved, status) }
	return slices.ContainsFunc(passingStatuses, free) && slices.ContainsFunc(finalStatuses, free)
}

// LastStatus is the first status for an error that may pass which is not reserved.
func LastStatus(reserved []int) int {
	for _, status := range passingStatuses {
		if !slices.Contains(reserved, status) {
			return status
		}
	}
	return http.StatusInternalServerError
}

// mayPass reports whether SDKs repeat errors of this kind.
func mayPass(k conversation.ErrorKind) bool {
	switch k {
	case conversation.ErrRateLimit, conversation.ErrOverloaded, conversation.ErrTimeout, conversation.ErrAPI:
		return true
	}
	return int(k) >= conversation.ErrorKinds // encoded as ErrAPI
}

// ErrorOutside is d.Error without a status that is reserved. Remains must be true
// of these.
func ErrorOutside(reserved []int, d Dialect, err *conversation.Error) (status int, headers policies.Headers, body []byte) {
	if status, headers, body = d.Error(err); !slices.Contains(reserved, sent(status)) {
		return status, headers, body
	}
	fits := func() bool { return !slices.Contains(reserved, sent(status)) }
	for _, kind := range append([]conversation.ErrorKind{err.Kind}, replacements(err)...) {
		e := *err
		e.Kind, e.Status, e.Name = kind, 0, ""
		if status, headers, body = d.Error(&e); fits() {
			return status, headers, body
		}
	}
	rest := finalStatuses
	if mayPass(err.Kind) {
		rest = passingStatuses
	}
	for _, code := range rest {
		e := *err
		e.Status, e.Name = code, ""
		if status, headers, body = d.Error(&e); fits() {
			break
		}
	}
	return status, headers, body
}

// replacements are the kinds to try after the error's own. Who is overloaded for a
// time that is known is a limit to the client, as it would be with a 429.
func replacements(err *conversation.Error) []conversation.ErrorKind {
	switch {
	case int(err.Kind) >= conversation.ErrorKinds:
		return instead[conversation.ErrAPI]
	case err.Kind == conversation.ErrOverloaded && err.RetryAfter > 0 && !err.NoRetry:
		return []conversation.ErrorKind{conversation.ErrRateLimit, conversation.ErrAPI}
	}
	return instead[err.Kind]
}

// sent is the status that goes out: one that is not valid in HTTP becomes 500.
func sent(status int) int {
	if status < 200 || status > 599 {
		return http.StatusInternalServerError
	}
	return status
}
