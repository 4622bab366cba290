package policies

import (
	"context"
	"time"
)

// Policy decides what happens to requests. It is safe for concurrent use.
type Policy interface {
	// Begin starts one attempt. ctx ends when Envoy ends the stream.
	Begin(ctx context.Context, req *Request) Attempt

	// Refuse words a fault of heald itself (a panic, a wrong Envoy mode) as an
	// error in the dialect that the request's path names. req may be nil when
	// not even the request headers had arrived. It must not panic: it is the
	// last resort.
	Refuse(req *Request, fault *Fault) *Reply
}

// OneHop is a Policy that may serve an Envoy without an outer listener. It is asked
// when a stream begins. If it says so, replies have neither stamp nor mark, which
// clients would see and nobody obeys, and an attempt that the process gives up gets
// an error, since no other replica is asked.
type OneHop interface{ OneHop() bool }

// Attempt is one upstream try. Its methods are called one at a time, in the
// order they stand here; Wake may come at any time between the return of
// RequestBody and Close. After a method returned a Reply, or an Action that ended the
// response, only Close follows.
type Attempt interface {
	// RequestHeaders may end the attempt before the body was read: a local
	// answer or a refusal. nil means: go on and wait for the body. It may block
	// for seconds where it makes an answer.
	RequestHeaders() *Reply

	// RequestBody gets the whole body and returns what to send upstream, or
	// the reply that ends the attempt; exactly one of the two is not nil. It
	// may block (back-off, waiting for a slot) until ctx ends: the client has
	// left, or the process has to stop. What it returns then is not sent.
	//
	// body is the attempt's own: nobody else keeps it or writes to it. What
	// refers to it after the return is held until Close, for minutes.
	RequestBody(ctx context.Context, body []byte) (*Forward, *Reply)

	// ResponseHeaders is told the head of the response. Envoy's own replies
	// (no healthy host, time-out, body too large) come here too; see
	// Response.Details. It may come instead of RequestBody.
	ResponseHeaders(resp *Response) Action

	// ResponseBody gets the next bytes, cut anywhere. end says that no more
	// will come. chunk is valid only during the call.
	ResponseBody(chunk []byte, end bool) Action

	// Wake is called when the time asked for by the latest Action.Wake or
	// Forward.Wake has come, or by Request.Notify.
	Wake() Action

	// Close is called exactly once, however the attempt ended.
	Close(End)
}

// Ender is an Attempt that can end a response which the client has begun to
// read: what is not ended when the process has to stop is cut off without a word.
type Ender interface {
	// EndNow is called between the other methods, never during one, once the
	// first Send was answered. Its Action ends the response.
	EndNow() Action
}

// Receiver is an Attempt that is asked before a long body is received.
type Receiver interface {
	// Receive is called between RequestHeaders and RequestBody with about the
	// body's length in bytes. Envoy has the body whole, so it comes at once, or
	// it was collected already. A reply refuses it, and ends the attempt.
	// Receive may wait; ctx ends with the stream, and what it answers then goes
	// nowhere.
	Receive(ctx context.Context, n int) *Reply
}

// Collector is an Attempt that is asked while a body comes in parts, as slowly
// as the client sends it.
type Collector interface {
	// Collect is called after RequestHeaders, before more of the body is kept.
	// The body has need bytes at least, which is more than the longest where this
	// one is too long; room is how much of it may be kept then, more each time. A
	// reply refuses it, and ends the attempt. Collect may wait, like Receive:
	// Envoy keeps the rest meanwhile.
	Collect(ctx context.Context, need, room int) *Reply
}

// Request is the head of an attempt's request. Its texts are parts of the message
// in which all of its headers came, credentials among them: whoever keeps one
// beyond the attempt clones it, or keeps them all.
type Request struct {
	Method    string
	Path      string // with the query
	Authority string
	Headers   Headers
	// Settings are what the inner route configured as ext_proc initial
	// metadata, by header name (HeaderPolicy, HeaderSet, HeaderBackends).
	Settings Headers
	// NoBody says that no body will follow.
	NoBody bool
	// InParts says that the body comes in parts, while the client sends it.
	InParts bool

	// Notify has the attempt's Wake called, and returns once what it answered
	// is sent; after the attempt's end it does nothing. It may be called from
	// any goroutine but not from within the attempt's methods. nil where
	// nobody can wake the attempt.
	Notify func()
}

// Response is the head of a response. Its texts are like a Request's.
type Response struct {
	Status  int
	Headers Headers
	// Details is Envoy's response.code_details: "via_upstream" for a reply
	// of the provider, "" if Envoy was not told to send it, anything else for
	// a reply that Envoy made itself.
	Details string
	// NoBody says that no body will follow.
	NoBody bool
}

// ViaUpstream is the Response.Details of a reply that the provider gave.
const ViaUpstream = "via_upstream"

// Local reports whether Envoy made the response itself.
func (r *Response) Local() bool { return r.Details != "" && r.Details != ViaUpstream }

// Forward is a request rewritten for the provider.
type Forward struct {
	// Cluster is the Envoy cluster to send it to.
	Cluster string
	Path    string
	// Authority is the new :authority; "" leaves it to the route.
	Authority string
	// Set are headers to overwrite; Remove are names to take away.
	Set    Headers
	Remove []string
	// Body is sent from where it lies: it must not be changed any more.
	Body []byte
	// Wake asks for Attempt.Wake after this long; 0 for never.
	Wake time.Duration
	// Sent is called once Body was handed over and is not needed any more; nil
	// if nobody wants to know. It is not called where sending has failed.
	Sent func()
}

// Step says what an Action does with the response.
type Step uint8

const (
	// Hold: nothing goes out yet.
	Hold Step = iota
	// Send: Action.Body goes to the client; the first Send also releases the
	// headers (Action.Headers). From then on nothing can be retried.
	Send
	// Answer: Action.Reply replaces the response; only before the first Send.
	Answer
)

// Action is an attempt's answer to a part of the response.
type Action struct {
	Step Step
	// Head is set on the first Send: the response head the client gets.
	Head *Head
	// Body goes to the client; may be empty.
	Body []byte
	// End completes the response after Body, even if the provider is still
	// sending: its request is canceled then.
	End bool
	// More keeps a passed response open though the provider has ended it, or
	// will: later Wakes send the rest. Once set it is set until End.
	More bool
	// Reply is set on Answer.
	Reply *Reply
	// Wake asks for Attempt.Wake after this long. 0 keeps what was asked for
	// before, Never takes it back.
	Wake time.Duration
}

// Never as Action.Wake takes back an earlier wish to be woken.
const Never time.Duration = -1

// Head is the response head of a passed response.
type Head struct {
	Status int
	// Set are headers to overwrite; Remove are names to take away.
	Set    Headers
	Remove []string
}

// Reply is a complete response made by heald. It ends the attempt.
type Reply struct {
	Status  int
	Headers Headers
	Body    []byte
	// Verdict stamps the reply; with one that asks for another attempt the
	// reply is marked too, and is what the client gets should Envoy refuse to
	// retry.
	Verdict Verdict
	// Reason is the log word; it becomes Envoy's response code details.
	Reason string
	// Wait is how long Envoy waits before the next attempt, whole seconds.
	Wait time.Duration
	// Memory is for the next attempt; "" for none.
	Memory string
}

// End says how an attempt ended, as far as Envoy's protocol can tell.
type End uint8

const (
	// EndComplete: the response was completed, or a Reply was sent.
	EndComplete End = iota
	// EndCancelled: Envoy ended the stream first: the client left, or the
	// provider's connection broke after its headers had come.
	EndCancelled
	// EndPanic: code of heald panicked.
	EndPanic
	// EndProtocol: a message, a mode or an Action that cannot be.
	EndProtocol
	// EndTooLarge: a message longer than heald accepts. In practice it is the
	// request's body: only Envoy's limit for those can exceed heald's.
	EndTooLarge
	// EndShutdown: the process has to stop. Envoy asks another replica, unless the
	// client has a part of the answer.
	EndShutdown
	ends // how many there are
)

// Ends are all of them.
func Ends() (all []End) {
	for e := range ends {
		all = append(all, e)
	}
	return all
}

var endNames = [ends]string{"complete", "canceled", "panic", "protocol", "too_large", "shutdown"}

// String returns the log word.
func (e End) String() string {
	if int(e) < len(endNames) {
		return endNames[e]
	}
	return "unknown"
}
