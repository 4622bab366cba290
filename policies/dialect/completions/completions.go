package completions

import (
	"net/http"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Dialect is the OpenAI Completions API.
type Dialect struct {
	// now gives the time of replies, random fills their ids; tests make both
	// predictable.
	now    func() time.Time
	random func([]byte)
}

var _ dialect.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New() *Dialect { return &Dialect{now: time.Now, random: callid.Random} }

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "completions" }

// Match implements dialect.Dialect.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	return dialect.Route{Operation: conversation.Generate}, method == http.MethodPost && path == "/v1/completions"
}

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	return openai.Error(err)
}

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	own, _ := req.Own.(own) // a request that another dialect decoded: no settings
	return &encoder{dialect: d, model: req.Model, stream: req.Stream, usageLast: own.usage}
}

// RateHeaders are the headers in which the API's clients look for rate limits.
func (d *Dialect) RateHeaders(rates []conversation.Rate) policies.Headers {
	return openai.RateHeaders(rates)
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{RateHeaders: d.RateHeaders}
}
