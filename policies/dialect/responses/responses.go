package responses

import (
	"strconv"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Dialect is the OpenAI Responses API.
type Dialect struct {
	// now gives the time of replies, random fills ids; tests make both
	// predictable.
	now    func() time.Time
	random func([]byte)
}

var _ dialect.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New() *Dialect { return &Dialect{now: time.Now, random: callid.Random} }

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "responses" }

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	if req.Stream {
		return newMachine(d, req, &streamSink{})
	}
	return newMachine(d, req, documentSink{})
}

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	return openai.Error(err)
}

// TokenCount is the reply to an input_tokens request.
func (d *Dialect) TokenCount(n int) []byte {
	return append(strconv.AppendInt([]byte(`{"object":"response.input_tokens","input_tokens":`), int64(n), 10), '}')
}

// RateHeaders are the headers in which the API's clients look for rate limits.
func (d *Dialect) RateHeaders(rates []conversation.Rate) policies.Headers {
	return openai.RateHeaders(rates)
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{TokenCount: d.TokenCount, RateHeaders: d.RateHeaders}
}
