package gemini

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Limits on error bodies.
const (
	maxStatusBody    = 1 << 20 // bytes
	maxStatusNesting = 4       // errors in the messages of errors
	maxStatusEntries = 100     // quotas, violations, metadata
)

// Status is a google.rpc error, parsed from an error body.
type Status struct {
	// Code is the HTTP status the body states; 0 if it states none.
	Code int
	// Status is its name: RESOURCE_EXHAUSTED.
	Status string
	// Message is the innermost: gateways put whole errors into a message.
	Message string
	// Relayed says that some of this was found in an error inside the error: in
	// its message, or in a relayed reply. Nested says that Code is one of those.
	Relayed, Nested bool
	// Embedded says that something stands around the innermost error. That may
	// quote the request, so such an error says nothing about other requests.
	Embedded bool

	// Of ErrorInfo.
	Reason   string
	Domain   string
	Metadata map[string]string

	// RetryDelay is how long the server asks to wait; 0 if it does not say.
	RetryDelay time.Duration
	// DelayInText says that only the message states RetryDelay.
	DelayInText bool
	// Quotas are those exceeded.
	Quotas []Quota
	// Violations are the fields at fault.
	Violations []FieldViolation
}

// statusReader collects a Status. The server's delays are kept apart until all
// of them are known, since one kind counts before another.
type statusReader struct {
	st                    Status
	kind                  string // error.type, which gateways write in place of a code
	retryInfo, retryAfter time.Duration
}

// Quota is one violation of a QuotaFailure.
type Quota struct {
	ID     string // GenerateRequestsPerDayPerProjectPerModel-FreeTier
	Value  string // the limit
	Metric string
	// Dimensions are, for example, model and location.
	Dimensions map[string]string
}

// FieldViolation is one violation of a BadRequest.
type FieldViolation struct{ Field, Description string }

// ParseStatus reads an error body: an object {"error": …}, an array of one, an
// SSE data line with either. It returns false for anything else, such as a page
// of HTML or nothing at all.
func ParseStatus(body []byte) (*Status, bool) {
	return parseStatus(body, 0)
}

func parseStatus(body []byte, depth int) (*Status, bool) {
	body = trimPayload(body)
	// A 404 was recorded whose JSON body is an SSE data line.
	body = trimPayload(bytes.TrimPrefix(body, []byte("data:")))
	if len(body) == 0 || len(body) > maxStatusBody || (body[0] != '{' && body[0] != '[') {
		return nil, false
	}
	var w walker
	var failure, relayed, message jsontext.Value
	w.open(body)
	object := func() error {
		return w.object(func(name []byte) error {
			switch {
			case string(name) == "error" && failure == nil:
				return w.value(&failure)
			case relays(name):
				return w.value(&relayed)
			case string(name) == "error_description": // of OAuth
				return w.value(&message)
			}
			return w.skip()
		})
	}
	// A body that was cut short may still hold the error.
	if w.kind() == '[' {
		_ = w.array(object)
	} else {
		_ = object()
	}
	r := &statusReader{}
	if failure != nil && failure.Kind() == '"' && message.Kind() == '"' {
		r.st.Status, r.st.Message = cleanText(failure).String(), cleanText(message).String()
		return &r.st, true
	}
	return r.read(failure, relayed, depth)
}

// read reads the values of "error" and of what stands beside it for the reply of
// a gateway's provider; nil is none. It returns false if there is no error.
func (r *statusReader) read(failure, relayed jsontext.Value, depth int) (*Status, bool) {
	inner := relayedIn(relayed, depth)
	switch {
	case failure != nil:
		r.readError(failure, inner, depth)
	case inner != nil:
		r.adopt(inner)
		r.settleDelay()
	default:
		return nil, false
	}
	return &r.st, true
}

// readError fills st from the value of "error", an object or a bare text, and
// from the error that it relays; nil if none was found yet.
func (r *statusReader) readError(v jsontext.Value, relayed *Status, depth int) {
	var w walker
	var message string
	if v.Kind() == '"' {
		message = cleanText(v).String()
	}
	w.open(v)
	_ = w.object(func(name []byte) error { // v was read before, so it is valid
		switch string(name) {
		case "code":
			return w.int(&r.st.Code)
		case "status":
			return w.string(&r.st.Status)
		case "type":
			return w.string(&r.kind)
		case "metadata":
			return readMetadata(&w, &relayed, depth)
		case "upstreamResponse", "upstream_response": // relays
			return readRelayed(&w, &relayed, depth)
		case "message":
			return w.string(&message)
		case "details":
			return w.array(func() error { return r.readDetail(&w) })
		case "retry_after", "retryAfter":
			return w.duration(&r.retryAfter)
		}
		return w.skip()
	})
	if r.st.Code == 0 && r.st.Status == "" && typeCodes[r.kind] != 0 {
		r.st.Status = r.kind
	}
	if relayed == nil {
		r.setMessage(message, depth)
	} else {
		r.st.Message = message
		r.adopt(relayed)
	}
	r.settleDelay()
}

// setMessage sets the message, or takes over an error inside it, unless that
// may be a client's text.
func (r *statusReader) setMessage(message string, depth int) {
	r.st.Message = message
	at := strings.IndexByte(message, '{')
	if at < 0 || depth >= maxStatusNesting || !strings.Contains(message[at:], `"error"`) || mayQuote(message[:at]) {
		return
	}
	inner, ok := parseStatus([]byte(message[at:]), depth+1)
	if !ok || inner.Message == "" {
		return
	}
	r.adopt(inner)
	// A JSON array of one does not count as surrounding text.
	before, after := strings.TrimSuffix(strings.TrimSpace(message[:at]), "["), strings.TrimRight(message, " \t\r\n]")
	r.st.Embedded = inner.Embedded || before != "" || !strings.HasSuffix(after, "}")
}

// rpcCodes are the codes of google.rpc and the HTTP statuses that they stand
// for, in the order of their numbers (google/rpc/code.proto).
var rpcCodes = [...]struct {
	name string
	http int
}{
	{"OK", 0}, {"CANCELLED", 499}, //nolint:misspell // Google's spelling
	{"UNKNOWN", 500}, {"INVALID_ARGUMENT", 400}, {"DEADLINE_EXCEEDED", 504},
	{"NOT_FOUND", 404}, {"ALREADY_EXISTS", 409}, {"PERMISSION_DENIED", 403}, {"RESOURCE_EXHAUSTED", 429},
	{"FAILED_PRECONDITION", 400}, {"ABORTED", 409}, {"OUT_OF_RANGE", 400}, {"UNIMPLEMENTED", 501},
	{"INTERNAL", 500}, {"UNAVAILABLE", 503}, {"DATA_LOSS", 500}, {"UNAUTHENTICATED", 401},
}

// HTTP is the HTTP status that the error states: as such, as a number of
// google.rpc, or by name; 0 if it states none.
func (st *Status) HTTP() int {
	switch {
	case st.Code >= 400 && st.Code < 600:
		return st.Code
	case st.Code > 0 && st.Code < len(rpcCodes):
		return rpcCodes[st.Code].http
	case st.Code == 0 && typeCodes[st.Status] != 0:
		return typeCodes[st.Status]
	}
	for _, c := range rpcCodes {
		if c.name == st.Status {
			return c.http
		}
	}
	return 0
}

// Name is the google.rpc name of the HTTP status that the error states; "" if it
// gives none, or one of another status.
func (st *Status) Name() string {
	for _, c := range rpcCodes {
		if c.name == st.Status && c.http == st.HTTP() {
			return c.name
		}
	}
	return ""
}

// String formats the status for logs.
func (st *Status) String() string {
	return strings.TrimSpace(strconv.Itoa(st.Code) + " " + st.Status + ": " + st.Message)
}
