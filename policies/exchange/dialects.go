package exchange

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

// dialects are the client APIs that are spoken. A new one is its folder and a
// line here.
var dialects = []dialect.Dialect{
	claudeDialect,
	chatDialect,
	completionsDialect,
	responsesDialect,
	nativeDialect,
	embeddingsDialect,
	transcriptionsDialect,
	imagesDialect,
}

var (
	claudeDialect         dialect.Dialect = claude.New()
	chatDialect           dialect.Dialect = chat.New(chat.Config{})
	completionsDialect    dialect.Dialect = completions.New()
	responsesDialect      dialect.Dialect = responses.New()
	nativeDialect         dialect.Dialect = native.New()
	embeddingsDialect     dialect.Dialect = embeddings.New()
	transcriptionsDialect dialect.Dialect = transcriptions.New()
	imagesDialect         dialect.Dialect = images.New()
)

// fallbackDialect words errors where nothing tells what the client speaks.
var fallbackDialect = claudeDialect
