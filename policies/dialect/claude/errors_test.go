package claude

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestEveryErrorKindHasARow(t *testing.T) {
	for kind := range conversation.ErrorKinds {
		row := errorRows[kind]
		if row.status < 400 || row.status > 599 || row.kind == "" || row.message == "" {
			t.Errorf("kind %d has the row %+v", kind, row)
		}
	}
}

func TestError(t *testing.T) {
	tests := []struct {
		name                       string
		err                        conversation.Error
		status                     int
		kind, message, retry, wait string
	}{
		{"invalid", conversation.Error{Kind: conversation.ErrInvalid, Message: "messages.0.role: Field required", Param: "messages.0.role"},
			400, "invalid_request_error", "messages.0.role: Field required", "false", ""},
		{"context with numbers", conversation.Error{Kind: conversation.ErrContext, Message: "upstream words", Used: 1100000, Limit: 1048576},
			400, "invalid_request_error", "prompt is too long: 1100000 tokens > 1048576 maximum", "false", ""},
		{"context without numbers", conversation.Error{Kind: conversation.ErrContext, Message: "upstream words"},
			400, "invalid_request_error", "prompt is too long: upstream words", "false", ""},
		{"context with one number", conversation.Error{Kind: conversation.ErrContext, Message: "upstream words", Limit: 1048576},
			400, "invalid_request_error", "prompt is too long: upstream words", "false", ""},
		{"context with the other number", conversation.Error{Kind: conversation.ErrContext, Message: "upstream words", Used: 1100000},
			400, "invalid_request_error", "prompt is too long: upstream words", "false", ""},
		{"numbers of something else", conversation.Error{Kind: conversation.ErrInvalid, Message: "upstream words", Used: 2, Limit: 1},
			400, "invalid_request_error", "upstream words", "false", ""},
		{"context without words", conversation.Error{Kind: conversation.ErrContext},
			400, "invalid_request_error", "prompt is too long", "false", ""},
		{"slow down", conversation.Error{Kind: conversation.ErrRateLimit, Message: "m", RetryAfter: 7},
			429, "rate_limit_error", "m", "true", "7"},
		{"slow down, but do not retry", conversation.Error{Kind: conversation.ErrRateLimit, Message: "m", NoRetry: true},
			429, "rate_limit_error", "m", "false", ""},
		{"quota", conversation.Error{Kind: conversation.ErrQuota, Message: "m"}, 429, "rate_limit_error", "m", "false", ""},
		{"money", conversation.Error{Kind: conversation.ErrBilling, Message: "m"}, 402, "billing_error", "m", "false", ""},
		{"overloaded", conversation.Error{Kind: conversation.ErrOverloaded}, 529, "overloaded_error", "Overloaded", "true", ""},
		{"own status", conversation.Error{Kind: conversation.ErrAPI, Status: 503, Message: "m"}, 503, "api_error", "m", "true", ""},
		{"kind of tomorrow", conversation.Error{Kind: 250, Message: "m"}, 500, "api_error", "m", "true", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, headers, body := New().Error(&tt.err)
			var got struct {
				Type      string
				Error     struct{ Type, Message string }
				RequestID *string `json:"request_id"`
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if status != tt.status || got.Type != "error" || got.Error.Type != tt.kind || got.Error.Message != tt.message || got.RequestID != nil {
				t.Errorf("got %d %s, want %d %s %q", status, body, tt.status, tt.kind, tt.message)
			}
			if headers.Get("content-type") != "application/json" || headers.Get("x-should-retry") != tt.retry || headers.Get("retry-after") != tt.wait {
				t.Errorf("headers = %v, want x-should-retry %s, retry-after %q", headers, tt.retry, tt.wait)
			}
		})
	}
}

func TestErrorRequestID(t *testing.T) {
	_, headers, body := New().Error(&conversation.Error{Kind: conversation.ErrAPI, Message: "a \"b\"\n\xff", RequestID: "req\r\nx: y"})
	if got, want := headers.Get("request-id"), "req??x: y"; got != want {
		t.Errorf("request-id = %q, want %q", got, want)
	}
	want := `{"type":"error","error":{"type":"api_error","message":"a \"b\"\n` + "\uFFFD" + `"},"request_id":"req\r\nx: y"}`
	if string(body) != want {
		t.Errorf("body = %s, want %s", body, want)
	}
}
