package responses

import (
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestMatch(t *testing.T) {
	tests := []struct {
		method, path string
		ok           bool
		operation    conversation.Operation
	}{
		{"POST", "/v1/responses", true, conversation.Generate},
		{"POST", "/v1/responses/input_tokens", true, conversation.CountTokens},
		{"POST", "/v1/responses/compact", false, 0},
		{"POST", "/responses", false, 0},
		{"POST", "/v1/responses/", false, 0},
		{"GET", "/v1/responses", false, 0},
		{"GET", "/v1/responses/resp_1", false, 0},
		{"DELETE", "/v1/responses/resp_1", false, 0},
	}
	for _, tt := range tests {
		route, ok := New().Match(tt.method, tt.path)
		if ok != tt.ok || route.Operation != tt.operation {
			t.Errorf("%s %s: %v %v, want %v %v", tt.method, tt.path, route.Operation, ok, tt.operation, tt.ok)
		}
	}
}

func TestTokenCount(t *testing.T) {
	if got, want := string(New().TokenCount(1234)), `{"object":"response.input_tokens","input_tokens":1234}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
