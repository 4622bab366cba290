package exchange

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/gemini"
)

// direct is a dialect whose bodies are the upstream's own. They are neither
// decoded nor rendered, and its encoders get the upstream's frames.
type direct interface {
	dialect.Dialect

	// Repair returns body as target takes it, body itself if it was fit
	// already, and headers that go with it. It notes in req.Warnings what it
	// changed; errors are *conversation.Error.
	Repair(req *conversation.Request, body []byte, target gemini.Target, opts gemini.Options) ([]byte, policies.Headers, error)

	// Outline tells of body what decides whether its answer can be resumed, and
	// its token limit; nil if it cannot be.
	Outline(req *conversation.Request, body []byte) *conversation.Request

	// Extend returns a body that has an Outline with messages at the end, and
	// with another token limit, if it has one and maxTokens is not nil.
	Extend(body []byte, messages []conversation.Message, maxTokens *int) ([]byte, error)
}

// frameEncoder is an encoder that passes the upstream's frames on. Of the
// events it gets only the one that ends the answer.
type frameEncoder interface {
	dialect.Encoder

	// EncodeFrame appends what the client gets for a frame to dst. The frame
	// was decoded without error; it is valid during the call.
	EncodeFrame(dst, frame []byte) []byte
}

// outgoing is a request as the upstream takes it, and what reading its reply
// needs to know.
type outgoing struct {
	path    string // "" for that of the operation
	body    []byte
	headers policies.Headers
	expect  gemini.Expect
	// stop are the stop sequences that heald enforces itself.
	stop []string
}

// outgoing makes the upstream's request of the client's body.
func (a *attempt) outgoing(client []byte, opts gemini.Options) (outgoing, error) {
	if a.embeds() {
		r, err := gemini.RenderEmbedding(a.req, a.target(), opts)
		if err != nil {
			return outgoing{}, err
		}
		return outgoing{path: r.Path, body: r.Body}, nil
	}
	if d, ok := a.dialect.(direct); ok {
		body, headers, err := d.Repair(a.req, client, a.target(), opts)
		return outgoing{body: body, headers: headers}, err
	}
	return a.rendered(a.req, opts)
}

// rendered is the upstream's request for one that was decoded.
func (a *attempt) rendered(req *conversation.Request, opts gemini.Options) (outgoing, error) {
	r, err := gemini.Render(req, a.target(), opts)
	if err != nil {
		return outgoing{}, err
	}
	return outgoing{body: r.Body, headers: r.Headers, expect: r.Expect, stop: r.Stop}, nil
}

// outline is the request as far as it decides on resuming; nil if the answer
// cannot be resumed.
func (a *attempt) outline(client []byte) *conversation.Request {
	if d, ok := a.dialect.(direct); ok {
		return d.Outline(a.req, client)
	}
	return a.req
}

// outgoingRest makes the upstream's request for the rest. asked is what
// resume.Ask made of the outline.
func (a *attempt) outgoingRest(asked *conversation.Request) (outgoing, error) {
	d, ok := a.dialect.(direct)
	if !ok {
		return a.rendered(asked, a.options())
	}
	extended, err := d.Extend(a.resumes.client, asked.Messages, asked.Limits.MaxTokens)
	if err != nil {
		return outgoing{}, err
	}
	return a.outgoing(extended, a.options())
}
