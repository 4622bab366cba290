package chat

import (
	"encoding/json"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestErrors(t *testing.T) {
	tests := []struct {
		kind       conversation.ErrorKind
		status     int
		kindWord   string
		code       any
		retryAgain string
	}{
		{conversation.ErrInvalid, 400, "invalid_request_error", nil, "false"},
		{conversation.ErrContext, 400, "invalid_request_error", "context_length_exceeded", "false"},
		{conversation.ErrAuth, 401, "invalid_request_error", "invalid_api_key", "false"},
		{conversation.ErrPermission, 403, "invalid_request_error", "insufficient_permissions", "false"},
		{conversation.ErrRegion, 403, "request_forbidden", "unsupported_country_region_territory", "false"},
		{conversation.ErrNotFound, 404, "invalid_request_error", "model_not_found", "false"},
		{conversation.ErrTooLarge, 413, "invalid_request_error", "request_too_large", "false"},
		{conversation.ErrRateLimit, 429, "rate_limit_error", "rate_limit_exceeded", "true"},
		{conversation.ErrQuota, 429, "insufficient_quota", "insufficient_quota", "false"},
		{conversation.ErrOverloaded, 503, "server_error", "server_is_overloaded", "true"},
		{conversation.ErrTimeout, 504, "server_error", "server_error", "true"},
		{conversation.ErrAPI, 500, "server_error", "server_error", "true"},
		{conversation.ErrPath, 404, "invalid_request_error", "unknown_url", "false"},
		{conversation.ErrUnsupported, 400, "invalid_request_error", "unsupported_parameter", "false"},
		{conversation.ErrNoResource, 404, "invalid_request_error", nil, "false"},
		{conversation.ErrBilling, 402, "insufficient_quota", "insufficient_quota", "false"},
		{conversation.ErrModerated, 400, "image_generation_user_error", "moderation_blocked", "false"},
	}
	if len(tests) != conversation.ErrorKinds {
		t.Fatalf("%d of %d kinds are tested", len(tests), conversation.ErrorKinds)
	}
	for _, tt := range tests {
		status, headers, body := New(Config{}).Error(&conversation.Error{Kind: tt.kind})
		var doc struct {
			Error object `json:"error"`
		}
		if err := json.Unmarshal(body, &doc); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if err := checkFault(doc.Error); err != nil {
			t.Errorf("kind %d: %v", tt.kind, err)
		}
		if status != tt.status || doc.Error["type"] != tt.kindWord || doc.Error["code"] != tt.code || doc.Error["param"] != nil {
			t.Errorf("kind %d: %d %s, want %d, type %s, code %v", tt.kind, status, body, tt.status, tt.kindWord, tt.code)
		}
		if got := headers.Get("x-should-retry"); got != tt.retryAgain {
			t.Errorf("kind %d: x-should-retry = %q, want %q", tt.kind, got, tt.retryAgain)
		}
	}
}

func TestErrorDetails(t *testing.T) {
	status, headers, body := New(Config{}).Error(&conversation.Error{
		Kind: conversation.ErrRateLimit, Status: 418, Message: "slow \"down\"", Param: "model",
		RetryAfter: 7, NoRetry: true, RequestID: "a\r\nb",
	})
	if status != 418 {
		t.Errorf("status = %d, want the error's own", status)
	}
	for name, want := range map[string]string{
		"retry-after": "7", "x-should-retry": "false", "x-request-id": "a??b", "content-type": "application/json",
	} {
		if got := headers.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	want := `{"error":{"message":"slow \"down\". Please try again in 7s.","type":"rate_limit_error","param":"model","code":"rate_limit_exceeded"}}`
	if string(body) != want {
		t.Errorf("body = %s, want %s", body, want)
	}
}
