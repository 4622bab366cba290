package openai

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// row is how one kind of error is reported.
type row struct {
	status int
	kind   string
	code   string // "" is null
	// retry is the value of x-should-retry, which the SDKs obey before the status.
	retry bool
	// message is used for an error without one.
	message string
}

const badRequest = "invalid_request_error"

var rows = [conversation.ErrorKinds]row{
	conversation.ErrInvalid:     {400, badRequest, "", false, "The request is invalid."},
	conversation.ErrContext:     {400, badRequest, "context_length_exceeded", false, "The messages exceed this model's maximum context length."},
	conversation.ErrAuth:        {401, badRequest, "invalid_api_key", false, "Incorrect API key provided."},
	conversation.ErrPermission:  {403, badRequest, "insufficient_permissions", false, "You have insufficient permissions for this operation."},
	conversation.ErrRegion:      {403, "request_forbidden", "unsupported_country_region_territory", false, "Country, region, or territory not supported"},
	conversation.ErrNotFound:    {404, badRequest, "model_not_found", false, "Not found."},
	conversation.ErrTooLarge:    {413, badRequest, "request_too_large", false, "The request is too large."},
	conversation.ErrRateLimit:   {429, "rate_limit_error", "rate_limit_exceeded", true, "Rate limit reached."},
	conversation.ErrQuota:       {429, "insufficient_quota", "insufficient_quota", false, "You exceeded your current quota."},
	conversation.ErrOverloaded:  {503, "server_error", "server_is_overloaded", true, "The server is overloaded."},
	conversation.ErrTimeout:     {504, "server_error", "server_error", true, "The upstream took too long."},
	conversation.ErrAPI:         {500, "server_error", "server_error", true, "The server had an error while processing your request."},
	conversation.ErrPath:        {404, badRequest, "unknown_url", false, "Unknown request URL."},
	conversation.ErrUnsupported: {400, badRequest, "unsupported_parameter", false, "The request asks for something that is not supported."},
	conversation.ErrNoResource:  {404, badRequest, "", false, "Not found."},
	conversation.ErrBilling:     {402, "insufficient_quota", "insufficient_quota", false, "The budget is used up."},
	conversation.ErrModerated:   {400, "image_generation_user_error", "moderation_blocked", false, "The request was refused by the safety system."},
}

// rowOf returns the row for err; a kind that is missing from the table would be
// an internal error.
func rowOf(err *conversation.Error) row {
	if int(err.Kind) >= len(rows) {
		return rows[conversation.ErrAPI]
	}
	return rows[err.Kind]
}

// Error encodes err as a complete reply.
func Error(err *conversation.Error) (status int, headers policies.Headers, body []byte) {
	r := rowOf(err)
	status = r.status
	if err.Status != 0 {
		status = err.Status
	}
	headers = policies.Headers{
		{Name: "content-type", Value: "application/json"},
		{Name: "x-should-retry", Value: strconv.FormatBool(r.retry && !err.NoRetry)},
	}
	if err.RequestID != "" {
		headers.Set("x-request-id", policies.Clean(err.RequestID))
	}
	if err.RetryAfter > 0 {
		headers.Set("retry-after", strconv.Itoa(err.RetryAfter))
	}
	return status, append(headers, RateHeaders(err.Rates)...), AppendError(nil, err)
}

// AppendError appends the error document.
func AppendError(dst []byte, err *conversation.Error) []byte {
	dst = jsonwalk.AppendString(append(dst, `{"error":{"message":`...), Message(err))
	dst = jsonwalk.AppendString(append(dst, `,"type":`...), rowOf(err).kind)
	dst = jsonwalk.AppendNullable(append(dst, `,"param":`...), err.Param)
	dst = jsonwalk.AppendNullable(append(dst, `,"code":`...), Code(err))
	return append(dst, `}}`...)
}

// Code is the error's code; "" for none.
func Code(err *conversation.Error) string { return rowOf(err).code }

// Message is the text for the client. Agents look for the delay in the message
// of a rate limit, since a stream has no header for it.
func Message(err *conversation.Error) string {
	message := err.Message
	if message == "" {
		message = rowOf(err).message
	}
	switch {
	case err.Kind == conversation.ErrContext && err.Used > 0 && err.Limit > 0:
		return fmt.Sprintf("This model's maximum context length is %d tokens. However, your messages resulted in %d tokens. "+
			"Please reduce the length of the messages.", err.Limit, err.Used)
	case err.Kind == conversation.ErrRateLimit && err.RetryAfter > 0 && !strings.Contains(message, "try again in"):
		if message != "" && !strings.ContainsAny(message[len(message)-1:], ".!?") {
			message += "."
		}
		return fmt.Sprintf("%s Please try again in %ds.", message, err.RetryAfter)
	}
	return message
}
