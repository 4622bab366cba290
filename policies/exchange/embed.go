package exchange

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/route"
)

// Embeddings are one document without events: it is held whole, and then good
// or not. All else is as with answers: attempts, verdicts, accounts, failover.
// Only the model never changes, since the vectors of two models cannot be
// compared.

// vectorsLimit bounds the upstream's bytes of a reply with embeddings. The
// longest, 250 vectors of 3072 numbers with a line each, have some 25 MiB.
const vectorsLimit = 64 << 20

// embedding is the state of an attempt for embeddings.
type embedding struct {
	sizes []int // of the inputs, in bytes
	body  []byte
	usage conversation.Usage
	// estimated says that upstream did not count them.
	estimated bool
}

// embeds reports whether the attempt asks for embeddings.
func (a *attempt) embeds() bool { return a.route.Operation == conversation.Embed }

// answers reports whether the attempt asks for an answer of a model.
func (a *attempt) answers() bool { return a.route.Operation == conversation.Generate }

// takesInputs reports whether a candidate takes all inputs of the request.
func (a *attempt) takesInputs(c route.Candidate) bool {
	can := a.x.catalog.Table().Capabilities(c.Model)
	return len(a.req.Embedding.Inputs) <= c.Backend.Target(c.Model).MostInputs(can)
}

// suitable returns the candidates that take the request's inputs. If none does,
// it returns all, so that the error can say why.
func (a *attempt) suitable(all []route.Candidate) []route.Candidate {
	if !a.embeds() {
		return all
	}
	suited := slices.DeleteFunc(slices.Clone(all), func(c route.Candidate) bool { return !a.takesInputs(c) })
	if len(suited) == 0 {
		return all
	}
	return suited
}

// expectVectors records what the reply must contain.
func (a *attempt) expectVectors() {
	inputs := a.req.Embedding.Inputs
	a.vectors.sizes = make([]int, len(inputs))
	for i := range inputs {
		a.vectors.sizes[i] = inputs[i].Size()
	}
}

// collect gathers the reply, and decides on it at its end.
func (a *attempt) collect(chunk []byte, end bool) policies.Action {
	plain, err := a.inflate(chunk, end)
	v := &a.vectors
	v.body = append(v.body, plain...)
	switch {
	case err != nil:
		return a.judge(heal.Seen{Peek: heal.ReasonPeekGarbage})
	case len(v.body) > vectorsLimit:
		return a.judge(heal.Seen{Peek: heal.ReasonPeekTooLong})
	case !a.holds(3 * cap(v.body)): // what comes of it is held beside it
		return policies.Action{Step: policies.Answer, Reply: a.overloaded()}
	case len(plain) > 0:
		a.lastIn = time.Now()
	}
	if !end {
		return hold
	}
	return a.judgeVectors()
}

// wakeCollecting gives up on a reply that is not complete at its deadline. A
// reply that is still arriving may take until the request's deadline.
func (a *attempt) wakeCollecting() policies.Action {
	silent := time.Since(a.lastIn)
	if len(a.vectors.body) == 0 || silent >= a.settings.IdleTimeout || a.untilDeadline() <= 0 {
		return a.notInTime()
	}
	return policies.Action{Step: policies.Hold, Wake: min(a.settings.IdleTimeout-silent, a.untilDeadline())}
}

// judgeVectors decides on a complete reply.
func (a *attempt) judgeVectors() policies.Action {
	body := a.vectors.body
	e, err := gemini.ParseEmbeddings(body, len(a.vectors.sizes))
	if err == nil {
		return a.passVectors(e)
	}
	if st, ok := gemini.ParseStatus(body); ok {
		return a.judge(heal.Seen{Status: statusOf(st), Error: st, Peek: heal.ReasonPeekError})
	}
	act := a.judge(heal.Seen{Peek: whyNoVectors(body, err)})
	a.record.err = err
	return act
}

// whyNoVectors is the reason why a body could not be read as embeddings.
func whyNoVectors(body []byte, err error) string {
	switch {
	case len(bytes.TrimSpace(body)) == 0:
		return heal.ReasonPeekEOF
	case errors.Is(err, gemini.ErrNoVectors):
		return heal.ReasonPeekNoContent
	case errors.Is(err, io.ErrUnexpectedEOF):
		return heal.ReasonPeekTruncated
	}
	return heal.ReasonPeekGarbage
}

// passVectors sends the embeddings to the client.
func (a *attempt) passVectors(e *conversation.Embeddings) policies.Action {
	a.countTokens(e)
	for i := range e.Vectors {
		if e.Vectors[i].Truncated {
			a.req.Warn(a.req.Embedding.Place(i), "longer than the model reads: its end has no part in the vector")
		}
	}
	body := a.features.Embeddings(a.req, e)
	a.vectors.body = nil
	a.passedAt = time.Now()
	a.settle(policies.Pass, heal.ReasonOK)
	a.noteAnswered()
	a.measureFirst()
	a.move(passing)
	a.move(over)
	return policies.Action{Step: policies.Send, Body: body, End: true, Wake: policies.Never, Head: &policies.Head{
		Status: http.StatusOK,
		Set:    append(append(policies.Headers{{Name: "content-type", Value: "application/json"}}, a.clientReadable()...), a.sdkRequestID()...),
		Remove: a.upstreamHeaders(),
	}}
}

// countTokens completes the counts: AI Studio sends at most their sum. A missing
// count is estimated.
func (a *attempt) countTokens(e *conversation.Embeddings) {
	sum := 0
	for i := range e.Vectors {
		v := &e.Vectors[i]
		if v.Tokens == 0 {
			v.Tokens = gemini.EstimateTokens(a.vectors.sizes[i])
			e.Estimated = e.Tokens == 0
		}
		sum += v.Tokens
	}
	if e.Tokens == 0 {
		e.Tokens = sum
	}
	a.vectors.usage, a.vectors.estimated = conversation.Usage{Known: true, Input: e.Tokens}, e.Estimated
}

// usage is what the request has used, as far as known.
func (a *attempt) usage() conversation.Usage {
	if a.answer != nil {
		return a.answer.usage
	}
	return a.vectors.usage
}
