package policies

import "strings"

// Names of the headers that travel between heald and Envoy. The outer listener
// removes all of them from what clients send and the internal ones from what
// clients get.
const (
	// HeaderVerdict is the stamp: every reply of heald carries it, so that a
	// reply without it is known not to come from heald (it died, or Envoy
	// answered for it) and is retried by the outer router.
	HeaderVerdict = "x-heald-verdict"
	// HeaderRetry is the mark that makes the outer router try again.
	HeaderRetry = "x-heald-retry"
	// HeaderRetryAfter is the whole seconds the outer router waits before it
	// tries again. Envoy adds up to half of it as jitter.
	HeaderRetryAfter = "x-heald-retry-after"
	// HeaderMemory carries what the next attempt must know.
	HeaderMemory = "x-heald-memory"
	// HeaderUnreached counts the attempts that reached no replica: Envoy could
	// not connect. They left no memory, but were not lost with a replica either.
	HeaderUnreached = "x-heald-unreached"
	// HeaderReceived is set on the inner request once heald has read its
	// headers, where Envoy hands bodies over whole (BUFFERED), and is gone once
	// the request went on to a provider: what Envoy answers for an attempt before
	// has cost no replica, even if a connection to one broke. Where bodies come
	// in parts, the status of the broken stream says the same.
	HeaderReceived = "x-heald-received"
	// HeaderCluster names the Envoy cluster of this attempt.
	HeaderCluster = "x-heald-cluster"

	// HeaderHedged comes with the provider's reply to an attempt that Envoy has
	// sent twice: when the request was sent that it answers, in milliseconds
	// from the stream's start, or a word where Envoy does not say.
	HeaderHedged = "x-heald-hedged"
	// HeaderLost marks a reply that is no success of an attempt that was sent
	// twice, so that Envoy waits for the other one.
	HeaderLost = "x-heald-lost"

	// HeaderConnection is a value by which Envoy pools connections: an attempt
	// with one of its own goes over a new connection. Without it an attempt may
	// get a connection that has died while it was idle.
	HeaderConnection = "x-heald-connection"

	// HeaderPolicy names the policy that the route wants.
	HeaderPolicy = "x-heald-policy"
	// HeaderSet overrides single settings of the policy:
	// "thinking.history=keep,peek.timeout=15s".
	HeaderSet = "x-heald-set"
	// HeaderBackends lists backends where heald.yaml has none.
	HeaderBackends = "x-heald-backends"
	// HeaderHop is the secret that proves a request came through the outer
	// listener.
	HeaderHop = "x-heald-hop"
	// HeaderSession is the client's own session key.
	HeaderSession = "x-heald-session"

	// HeaderTraceparent is the traceparent of the outer listener's span, where the
	// inner one has put the id of the attempt's span into traceparent.
	HeaderTraceparent = "x-heald-traceparent"

	// HeaderAttemptCount is Envoy's: 1 for the first attempt.
	HeaderAttemptCount = "x-envoy-attempt-count"
	// HeaderRequestID is Envoy's: the same for all attempts of a request.
	HeaderRequestID = "x-request-id"
)

// Names of the headers by which Envoy's router is asked to send one request a
// second time. It takes them off; they reach no provider.
const (
	HeaderHedge           = "x-envoy-hedge-on-per-try-timeout"
	HeaderPerTryTimeout   = "x-envoy-upstream-rq-per-try-timeout-ms"
	HeaderMaxRetries      = "x-envoy-max-retries"
	HeaderRetryOn         = "x-envoy-retry-on"
	HeaderRetriableHeader = "x-envoy-retriable-header-names"
)

// Names of the response headers that clients and operators may read.
const (
	HeaderClientRequestID = "x-heald-request-id" // Envoy's request id
	HeaderAccount         = "x-heald-account"    // opaque account id
	HeaderModel           = "x-heald-model"      // the model really asked for
	HeaderBackend         = "x-heald-backend"    // the backend of the last attempt
	HeaderAttempts        = "x-heald-attempts"   // attempts made
	HeaderWarning         = "x-heald-warning"    // what was changed or left out
	HeaderLocal           = "x-heald-local"      // answered without upstream: why
)

// Header is one header field. Names are lower case.
type Header struct{ Name, Value string }

// Headers is a list of header fields in the order they arrived.
type Headers []Header

// Get returns the first value of name, which must be lower case, or "".
func (h Headers) Get(name string) string {
	for _, f := range h {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Set replaces every field called name by one, or appends it.
func (h *Headers) Set(name, value string) {
	kept := (*h)[:0]
	for _, f := range *h {
		if f.Name != name {
			kept = append(kept, f)
		}
	}
	*h = append(kept, Header{Name: name, Value: value})
}

// Clean returns s as a header value that cannot end the header or start
// another: bytes outside printable ASCII become '?'. Client input and upstream
// text never reach a header without it.
func Clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
