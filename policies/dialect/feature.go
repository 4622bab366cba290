package dialect

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
)

// Features are optional functions of a dialect; nil if it lacks one. They are
// fields and not optional methods, so that the compiler notices a wrong name or
// signature.
type Features struct {
	// TokenCount encodes the count of n tokens as the whole body of a reply. A
	// dialect with a route for conversation.CountTokens has it.
	TokenCount func(n int) []byte

	// Embeddings encodes e as the whole body of the reply to req. A dialect with a
	// route for conversation.Embed has it.
	Embeddings func(req *conversation.Request, e *conversation.Embeddings) []byte

	// RateHeaders returns rate limits as headers of a successful reply.
	RateHeaders func(rates []conversation.Rate) policies.Headers

	// Direct is set for a dialect whose bodies are the upstream's own. They are
	// neither decoded nor rendered, and its encoders have EncodeFrame.
	Direct Direct
}

// Direct reads and changes bodies in the upstream's own form.
type Direct interface {
	// Repair returns body in the form that target takes, or body itself if nothing
	// had to change, and headers that go with it. It adds its changes to
	// req.Warnings; errors are *conversation.Error.
	Repair(req *conversation.Request, body []byte, target gemini.Target, opts gemini.Options) ([]byte, policies.Headers, error)

	// Outline returns the part of body that decides whether its answer can be
	// resumed, and its token limit; nil if it cannot be.
	Outline(req *conversation.Request, body []byte) *conversation.Request

	// Extend returns a body that has an Outline with messages at the end, and
	// with another token limit, if it has one and maxTokens is not nil.
	Extend(body []byte, messages []conversation.Message, maxTokens *int) ([]byte, error)

	// Summary returns what a side request is recognized by: system text, tools,
	// the number of messages and what the last of them says.
	Summary(body []byte) *conversation.Request

	// Opening returns what stays the same from turn to turn of a conversation,
	// as raw values: its tools, system text and first message.
	Opening(body []byte) [][]byte

	// Media lists the media in body, for estimates of its tokens.
	Media(body []byte) []conversation.Media

	// Schemas returns the schemas in body, as raw values: two bodies with equal
	// ones are relaxed alike.
	Schemas(body []byte) [][]byte
}

// EncoderFeatures are optional functions of an encoder; nil if it lacks one.
type EncoderFeatures struct {
	// EncodeFrame appends what the client gets for a frame of the upstream's to
	// dst. An encoder that has it gets no events but the one that ends the answer.
	// The frame was decoded without error; it is valid during the call.
	EncodeFrame func(dst, frame []byte) []byte

	// Unfinished is the error that the client gets in place of a document with
	// finish f; nil for a document. Encoders have it whose API cannot express some
	// finishes.
	Unfinished func(f conversation.Finish) *conversation.Error

	// Held is approximately how many bytes of the reply the encoder keeps; nil for
	// an encoder that keeps nothing.
	Held func() int
}
