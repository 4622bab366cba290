package claude

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// errorRow is how one kind of error is reported.
type errorRow struct {
	status int
	kind   string
	// retry is the value of x-should-retry, which the SDKs obey before the status.
	retry bool
	// message is used for an error without one.
	message string
}

var errorRows = [conversation.ErrorKinds]errorRow{
	conversation.ErrInvalid:     {400, "invalid_request_error", false, "The request is invalid."},
	conversation.ErrContext:     {400, "invalid_request_error", false, promptTooLong},
	conversation.ErrAuth:        {401, "authentication_error", false, "invalid x-api-key"},
	conversation.ErrPermission:  {403, "permission_error", false, "Your key may not use this."},
	conversation.ErrRegion:      {403, "permission_error", false, "The model is not available at this location."},
	conversation.ErrNotFound:    {404, "not_found_error", false, "Not found."},
	conversation.ErrTooLarge:    {413, "request_too_large", false, "The request is too large."},
	conversation.ErrRateLimit:   {429, "rate_limit_error", true, "Too many requests."},
	conversation.ErrQuota:       {429, "rate_limit_error", false, "The quota is used up."},
	conversation.ErrOverloaded:  {529, "overloaded_error", true, "Overloaded"},
	conversation.ErrTimeout:     {504, "timeout_error", true, "The upstream took too long."},
	conversation.ErrAPI:         {500, "api_error", true, "Internal server error"},
	conversation.ErrPath:        {404, "not_found_error", false, "Not found."},
	conversation.ErrUnsupported: {400, "invalid_request_error", false, "The request asks for something that is not supported."},
	conversation.ErrNoResource:  {404, "not_found_error", false, "Not found."},
	conversation.ErrBilling:     {402, "billing_error", false, "The budget is used up."},
	conversation.ErrModerated:   {400, "invalid_request_error", false, "The request was refused."},
}

// promptTooLong is what Claude Code looks for to compact the conversation; it
// parses the numbers too.
const promptTooLong = "prompt is too long"

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	row := rowOf(err)
	status := row.status
	if err.Status != 0 {
		status = err.Status
	}
	headers := policies.Headers{
		{Name: "content-type", Value: "application/json"},
		{Name: "x-should-retry", Value: strconv.FormatBool(row.retry && !err.NoRetry)},
	}
	if err.RequestID != "" {
		headers.Set("request-id", policies.Clean(err.RequestID))
	}
	if err.RetryAfter > 0 {
		headers.Set("retry-after", strconv.Itoa(err.RetryAfter))
	}
	return status, append(headers, d.RateHeaders(err.Rates)...), appendFault(nil, err)
}

// rowOf returns the row for err; a kind that is missing from the table would be
// an internal error.
func rowOf(err *conversation.Error) errorRow {
	if int(err.Kind) >= len(errorRows) {
		return errorRows[conversation.ErrAPI]
	}
	return errorRows[err.Kind]
}

func messageOf(err *conversation.Error) string {
	switch {
	case err.Kind == conversation.ErrContext && err.Used > 0 && err.Limit > 0:
		return fmt.Sprintf("%s: %d tokens > %d maximum", promptTooLong, err.Used, err.Limit)
	case err.Message == "":
		return rowOf(err).message
	case err.Kind == conversation.ErrContext && !strings.HasPrefix(err.Message, promptTooLong):
		return promptTooLong + ": " + err.Message
	}
	return err.Message
}
