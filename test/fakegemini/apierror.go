package fakegemini

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// apiError is a google.rpc.Status as the REST surfaces write it.
type apiError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"`
	Details []any  `json:"details,omitempty"`
}

type errorInfo struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"`
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata,omitempty"`
}

type localizedMessage struct {
	Type    string `json:"@type"`
	Locale  string `json:"locale"`
	Message string `json:"message"`
}

type badRequest struct {
	Type            string      `json:"@type"`
	FieldViolations []violation `json:"fieldViolations"`
}

type retryInfo struct {
	Type       string `json:"@type"`
	RetryDelay string `json:"retryDelay"`
}

type quotaFailure struct {
	Type       string           `json:"@type"`
	Violations []quotaViolation `json:"violations"`
}

type quotaViolation struct {
	QuotaMetric     string            `json:"quotaMetric"`
	QuotaID         string            `json:"quotaId"`
	QuotaDimensions map[string]string `json:"quotaDimensions,omitempty"`
	QuotaValue      string            `json:"quotaValue"`
}

const rpcType = "type.googleapis.com/google.rpc."

// service names the surface in ErrorInfo metadata.
func (t target) service() string {
	if t.vertex {
		return "aiplatform.googleapis.com"
	}
	return "generativelanguage.googleapis.com"
}

func reasonInfo(t target, reason string) errorInfo {
	return errorInfo{rpcType + "ErrorInfo", reason, "googleapis.com", map[string]string{"service": t.service()}}
}

// statusNames pairs HTTP codes with google.rpc codes.
var statusNames = map[int]string{
	400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
	409: "ABORTED", 413: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 500: "INTERNAL",
	499: "CANCELLED", //nolint:misspell // the code's own spelling
	501: "UNIMPLEMENTED", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}

// statusTexts holds what Google usually says with a code.
var statusTexts = map[int]string{
	400: "Request contains an invalid argument.",
	401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
	403: "The caller does not have permission",
	404: "Requested entity was not found.",
	409: "The operation was aborted.",
	429: "Resource has been exhausted (e.g. check quota).",
	499: "The operation was cancelled.", //nolint:misspell // as recorded
	500: "Internal error encountered.",
	502: "Bad gateway.",
	503: "The model is overloaded. Please try again later.",
	504: "Deadline expired before operation could complete.",
}

func newError(code int, message string, details ...any) apiError {
	name := statusNames[code]
	if name == "" {
		name = "UNKNOWN"
	}
	if message == "" {
		message = statusTexts[code]
	}
	if message == "" {
		message = http.StatusText(code)
	}
	return apiError{code, message, name, details}
}

// body is the indented document of an error reply; the JSON-array form of a
// stream (no alt=sse) wraps even errors in a list.
func (e apiError) body(list bool) []byte {
	b := e.json()
	if list {
		b = []byte("[" + string(b) + "]")
	}
	v := jsontext.Value(b)
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return b
	}
	return append(v, '\n')
}

// json is the error on one line.
func (e apiError) json() []byte {
	b, err := json.Marshal(struct {
		Error apiError `json:"error"`
	}{e}, json.Deterministic(true))
	if err != nil {
		return []byte(`{"error":{"code":500,"message":"fakegemini could not write the error","status":"INTERNAL"}}`)
	}
	return b
}

func writeError(w http.ResponseWriter, e apiError, list bool) {
	body := e.body(list)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Code)
	w.Write(body) //nolint:errcheck // the client may be gone; nothing is left to tell it
}

// schemaError joins violations as Google does: all in the message, one a line.
func schemaError(violations []violation) apiError {
	lines := make([]string, len(violations))
	for i, v := range violations {
		lines[i] = v.Description
	}
	return newError(400, strings.Join(lines, "\n"), badRequest{rpcType + "BadRequest", violations})
}

const notFoundPage = `<!DOCTYPE html>
<html lang=en>
  <meta charset=utf-8>
  <title>Error 404 (Not Found)!!1</title>
  <p><b>404.</b> <ins>That’s an error.</ins>
  <p>The requested URL was not found on this server. <ins>That’s all we know.</ins>
`

// writeNotFound answers a path that no service owns: Google sends a web page.
func writeNotFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.WriteHeader(http.StatusNotFound)
	w.Write([]byte(notFoundPage)) //nolint:errcheck // as above
}
