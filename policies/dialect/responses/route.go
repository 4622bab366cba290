package responses

import (
	"net/http"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// Match implements dialect.Dialect. Stored responses (GET, DELETE, /compact) are
// no route: nothing is stored.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	if method != http.MethodPost {
		return dialect.Route{}, false
	}
	switch path {
	case "/v1/responses":
		return dialect.Route{Operation: conversation.Generate}, true
	case "/v1/responses/input_tokens":
		return dialect.Route{Operation: conversation.CountTokens}, true
	}
	return dialect.Route{}, false
}
