package fakegemini

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// StatusOption adds details to Status.
type StatusOption func(*statusFault)

type statusFault struct {
	message string
	details []any
	header  http.Header
}

// RetryDelay adds RetryInfo, such as "47.4s".
func RetryDelay(d string) StatusOption {
	return func(f *statusFault) {
		f.details = append(f.details, retryInfo{rpcType + "RetryInfo", d})
	}
}

// QuotaID adds QuotaFailure, such as "GenerateRequestsPerDayPerProjectPerModel".
func QuotaID(id string) StatusOption {
	return func(f *statusFault) {
		f.details = append(f.details, quotaFailure{rpcType + "QuotaFailure",
			[]quotaViolation{{QuotaMetric: "generativelanguage.googleapis.com/generate_content_requests", QuotaID: id, QuotaValue: "100"}}})
	}
}

// NoQuota is QuotaID for a quota of which there is none.
func NoQuota(id string) StatusOption {
	return func(f *statusFault) {
		f.details = append(f.details, quotaFailure{rpcType + "QuotaFailure",
			[]quotaViolation{{QuotaMetric: "generativelanguage.googleapis.com/generate_content_requests", QuotaID: id, QuotaValue: "0"}}})
	}
}

// Reason adds ErrorInfo, such as "RATE_LIMIT_EXCEEDED".
func Reason(reason string) StatusOption {
	return func(f *statusFault) {
		f.details = append(f.details, reasonInfo(target{}, reason))
	}
}

// Message replaces the usual text.
func Message(text string) StatusOption {
	return func(f *statusFault) { f.message = text }
}

// Header adds a response header.
func Header(name, value string) StatusOption {
	return func(f *statusFault) { f.header.Add(name, value) }
}

func build(code int, options []StatusOption) (apiError, http.Header) {
	f := statusFault{header: http.Header{}}
	for _, o := range options {
		o(&f)
	}
	return newError(code, f.message, f.details...), f.header
}

// Status answers with an HTTP error in Google's shape.
func Status(code int, options ...StatusOption) Reply {
	e, header := build(code, options)
	header.Set("Content-Type", "application/json; charset=UTF-8")
	return Reply{name: "status", steps: []step{{op: opWhole, status: code, header: header, raw: e.body(false)}}}
}

// Redirect answers with a redirect to a web page.
func Redirect(code int, location string) Reply {
	return Raw(code, http.Header{"Location": {location}, "Content-Type": {"text/html"}}, []byte("<html>Moved</html>")).named("redirect")
}

// Relayed answers as a gateway does that puts Google's error into one of its own:
// member is the path of names to it within the gateway's error. With text it is
// a string.
func Relayed(status int, text bool, member []string, code int, options ...StatusOption) Reply {
	e, _ := build(code, options)
	inner := string(e.json())
	if text {
		inner = quote(inner)
	}
	for _, name := range slices.Backward(member) {
		inner = "{" + quote(name) + ":" + inner + "}"
	}
	doc := `{"error":{"code":` + strconv.Itoa(max(status, 400)) + `,"message":"Provider returned error",` + inner[1:] + `}`
	if status == http.StatusOK {
		return Reply{name: "relayed", steps: []step{{op: opChunk, chunk: chunk{document: doc, fault: true}}}}
	}
	return Raw(status, http.Header{"Content-Type": {"application/json"}}, []byte(doc)).named("relayed")
}

// EmptyOK answers 200 with a body of no bytes.
func EmptyOK() Reply { return Raw(200, nil, nil).named("empty 200") }

// HTML200 answers 200 with a web page.
func HTML200() Reply {
	return Raw(200, http.Header{"Content-Type": {"text/html; charset=UTF-8"}},
		[]byte("<!DOCTYPE html><html><title>Sorry</title><body>Our systems have detected unusual traffic.</body></html>")).named("html 200")
}

// EOFBeforeContent sends the headers of a good reply, then ends the body.
func EOFBeforeContent() Reply {
	return Reply{name: "eof before content", steps: []step{{op: opFlush}}}
}

// SilentBeforeHeaders sends nothing until the client leaves.
func SilentBeforeHeaders() Reply {
	return Reply{name: "silent before headers", steps: []step{{op: opSilence}}}
}

// SilentAfterHeaders sends headers, then nothing until the client leaves.
func SilentAfterHeaders() Reply {
	return Reply{name: "silent after headers", steps: []step{{op: opFlush}, {op: opSilence}}}
}

// Silence falls silent until the client leaves; use it after content.
func Silence() Reply { return Reply{name: "silence", steps: []step{{op: opSilence}}} }

// heartbeatsForever is more than any test waits for.
const heartbeatsForever = 1 << 20

// Heartbeats sends SSE comments, one every so often: n of them, or with n = 0
// until the client leaves. Continue with Then.
func Heartbeats(every time.Duration, n int) Reply {
	r := Reply{name: "heartbeats", steps: []step{{op: opFlush}}}
	if n == 0 {
		r.steps = append(r.steps, step{op: opComment, delay: every, status: heartbeatsForever}, step{op: opSilence})
		return r
	}
	r.steps = append(r.steps, step{op: opComment, delay: every, status: n})
	return r
}

// ErrorEvent sends an error as an event of a stream that began with 200; a
// unary reply carries it as its body. It ends the reply: first, or after Then.
func ErrorEvent(code int, options ...StatusOption) Reply {
	e, _ := build(code, options)
	return Reply{name: "error event", steps: []step{{op: opChunk, chunk: chunk{document: string(e.json()), fault: true}}}}
}

// ErrorAfterContent sends text, then an error event.
func ErrorAfterContent(code int, pieces ...string) Reply {
	return partial(pieces).Then(ErrorEvent(code)).named("error after content")
}

// BareJSONError writes an error document into the stream without event framing.
func BareJSONError(code int, options ...StatusOption) Reply {
	e, _ := build(code, options)
	return Reply{name: "bare json error", steps: []step{{op: opVerbatim, raw: e.body(false)}}}
}

// UsageOnlyThenEnd sends usage without candidates, then ends.
func UsageOnlyThenEnd() Reply {
	return Reply{name: "usage only", steps: []step{{op: opChunk, chunk: chunk{noCandidates: true}}}}
}

// StopWithoutParts finishes with STOP and a content without parts.
func StopWithoutParts() Reply { return FinishWithoutParts("STOP").named("stop without parts") }

// MalformedCall finishes with MALFORMED_FUNCTION_CALL and an empty content.
func MalformedCall() Reply {
	return FinishWithoutParts("MALFORMED_FUNCTION_CALL").named("malformed call")
}

// FinishWithoutParts finishes at once for any reason: SAFETY, MAX_TOKENS, …
func FinishWithoutParts(reason string) Reply {
	return Reply{name: "finish " + reason, steps: []step{{op: opChunk, chunk: chunk{finish: reason, emptyContent: true}}}}
}

// Blocked answers with promptFeedback and no candidates.
func Blocked(reason string) Reply {
	return Reply{name: "blocked", steps: []step{{op: opChunk,
		chunk: chunk{noCandidates: true, extra: `"promptFeedback":{"blockReason":` + quote(reason) + `}`}}}}
}

// ResetBeforeHeaders resets the connection before any byte of the reply.
func ResetBeforeHeaders() Reply {
	return Reply{name: "reset before headers", steps: []step{{op: opReset}}}
}

// ResetAfterHeaders resets the connection once the headers have left.
func ResetAfterHeaders() Reply {
	return Reply{name: "reset after headers", steps: []step{{op: opFlush}, {op: opReset}}}
}

// ResetMidStream resets the connection after n chunks of text; a unary reply
// breaks in the middle of its document.
func ResetMidStream(n int) Reply {
	pieces := make([]string, n)
	for i := range pieces {
		pieces[i] = cmp.Or(strings.Repeat("piece ", min(i, 1)), "First piece ")
	}
	return Text(pieces...).Then(Reply{steps: []step{{op: opReset}}}).named("reset mid stream")
}

// EndWithoutFinish sends text and ends cleanly without a finishReason.
func EndWithoutFinish(pieces ...string) Reply {
	return partial(pieces).named("end without finish")
}

func partial(pieces []string) Reply {
	if len(pieces) == 0 {
		pieces = []string{"This answer begins ", "but does not"}
	}
	return Text(pieces...).NoFinish()
}
