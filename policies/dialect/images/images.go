package images

import (
	"net/http"
	"strings"
	"time"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Dialect is the OpenAI Images API.
type Dialect struct {
	now func() time.Time // of replies; tests make it predictable
}

var _ dialect.Dialect = (*Dialect)(nil)

// New returns the dialect.
func New() *Dialect { return &Dialect{now: time.Now} }

// Name implements dialect.Dialect.
func (d *Dialect) Name() string { return "images" }

// The methods: the last part of the path.
const (
	generations = "generations"
	edits       = "edits"
)

// Match implements dialect.Dialect.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	name, ok := strings.CutPrefix(path, "/v1/images/")
	if !ok || method != http.MethodPost || name != generations && name != edits {
		return dialect.Route{}, false
	}
	return dialect.Route{Operation: conversation.Generate, Method: name, Form: name == edits}, true
}

// Encoder implements dialect.Dialect.
func (d *Dialect) Encoder(req *conversation.Request) dialect.Encoder {
	note, _ := req.Own.(own)
	note.stream = note.stream || req.Stream
	return &encoder{now: d.now, own: note}
}

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	return openai.Error(err)
}

// Features implements dialect.Dialect.
func (d *Dialect) Features() dialect.Features {
	return dialect.Features{}
}
