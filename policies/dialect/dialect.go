package dialect

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
)

// Route is what a dialect learns from method and path.
type Route struct {
	Operation conversation.Operation
	// Method is named by the path, for operations that have several.
	Method string
	// Model and Stream are set where the path, not the body, names them.
	Model  string
	Stream bool
	// Form says that the body is a form; otherwise it is JSON.
	Form bool
	// Query is the raw query of the path, which Match is not given: it may
	// hold a credential. It is set before Decode.
	Query string
	// Client is the client that waits for the reply, such as its context: Err is
	// not nil once it has left.
	Client Client
}

// Client is the client that waits for a reply, such as a context: Err is not
// nil once it has left.
type Client interface{ Err() error }

// Gone is the error of a client that has left. Decode checks it at every element
// of a long list.
func (r Route) Gone() error {
	if r.Client == nil {
		return nil
	}
	return r.Client.Err()
}

// Dialect is one client API. It is safe for concurrent use.
type Dialect interface {
	// Name is used in metric labels and logs.
	Name() string

	// Match reports whether method and path belong to this dialect. The path
	// has no query, and is below the base URL that the API has itself, /v1 or
	// /v1beta, whatever the client's is.
	Match(method, path string) (Route, bool)

	// Decode reads a request. The result refers to body. Errors are
	// *conversation.Error and name the field at fault.
	Decode(route Route, headers policies.Headers, body []byte) (*conversation.Request, error)

	// Encoder starts the reply to req. It is nil for a dialect whose replies are
	// not a model's answers.
	Encoder(req *conversation.Request) Encoder

	// Error encodes err as a complete reply: status, headers, body.
	Error(err *conversation.Error) (status int, headers policies.Headers, body []byte)

	// Features are its optional functions. They never change.
	Features() Features
}

// Encoder writes one reply. It is fed the events of one answer in order.
type Encoder interface {
	// Headers are the headers of a successful reply, content-type included.
	Headers() policies.Headers

	// Encode appends the client's bytes for ev to dst. A streaming encoder
	// writes at once; an encoder for a single JSON document writes nothing until
	// Finish. After Finish or Failure nothing may follow.
	Encode(dst []byte, ev conversation.Event) []byte

	// Ping appends a keep-alive that the dialect's clients recognize, or nothing
	// where none may stand.
	Ping(dst []byte) []byte

	// Features are its optional functions. They never change.
	Features() EncoderFeatures
}
