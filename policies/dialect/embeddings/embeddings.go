package embeddings

import (
	"net/http"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Dialect is the OpenAI Embeddings API. It has no state.
type Dialect struct{}

var _ dialect.Dialect = (*Dialect)(nil)

// New makes the dialect.
func New() *Dialect { return &Dialect{} }

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "embeddings" }

// Match implements dialect.Dialect.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	if method != http.MethodPost || path != "/v1/embeddings" {
		return dialect.Route{}, false
	}
	return dialect.Route{Operation: conversation.Embed}, true
}

// Encoder implements dialect.Dialect: there are no answers of a model.
func (d *Dialect) Encoder(*conversation.Request) dialect.Encoder { return nil }

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	return openai.Error(err)
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{Embeddings: d.Embeddings}
}
