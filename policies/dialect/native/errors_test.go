package native

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// googleError is what Google's clients read.
type googleError struct {
	Error struct {
		Code    int
		Message string
		Status  string
		Details []map[string]any
	}
}

func TestErrorOfEveryKind(t *testing.T) {
	for kind := range conversation.ErrorKinds {
		err := &conversation.Error{Kind: conversation.ErrorKind(kind)}
		status, headers, body := New().Error(err)
		var got googleError
		if bad := json.Unmarshal(body, &got); bad != nil {
			t.Fatalf("kind %d: %v\n%s", kind, bad, body)
		}
		// Google's clients tell a wrong key by this reason, not by the status.
		var details []map[string]any
		if err.Kind == conversation.ErrAuth {
			details = []map[string]any{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}}
		}
		if got.Error.Code != status || status < 400 || got.Error.Message == "" || got.Error.Status == "" || !reflect.DeepEqual(got.Error.Details, details) ||
			headers.Get("content-type") != jsonType {
			t.Errorf("kind %d: %d %v\n%s", kind, status, headers, body)
		}
	}
}

func TestErrorBody(t *testing.T) {
	status, headers, body := New().Error(&conversation.Error{Kind: conversation.ErrRateLimit, Message: "slow \"down\"", RetryAfter: 7})
	want := `{
  "error": {
    "code": 429,
    "message": "slow \"down\"",
    "status": "RESOURCE_EXHAUSTED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": "7s"
      }
    ]
  }
}
`
	if status != 429 || headers.Get("retry-after") != "7" || string(body) != want {
		t.Errorf("%d %v\n%s", status, headers, body)
	}
}

func TestErrorWords(t *testing.T) {
	for _, c := range []struct {
		err     conversation.Error
		code    int
		status  string
		message string
		details int
	}{
		{conversation.Error{Kind: conversation.ErrContext, Used: 10, Limit: 5, Message: "x"}, 400, "INVALID_ARGUMENT", "The input token count (10) exceeds the maximum number of tokens allowed (5).", 0},
		{conversation.Error{Kind: conversation.ErrInvalid, Param: "contents", Message: "bad", RetryAfter: 1}, 400, "INVALID_ARGUMENT", "bad", 2},
		{conversation.Error{Kind: conversation.ErrInvalid, Name: "FAILED_PRECONDITION", Message: "m"}, 400, "FAILED_PRECONDITION", "m", 0},
		{conversation.Error{Kind: conversation.ErrAPI, Status: 503, Message: "m"}, 503, "UNAVAILABLE", "m", 0},
		{conversation.Error{Kind: conversation.ErrAPI, Status: 502, Message: "m"}, 502, "UNKNOWN", "m", 0},
		{conversation.Error{Kind: conversation.ErrInvalid, Status: 418, Message: "m"}, 418, "INVALID_ARGUMENT", "m", 0},
		{conversation.Error{Kind: conversation.ErrorKind(200), Message: "m"}, 500, "INTERNAL", "m", 0},
	} {
		status, _, body := New().Error(&c.err)
		var got googleError
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		if e := got.Error; status != c.code || e.Code != c.code || e.Status != c.status || e.Message != c.message || len(e.Details) != c.details {
			t.Errorf("%+v: %d\n%s", c.err, status, body)
		}
	}
}
