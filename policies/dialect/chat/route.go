package chat

import (
	"net/http"

	"github.com/heald-proxy/heald/policies/dialect"
)

// Match implements dialect.Dialect. Clients are configured with a base URL,
// which ends as that of OpenAI, of services that speak its API beside their
// own, or of Google's compatibility layer.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	if method != http.MethodPost {
		return dialect.Route{}, false
	}
	switch path {
	case "/v1/chat/completions", "/openai/v1/chat/completions", "/v1beta/openai/chat/completions":
		return dialect.Route{Operation: dialect.Generate}, true
	}
	return dialect.Route{}, false
}
