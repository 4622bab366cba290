package exchange

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// outgoing is a request in the upstream's form, and what is needed to read its
// reply.
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
	if d := a.features.Direct; d != nil {
		body, headers, err := d.Repair(a.req, client, a.target(), opts)
		return outgoing{body: body, headers: headers}, err
	}
	return a.rendered(a.req, opts)
}

// rendered is the upstream's request for a decoded one.
func (a *attempt) rendered(req *conversation.Request, opts gemini.Options) (outgoing, error) {
	r, err := gemini.Render(req, a.target(), opts)
	if err != nil {
		return outgoing{}, err
	}
	return outgoing{body: r.Body, headers: r.Headers, expect: r.Expect, stop: r.Stop}, nil
}

// outline is the part of the request that decides about resuming; nil if the
// answer cannot be resumed.
func (a *attempt) outline(client []byte) *conversation.Request {
	if d := a.features.Direct; d != nil {
		return d.Outline(a.req, client)
	}
	return a.req
}

// outgoingRest makes the upstream's request for the rest of an answer. asked is
// the outline that resume.Ask has extended.
func (a *attempt) outgoingRest(asked *conversation.Request) (outgoing, error) {
	d := a.features.Direct
	if d == nil {
		return a.rendered(asked, a.options())
	}
	extended, err := d.Extend(a.resumes.client, asked.Messages, asked.Limits.MaxTokens)
	if err != nil {
		return outgoing{}, err
	}
	return a.outgoing(extended, a.options())
}
