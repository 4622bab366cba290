package claude

import (
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/callid"
)

// Dialect is the Anthropic Messages API.
type Dialect struct {
	// random fills ids; tests make it predictable.
	random func([]byte)
}

var _ dialect.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New() *Dialect {
	return &Dialect{random: callid.Random}
}

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "claude" }

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	if req.Stream {
		return newMachine(req, d.random, &streamSink{})
	}
	return newMachine(req, d.random, &messageSink{})
}

// TokenCount is the reply to a count_tokens request.
func (d *Dialect) TokenCount(n int) []byte {
	return append(strconv.AppendInt([]byte(`{"input_tokens":`), int64(n), 10), '}')
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{TokenCount: d.TokenCount, RateHeaders: d.RateHeaders}
}
