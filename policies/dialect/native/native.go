package native

import (
	"bytes"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// Dialect is Google's Gemini API. It has no state.
type Dialect struct{}

var _ dialect.Dialect = (*Dialect)(nil)

// New makes the dialect.
func New() *Dialect { return &Dialect{} }

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "gemini" }

// own is what the decoder passes to the encoder, in conversation.Request.
type own struct {
	framing framing
	method  string // of a request for embeddings
	// openLine says that the client must be shown by an open line that an
	// answer broke off (eventEncoder).
	openLine bool
}

// geminiCLI begins the user agent of gemini-cli, whatever runs it.
const geminiCLI = "GeminiCLI"

// Decode implements dialect.Dialect. It only checks that the body can be an
// object; Repair reads it. Only requests for embeddings are decoded, since each
// of their three forms may have to become another.
func (d *Dialect) Decode(route dialect.Route, headers policies.Headers, body []byte) (*conversation.Request, error) {
	if route.Operation == conversation.Embed {
		return decodeEmbedding(route, body)
	}
	f, err := framingOf(route)
	if err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, &conversation.Error{Kind: conversation.ErrInvalid,
			Message: "The request body is not a JSON object. Send a GenerateContentRequest."}
	}
	return &conversation.Request{
		Model:  route.Model,
		Stream: f != document,
		Own:    own{framing: f, openLine: strings.HasPrefix(headers.Get("user-agent"), geminiCLI)},
	}, nil
}

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	switch note, _ := req.Own.(own); note.framing {
	case events:
		return &eventEncoder{openLine: note.openLine}
	case array:
		return &arrayEncoder{}
	}
	return &documentEncoder{}
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{TokenCount: d.TokenCount, Embeddings: d.Embeddings, Direct: d}
}
