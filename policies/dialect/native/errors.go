package native

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// errorRow is how one kind of error is reported.
type errorRow struct {
	code int // HTTP
	// status is the name of the google.rpc code.
	status string
	// message is used for an error without one.
	message string
}

var errorRows = [conversation.ErrorKinds]errorRow{
	conversation.ErrInvalid:     {400, "INVALID_ARGUMENT", "Request contains an invalid argument."},
	conversation.ErrContext:     {400, "INVALID_ARGUMENT", "The input token count exceeds the maximum number of tokens allowed."},
	conversation.ErrAuth:        {401, "UNAUTHENTICATED", "Request had invalid authentication credentials."},
	conversation.ErrPermission:  {403, "PERMISSION_DENIED", "The caller does not have permission."},
	conversation.ErrRegion:      {400, "FAILED_PRECONDITION", "User location is not supported for the API use."},
	conversation.ErrNotFound:    {404, "NOT_FOUND", "Requested entity was not found."},
	conversation.ErrTooLarge:    {413, "INVALID_ARGUMENT", "Request payload size exceeds the limit."},
	conversation.ErrRateLimit:   {429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."},
	conversation.ErrQuota:       {429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."},
	conversation.ErrOverloaded:  {503, "UNAVAILABLE", "The model is overloaded. Please try again later."},
	conversation.ErrTimeout:     {504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."},
	conversation.ErrAPI:         {500, "INTERNAL", "An internal error has occurred."},
	conversation.ErrPath:        {404, "NOT_FOUND", "Requested entity was not found."},
	conversation.ErrUnsupported: {400, "INVALID_ARGUMENT", "The request asks for something that is not supported."},
	conversation.ErrNoResource:  {404, "NOT_FOUND", "Requested entity was not found."},
	conversation.ErrBilling:     {402, "RESOURCE_EXHAUSTED", "The budget is used up."},
	conversation.ErrModerated:   {400, "INVALID_ARGUMENT", "The request was refused."},
}

// statusNames are the google.rpc names for HTTP statuses, for errors whose
// status is not the one of their kind.
var statusNames = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	409: "ABORTED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED",
	500: "INTERNAL", 501: "UNIMPLEMENTED", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

const jsonType = "application/json; charset=UTF-8"

// Error implements dialect.Dialect. The body is a google.rpc.Status, indented
// as Google's are.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	headers := policies.Headers{{Name: "content-type", Value: jsonType}}
	if err.RetryAfter > 0 {
		headers.Set("retry-after", strconv.Itoa(err.RetryAfter))
	}
	body := jsontext.Value(appendError(nil, err))
	_ = body.Indent(jsontext.WithIndent("  ")) // it is valid: made right above
	code, _ := statusOf(err)
	return code, headers, append(body, '\n')
}

// statusOf returns the HTTP status of err and its google.rpc name.
func statusOf(err *conversation.Error) (code int, name string) {
	row := rowOf(err)
	if err.Name != "" {
		row.status = err.Name
	}
	if err.Status == 0 || err.Status == row.code {
		return row.code, row.status
	}
	if name, ok := statusNames[err.Status]; ok {
		return err.Status, name
	}
	if err.Status >= http.StatusInternalServerError {
		return err.Status, "UNKNOWN"
	}
	return err.Status, row.status
}

func rowOf(err *conversation.Error) errorRow {
	if int(err.Kind) >= len(errorRows) {
		return errorRows[conversation.ErrAPI]
	}
	return errorRows[err.Kind]
}

// appendError appends {"error": …} with the details that Google's clients act
// on: gemini-cli waits as long as RetryInfo says.
func appendError(dst []byte, err *conversation.Error) []byte {
	code, status := statusOf(err)
	message := messageOf(err)
	dst = append(dst, `{"error":{"code":`...)
	dst = strconv.AppendInt(dst, int64(code), 10)
	dst = append(dst, `,"message":`...)
	dst = jsonwalk.AppendString(dst, message)
	dst = append(dst, `,"status":`...)
	dst = jsonwalk.AppendString(dst, status)
	details := len(dst)
	if err.Kind == conversation.ErrAuth {
		dst = append(dst, `,{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}`...)
	}
	if err.Param != "" {
		dst = append(dst, `,{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":`...)
		dst = jsonwalk.AppendString(dst, err.Param)
		dst = append(dst, `,"description":`...)
		dst = jsonwalk.AppendString(dst, message)
		dst = append(dst, `}]}`...)
	}
	if err.RetryAfter > 0 {
		dst = append(dst, `,{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"`...)
		dst = strconv.AppendInt(dst, int64(err.RetryAfter), 10)
		dst = append(dst, `s"}`...)
	}
	if len(dst) > details {
		list := string(dst[details+1:]) // without the comma
		dst = append(append(append(dst[:details], `,"details":[`...), list...), ']')
	}
	return append(dst, `}}`...)
}

func messageOf(err *conversation.Error) string {
	switch {
	case err.Kind == conversation.ErrContext && err.Used > 0 && err.Limit > 0:
		return fmt.Sprintf("The input token count (%d) exceeds the maximum number of tokens allowed (%d).", err.Used, err.Limit)
	case err.Message == "":
		return rowOf(err).message
	}
	return err.Message
}
