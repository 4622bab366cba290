package gemini

import "github.com/go-json-experiment/json/jsontext"

// Gateways between heald and Google write errors of their own and put Google's
// into a member, as JSON or as a text with JSON in it:
//
//	{"error":{"code":429,"message":"Provider returned error","metadata":{"raw":"{\"error\":…}"}}}
//	{"error":{"code":500,"message":"upstream failed","upstreamResponse":{"error":…}}}
//	{"error":"bad gateway","upstreamResponse":"{\"error\":…}"}
//
// The inner error decides.

// typeCodes are the HTTP statuses of the types that errors of Anthropic's and
// OpenAI's APIs have in place of a code.
var typeCodes = map[string]int{
	"invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
	"not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "rate_limit_exceeded": 429, "insufficient_quota": 429,
	"api_error": 500, "server_error": 500, "timeout_error": 504, "overloaded_error": 529,
}

// relays reports whether a member holds the reply of a gateway's provider; raw
// does only within metadata.
func relays(name []byte) bool {
	return string(name) == "upstreamResponse" || string(name) == "upstream_response"
}

// readMetadata reads error.metadata, in which gateways keep their provider's
// reply.
func readMetadata(w *walker, found **Status, depth int) error {
	return w.object(func(name []byte) error {
		if string(name) == "raw" || relays(name) {
			return readRelayed(w, found, depth)
		}
		return w.skip()
	})
}

// readRelayed reads the reply of a gateway's provider. found is unchanged if
// there is no error in it.
func readRelayed(w *walker, found **Status, depth int) error {
	var reply jsontext.Value
	if err := w.value(&reply); err != nil {
		return err
	}
	if st := relayedIn(reply, depth); st != nil {
		*found = st
	}
	return nil
}

// relayedIn is the error in the reply of a gateway's provider: an error document,
// a text that is one, or an object with such a body; nil if there is none.
func relayedIn(reply jsontext.Value, depth int) (found *Status) {
	if reply == nil || depth >= maxStatusNesting {
		return nil
	}
	if reply.Kind() == '"' {
		found, _ = parseStatus([]byte(cleanText(reply).String()), depth+1)
		return found
	}
	if st, ok := parseStatus(reply, depth+1); ok {
		return st
	}
	var inner walker
	inner.open(reply)
	_ = inner.object(func(name []byte) error { // reply was read before, so it is valid
		if string(name) == "body" || string(name) == "data" {
			return readRelayed(&inner, &found, depth+1)
		}
		return inner.skip()
	})
	return found
}

// adopt takes over the fields of an error inside this one.
func (r *statusReader) adopt(inner *Status) {
	r.st.Relayed = true
	if inner.Message != "" {
		r.st.Message = inner.Message
	}
	if inner.Embedded {
		r.st.Embedded = true
	}
	if code := inner.HTTP(); code != 0 {
		r.st.Code, r.st.Nested = code, true
	}
	if inner.Status != "" {
		r.st.Status = inner.Status
	}
	if inner.Reason != "" {
		r.st.Reason, r.st.Domain, r.st.Metadata = inner.Reason, inner.Domain, inner.Metadata
	}
	if r.retryInfo == 0 && !inner.DelayInText {
		r.retryInfo = inner.RetryDelay
	}
	r.st.Quotas = append(r.st.Quotas, inner.Quotas...)
	r.st.Violations = append(r.st.Violations, inner.Violations...)
}
