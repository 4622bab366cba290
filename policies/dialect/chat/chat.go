package chat

import (
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Config says how the dialect behaves. The zero value is the default.
type Config struct {
	// BareCallIDs leaves carriers out of the ids of tool calls. Clients that
	// drop unknown fields then lose the upstream's signatures; set it where
	// histories are later sent to services that refuse long ids.
	BareCallIDs bool
	// Now returns the time of replies; nil means time.Now.
	Now func() time.Time
}

// Dialect is the OpenAI Chat Completions API.
type Dialect struct {
	cfg Config
	// random fills ids; tests replace it.
	random func([]byte)
}

var _ dialect.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New(cfg Config) *Dialect {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Dialect{cfg: cfg, random: callid.Random}
}

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "chat" }

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	own, _ := req.Own.(own) // a request that another dialect decoded: no settings
	if req.Limits.Candidates > 1 {
		return d.several(req, own)
	}
	if req.Stream {
		return d.machine(req, own, &streamSink{usage: own.usage})
	}
	return d.machine(req, own, &completionSink{})
}

// RateHeaders are the headers in which the API's clients look for rate limits.
func (d *Dialect) RateHeaders(rates []conversation.Rate) policies.Headers {
	return openai.RateHeaders(rates)
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{RateHeaders: d.RateHeaders}
}
