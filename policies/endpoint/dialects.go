package endpoint

import (
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/completions"
	"github.com/heald-proxy/heald/policies/dialect/embeddings"
	"github.com/heald-proxy/heald/policies/dialect/images"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/dialect/responses"
	"github.com/heald-proxy/heald/policies/dialect/transcriptions"
)

// Dialects are the client APIs that are spoken. A new one is its folder and a
// line here.
var Dialects = []dialect.Dialect{
	Claude,
	Chat,
	Completions,
	Responses,
	Native,
	Embeddings,
	Transcriptions,
	Images,
}

// The dialects by name.
var (
	Claude         dialect.Dialect = claude.New()
	Chat           dialect.Dialect = chat.New(chat.Config{})
	Completions    dialect.Dialect = completions.New()
	Responses      dialect.Dialect = responses.New()
	Native         dialect.Dialect = native.New()
	Embeddings     dialect.Dialect = embeddings.New()
	Transcriptions dialect.Dialect = transcriptions.New()
	Images         dialect.Dialect = images.New()
)

// Fallback encodes errors for clients whose API is unknown.
var Fallback = Claude
