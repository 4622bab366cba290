package chat

import "testing"

func TestMatch(t *testing.T) {
	tests := []struct {
		method, path string
		want         bool
	}{
		{"POST", "/v1/chat/completions", true},
		{"GET", "/v1/chat/completions", false},
		{"POST", "/v1/chat/completions/", false},
		{"POST", "/chat/completions", false},
		{"POST", "/v1/completions", false},
		{"POST", "/v1/messages", false},
	}
	for _, tt := range tests {
		if _, got := New(Config{}).Match(tt.method, tt.path); got != tt.want {
			t.Errorf("Match(%s %s) = %v, want %v", tt.method, tt.path, got, tt.want)
		}
	}
}
