package chat

import (
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// Error implements dialect.Dialect.
func (d *Dialect) Error(err *conversation.Error) (int, policies.Headers, []byte) {
	return openai.Error(err)
}
