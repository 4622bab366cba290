package exchange

import (
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/dialect/chat"
	"github.com/heald-proxy/heald/policies/dialect/claude"
	"github.com/heald-proxy/heald/policies/dialect/native"
	"github.com/heald-proxy/heald/policies/dialect/responses"
)

// dialects are the client APIs that are spoken. A new one is its folder and a
// line here.
var dialects = []dialect.Dialect{
	claude.New(),
	chat.New(chat.Config{}),
	responses.New(),
	native.New(),
}

// fallbackDialect words errors for paths that belong to no dialect.
var fallbackDialect = dialects[0]
