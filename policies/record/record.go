package record

import (
	"strconv"
	"strings"
	"time"
)

// Recorder is told what happened. It never blocks and never fails, so that
// records cost no request anything. It is safe for concurrent use.
type Recorder interface {
	Attempt(Attempt)
	Request(Request)
}

// Origin says who asked for what. Its zero value is left out of JSON, as in the
// attempts within a Request.
type Origin struct {
	// Time is when the attempt, or the request's last attempt less the time of
	// those before it, began.
	Time time.Time `json:"time,omitzero"`
	// RequestID is Envoy's, the same for all attempts of a request.
	RequestID string `json:"request_id,omitempty"`
	// TraceID and ParentSpan are those of the client's traceparent, in
	// hexadecimal; "" if it had none. Sampled is the trace's flag.
	TraceID    string `json:"trace_id,omitempty"`
	ParentSpan string `json:"parent_span_id,omitempty"`
	Sampled    bool   `json:"-"`
	// Tenant is who called; "default" where callers are not told apart, ""
	// where it was not found out, as of a request without a key.
	Tenant string `json:"tenant,omitempty"`
	// KeyID names the tenant's key without telling it; "" if there was none.
	KeyID string `json:"key_id,omitempty"`
	// API is the dialect's name, Path the path without its query. Operation is
	// what was asked for; "" where that was not found out.
	API       string    `json:"api,omitempty"`
	Path      string    `json:"path,omitempty"`
	Operation Operation `json:"operation,omitempty"`
	// TraceState is the tracestate that came with the traceparent; "" for none.
	TraceState string `json:"-"`
}

// own copies what is a part of the request's headers, which must not wait with the
// record.
func (o *Origin) own() {
	o.RequestID, o.TraceID, o.ParentSpan, o.TraceState = strings.Clone(o.RequestID), strings.Clone(o.TraceID), strings.Clone(o.ParentSpan), strings.Clone(o.TraceState)
}

// Operation is what a client asked for.
type Operation string

// The operations.
const (
	Generate Operation = "generate"
	Embed    Operation = "embed"
	Count    Operation = "count" // tokens
	List     Operation = "list"  // models
)

// ErrorLimit bounds the words about a failure, in bytes.
const ErrorLimit = 500

// Attempt is one attempt that has ended.
type Attempt struct {
	Origin
	// Number counts the request's attempts, from 1.
	Number int `json:"attempt"`
	// Backend, Account, Group and Model say where it went; "" if it went
	// nowhere. Kind is the backend's: ai_studio or vertex.
	Backend string `json:"backend,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Account string `json:"account,omitempty"`
	Group   string `json:"group,omitempty"`
	Model   string `json:"model,omitempty"`
	// TierAsked and TierServed are service tiers; "" if nobody said.
	TierAsked  string `json:"tier_asked,omitempty"`
	TierServed string `json:"tier_served,omitempty"`
	// Verdict and Reason are what was decided about it and why; of the closed
	// sets that the log and the metrics use.
	Verdict string `json:"verdict"`
	Reason  string `json:"reason,omitempty"`
	// Asked says that upstream was sent the request; else heald answered it, or
	// refused it, by itself.
	Asked bool `json:"asked_upstream,omitempty"`
	// Unsettled says that Envoy ended it while its reply was held, and that nobody
	// knows whether another attempt follows: none does if the client left, one
	// does if the provider reset the connection.
	Unsettled bool `json:"unsettled,omitempty"`
	// Status is upstream's; 0 if none came.
	Status int `json:"upstream_status,omitempty"`
	// Usage is nil if unknown.
	Usage *Usage `json:"usage"`
	// Cost is in billionths of the currency; nil if the price or the usage is
	// not known. PriceVersion says by which list.
	Cost         *int64 `json:"cost_nano"`
	Estimated    bool   `json:"cost_estimated,omitempty"`
	PriceVersion string `json:"price_version,omitempty"`
	// Error is the provider's or heald's words about a failure, without
	// credentials and addresses, at most ErrorLimit bytes; "" if there were none.
	Error string `json:"error,omitempty"`
	// Repairs name what was changed in the body because upstream had refused it.
	Repairs string `json:"repairs,omitempty"`
	// Hedged says what came of sending it twice; "" if it was sent once.
	Hedged string `json:"hedged,omitempty"`
	// Unreadable says why the reply could not be inflated; "" if it could be.
	Unreadable string `json:"unreadable,omitempty"`
	// Memory says why it could not read what the attempts before had left it:
	// other_key, unreadable, other_tenant or other_id; "" if it could, or there was nothing.
	Memory string `json:"memory,omitempty"`
	// Resume is what came of fetching the rest of its answer where another attempt
	// follows anyway; else the Request has it.
	Resume *Resume `json:"resume,omitempty"`
	// Began is how long after the request's beginning it began. Wait is what the
	// next attempt shall wait.
	Began Duration `json:"began_ms,omitzero"`
	Wait  Duration `json:"wait_ms,omitzero"`
	// Waited is how long it waited before it was sent, Held from then to the
	// verdict, Headers and Content to upstream's first headers and content; 0 if
	// none came. Duration is all of the attempt.
	Waited   Duration `json:"waited_ms,omitzero"`
	Held     Duration `json:"held_ms,omitzero"`
	Headers  Duration `json:"headers_ms,omitzero"`
	Content  Duration `json:"content_ms,omitzero"`
	Duration Duration `json:"duration_ms"`
	// Span is for the sink of spans.
	Span Span `json:"-"`
}

// Request is one request that has ended.
type Request struct {
	Origin
	// Alias is the model that the client asked for, Model the one that answered
	// or was asked last.
	Alias string `json:"alias,omitempty"`
	Model string `json:"model,omitempty"`
	// Stream says that the client wanted a stream.
	Stream bool `json:"stream,omitempty"`
	// Outcome is how it ended: passed, failed, broken, canceled, or local where
	// heald answered by itself. Reason is the last attempt's, or why a passed
	// answer broke off, or what came of fetching its rest.
	Outcome string `json:"outcome"`
	Reason  string `json:"reason,omitempty"`
	// Status is what the client got; 0 if it got nothing.
	Status int `json:"status,omitempty"`
	// StopReason is why the model stopped, in the neutral words; "" if unknown.
	StopReason string `json:"stop_reason,omitempty"`
	// Client is the address that connected to Envoy; "" if unknown.
	Client string `json:"client,omitempty"`
	// Replica names the process of the last attempt; "" where there are no others.
	Replica string `json:"replica,omitempty"`
	// BrokenBy is why an answer broke off after its first byte, Resume what came
	// of fetching the rest; nil if it was not fetched.
	BrokenBy string  `json:"broken_by,omitempty"`
	Resume   *Resume `json:"resume,omitempty"`
	// Aborted says that Envoy ended the stream before the end: the client left, or
	// the provider reset the connection.
	Aborted bool `json:"aborted,omitempty"`
	// Asked says that upstream was sent the request by one of its attempts.
	Asked bool `json:"asked_upstream,omitempty"`
	// Warnings are the words of what was changed or left out.
	Warnings string `json:"warnings,omitempty"`
	// Tried is how many attempts there were; Attempts are those of which this
	// replica knows. Of earlier ones it knows what they have left for the next: a
	// part of the facts, and their usage without the parts by modality.
	Tried    int       `json:"tried"`
	Attempts []Attempt `json:"attempts"`
	// Usage and Cost are sums over all attempts; nil if they are unknown.
	// Estimated says that a part of them is a guess.
	Usage        *Usage `json:"usage"`
	Cost         *int64 `json:"cost_nano"`
	Estimated    bool   `json:"estimated,omitempty"`
	PriceVersion string `json:"price_version,omitempty"`
	// Waited is how long its attempts of which this replica knows have waited.
	// FirstByte and FirstContent are how long after the request's beginning the
	// client got them; 0 if it got none.
	Waited       Duration `json:"waited_ms,omitzero"`
	FirstByte    Duration `json:"first_byte_ms,omitzero"`
	FirstContent Duration `json:"first_content_ms,omitzero"`
	Duration     Duration `json:"duration_ms"`
}

// Resume is what came of fetching the rest of an answer that broke off.
type Resume struct {
	// Result is resumed or resume_failed, Cause why the answer broke off.
	Result string `json:"result"`
	Cause  string `json:"cause"`
	// Requests is how many there were for the rest, Backend and Account who gave
	// the last.
	Requests int    `json:"requests"`
	Backend  string `json:"backend,omitempty"`
	Account  string `json:"account,omitempty"`
	Error    string `json:"error,omitempty"`
}

// Last is the attempt with which the request ended; nil if there was none.
func (r *Request) Last() *Attempt {
	if len(r.Attempts) == 0 {
		return nil
	}
	return &r.Attempts[len(r.Attempts)-1]
}

// Duration is a time.Duration that JSON has in whole milliseconds.
type Duration time.Duration

// MarshalJSON writes milliseconds.
func (d Duration) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(d).Milliseconds(), 10), nil
}

// UnmarshalJSON reads milliseconds.
func (d *Duration) UnmarshalJSON(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err == nil {
		*d = Duration(time.Duration(n) * time.Millisecond)
	}
	return err
}
