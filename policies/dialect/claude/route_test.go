package claude

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		method, path string
		op           conversation.Operation
		ok           bool
	}{
		{"POST", "/v1/messages", conversation.Generate, true},
		{"POST", "/v1/messages/count_tokens", conversation.CountTokens, true},
		{"GET", "/v1/messages", 0, false},
		{"POST", "/v1/messages/", 0, false},
		{"POST", "/v1/messages/batches", 0, false},
		{"POST", "/anthropic/anthropic/v1/messages", 0, false},
		{"POST", "/v1/chat/completions", 0, false},
		{"POST", "", 0, false},
	}
	for _, tt := range tests {
		route, ok := New().Match(tt.method, tt.path)
		if ok != tt.ok || route != (dialect.Route{Operation: tt.op}) {
			t.Errorf("Match(%s %s) = %+v, %v; want operation %d, %v", tt.method, tt.path, route, ok, tt.op, tt.ok)
		}
	}
}

func TestTokenCount(t *testing.T) {
	if got := string(New().TokenCount(2095)); got != `{"input_tokens":2095}` {
		t.Errorf("got %s", got)
	}
}
