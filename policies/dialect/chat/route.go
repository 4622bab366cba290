package chat

import (
	"net/http"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

// Match implements dialect.Dialect.
func (d *Dialect) Match(method, path string) (dialect.Route, bool) {
	ok := method == http.MethodPost && path == "/v1/chat/completions"
	return dialect.Route{Operation: conversation.Generate}, ok
}
