package openai

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestEveryErrorKindHasARow(t *testing.T) {
	for kind := range conversation.ErrorKinds {
		r := rows[kind]
		if r.status < 400 || r.status > 599 || r.kind == "" || r.message == "" {
			t.Errorf("kind %d has the row %+v", kind, r)
		}
	}
}

func TestError(t *testing.T) {
	tests := []struct {
		name                             string
		err                              conversation.Error
		status                           int
		kind, code, message, retry, wait string
	}{
		{"invalid", conversation.Error{Kind: conversation.ErrInvalid, Message: "m"}, 400, badRequest, "", "m", "false", ""},
		{"context with numbers", conversation.Error{Kind: conversation.ErrContext, Message: "m", Used: 11, Limit: 10}, 400, badRequest, "context_length_exceeded",
			"This model's maximum context length is 10 tokens. However, your messages resulted in 11 tokens. Please reduce the length of the messages.", "false", ""},
		{"context without what was used", conversation.Error{Kind: conversation.ErrContext, Message: "m", Limit: 10}, 400, badRequest, "context_length_exceeded", "m", "false", ""},
		{"context without its limit", conversation.Error{Kind: conversation.ErrContext, Message: "m", Used: 11}, 400, badRequest, "context_length_exceeded", "m", "false", ""},
		{"context of one token", conversation.Error{Kind: conversation.ErrContext, Message: "m", Used: 1, Limit: 1}, 400, badRequest, "context_length_exceeded",
			"This model's maximum context length is 1 tokens. However, your messages resulted in 1 tokens. Please reduce the length of the messages.", "false", ""},
		{"slow down, a second", conversation.Error{Kind: conversation.ErrRateLimit, Message: "m.", RetryAfter: 1}, 429, "rate_limit_error", "rate_limit_exceeded", "m. Please try again in 1s.", "true", "1"},
		{"slow down, said already", conversation.Error{Kind: conversation.ErrRateLimit, Message: "try again in 3s", RetryAfter: 7}, 429, "rate_limit_error", "rate_limit_exceeded", "try again in 3s", "true", "7"},
		{"slow down, for how long is not known", conversation.Error{Kind: conversation.ErrRateLimit, Message: "m"}, 429, "rate_limit_error", "rate_limit_exceeded", "m", "true", ""},
		{"slow down", conversation.Error{Kind: conversation.ErrRateLimit, RetryAfter: 7}, 429, "rate_limit_error", "rate_limit_exceeded",
			"Rate limit reached. Please try again in 7s.", "true", "7"},
		{"quota", conversation.Error{Kind: conversation.ErrQuota, Message: "m", RetryAfter: 7}, 429, "insufficient_quota", "insufficient_quota", "m", "false", "7"},
		{"no retry", conversation.Error{Kind: conversation.ErrAPI, Message: "m", NoRetry: true}, 500, "server_error", "server_error", "m", "false", ""},
		{"own status", conversation.Error{Kind: conversation.ErrAPI, Status: 502, Message: "m"}, 502, "server_error", "server_error", "m", "true", ""},
		{"kind of tomorrow", conversation.Error{Kind: 250, Message: "m"}, 500, "server_error", "server_error", "m", "true", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, headers, body := Error(&tt.err)
			var got struct {
				Error struct{ Type, Message, Code string }
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if e := got.Error; status != tt.status || e.Type != tt.kind || e.Code != tt.code || e.Message != tt.message {
				t.Errorf("got %d %s, want %d %s %s %q", status, body, tt.status, tt.kind, tt.code, tt.message)
			}
			if headers.Get("x-should-retry") != tt.retry || headers.Get("retry-after") != tt.wait {
				t.Errorf("headers = %v, want x-should-retry %s, retry-after %q", headers, tt.retry, tt.wait)
			}
		})
	}
}

func TestErrorFromOutside(t *testing.T) {
	_, headers, body := Error(&conversation.Error{Kind: conversation.ErrUnsupported, Message: "a \"b\"\n\xff", Param: "p", RequestID: "req\r\nx: y"})
	if got, want := headers.Get("x-request-id"), "req??x: y"; got != want {
		t.Errorf("x-request-id = %q, want %q", got, want)
	}
	want := `{"error":{"message":"a \"b\"\n` + "\uFFFD" + `","type":"invalid_request_error","param":"p","code":"unsupported_parameter"}}`
	if string(body) != want {
		t.Errorf("body = %s, want %s", body, want)
	}
}
