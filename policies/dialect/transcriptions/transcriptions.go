package transcriptions

import (
	"net/http"
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Dialect is the OpenAI API for speech to text. It has no state.
type Dialect struct{}

var _ dialect.Dialect = (*Dialect)(nil)

// New makes the dialect.
func New() *Dialect { return &Dialect{} }

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "transcriptions" }

// The methods: the last part of the path.
const (
	transcribe = "transcriptions"
	translate  = "translations"
)

// Match implements dialect.Dialect.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	name, ok := strings.CutPrefix(path, "/v1/audio/")
	if !ok || method != http.MethodPost || name != transcribe && name != translate {
		return dialect.Route{}, false
	}
	return dialect.Route{Operation: conversation.Generate, Method: name, Form: true}, true
}

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	note, _ := req.Own.(own)
	return &encoder{own: note, stream: req.Stream}
}

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	return openai.Error(err)
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{}
}
