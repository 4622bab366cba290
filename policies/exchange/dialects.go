package exchange

import (
	"strings"

	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// dialects are the client APIs that are spoken. A new one is its folder and a
// line here.
var dialects = []dialect.Dialect{
	claudeDialect,
	chatDialect,
	responses.New(),
	nativeDialect,
}

var (
	claudeDialect = claude.New()
	chatDialect   = chat.New(chat.Config{})
	nativeDialect = native.New()
)

// fallbackDialect words errors where nothing tells what the client speaks.
var fallbackDialect dialect.Dialect = claudeDialect

// neighbors are paths that heald does not serve, or not all of, by the API that
// they belong to. The first prefix that matches counts.
var neighbors = []struct {
	prefix  string
	dialect dialect.Dialect
}{
	{"/v1beta/openai/", chatDialect},
	{"/v1beta/", nativeDialect}, {"/v1beta1/", nativeDialect}, {"/v1/projects/", nativeDialect}, {"/v1/publishers/", nativeDialect},
	{"/anthropic/", claudeDialect}, {"/v1/messages", claudeDialect}, {"/v1/complete", claudeDialect},
	{"/openai/", chatDialect}, {"/v1/chat/", chatDialect}, {"/v1/responses", chatDialect}, {"/v1/models", chatDialect},
	{"/v1/embeddings", chatDialect}, {"/v1/images/", chatDialect}, {"/v1/audio/", chatDialect}, {"/v1/files", chatDialect},
	{"/v1/moderations", chatDialect}, {"/v1/conversations", chatDialect}, {"/v1/realtime", chatDialect}, {"/v1/batches", chatDialect},
}

// nearestDialect words errors for a path that belongs to no dialect, or for
// another method than its own: whoever asks for a neighbor of a path speaks
// the same API.
func nearestDialect(path string, headers policies.Headers) dialect.Dialect {
	if headers.Get("anthropic-version") != "" {
		return claudeDialect
	}
	for _, n := range neighbors {
		switch {
		case !strings.HasPrefix(path, n.prefix):
		case n.prefix == "/v1/models" && strings.Contains(path, ":"):
			return nativeDialect // OpenAI's have no methods behind a colon
		default:
			return n.dialect
		}
	}
	return fallbackDialect
}
