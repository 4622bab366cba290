package dialect_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect"
	"github.com/heald-proxy/heald/policies/endpoint"
)

// What SDKs repeat: by status alone, and not with x-should-retry: false.
func repeated(status int, header func(string) string) bool {
	return (status == 429 || status >= 500) && header("x-should-retry") != "false"
}

// No error of any kind has a reserved status, whatever upstream's was; what SDKs
// repeat is still repeated, and what is final stays final.
func TestReserved(t *testing.T) {
	for _, reserved := range [][]int{
		{502, 503, 504, 507}, {500, 502, 503, 504, 507}, {429, 500, 502, 503, 504}, {500, 529}, {429, 529, 503, 504},
		{400, 401, 402, 403, 404, 405, 409, 413, 415, 418, 431, 503}, {400, 422}, {400, 403, 500, 503, 529},
	} {
		if !dialect.Remains(reserved) {
			t.Fatalf("%v leaves nothing", reserved)
		}
		for _, d := range endpoint.Dialects {
			for kind := range conversation.ErrorKind(conversation.ErrorKinds) + 1 {
				for _, status := range []int{0, 400, 404, 405, 415, 418, 429, 500, 501, 502, 503, 504, 507, 529, 599, 999} {
					for _, after := range []int{0, 7} {
						e := conversation.Error{Kind: kind, Status: status, Name: "UNAVAILABLE", Message: "what is wrong", RetryAfter: after}
						was, had, plain := d.Error(&e)
						got, headers, body := dialect.ErrorOutside(reserved, d, &e)
						if was == 999 {
							was = 500
						}
						switch {
						case slices.Contains(reserved, got) || got == 999 && slices.Contains(reserved, 500):
							t.Fatalf("%s, kind %d, status %d without %v: %d", d.Name(), kind, status, reserved, got)
						case !strings.Contains(string(body), "what is wrong"):
							t.Errorf("%s, kind %d: the words are lost: %s", d.Name(), kind, body)
						case !slices.Contains(reserved, was) && string(body) != string(plain):
							t.Errorf("%s, kind %d, status %d: changed without need to %d %s", d.Name(), kind, status, got, body)
						case kind == conversation.ErrQuota && status == 0 && slices.Contains(reserved, was):
							if repeated(got, headers.Get) { // Gemini's 429 is repeated although it is final
								t.Errorf("%s: a quota that is spent becomes %d", d.Name(), got)
							}
						case status == 0 && repeated(was, had.Get) != repeated(got, headers.Get):
							t.Errorf("%s, kind %d without %v: %d becomes %d, which clients take another way", d.Name(), kind, reserved, was, got)
						case after > 0 && headers.Get("retry-after") != had.Get("retry-after"):
							t.Errorf("%s, kind %d: retry-after %q", d.Name(), kind, headers.Get("retry-after"))
						}
					}
				}
			}
		}
	}
}

// The statuses and bodies of the table in reserved.go, a row each.
func TestReservedTable(t *testing.T) {
	mesh := []int{502, 503, 504, 507}
	for _, c := range []struct {
		reserved []int
		d        dialect.Dialect
		e        conversation.Error
		status   int
		says     string
	}{
		{mesh, endpoint.Claude, conversation.Error{Kind: conversation.ErrOverloaded, Status: 503}, 529, `"overloaded_error"`},
		{mesh, endpoint.Chat, conversation.Error{Kind: conversation.ErrOverloaded}, 500, `"server_error"`},
		{mesh, endpoint.Chat, conversation.Error{Kind: conversation.ErrOverloaded, RetryAfter: 3}, 429, `"rate_limit_error"`},
		{mesh, endpoint.Embeddings, conversation.Error{Kind: conversation.ErrOverloaded}, 500, `"server_error"`},
		{mesh, endpoint.Native, conversation.Error{Kind: conversation.ErrOverloaded, Name: "UNAVAILABLE"}, 500, `"INTERNAL"`},
		{mesh, endpoint.Native, conversation.Error{Kind: conversation.ErrOverloaded, RetryAfter: 3}, 429, `"RESOURCE_EXHAUSTED"`},
		{mesh, endpoint.Claude, conversation.Error{Kind: conversation.ErrTimeout}, 500, `"api_error"`},
		{mesh, endpoint.Responses, conversation.Error{Kind: conversation.ErrTimeout}, 500, `"server_error"`},
		{mesh, endpoint.Native, conversation.Error{Kind: conversation.ErrTimeout}, 500, `"INTERNAL"`},
		{mesh, endpoint.Claude, conversation.Error{Kind: conversation.ErrAPI, Status: 502}, 500, `"api_error"`},
		{[]int{500}, endpoint.Claude, conversation.Error{Kind: conversation.ErrAPI}, 529, `"overloaded_error"`},
		{[]int{500}, endpoint.Chat, conversation.Error{Kind: conversation.ErrAPI}, 503, ``},
		{[]int{500, 503}, endpoint.Native, conversation.Error{Kind: conversation.ErrAPI}, 429, `"RESOURCE_EXHAUSTED"`},
		{[]int{429}, endpoint.Claude, conversation.Error{Kind: conversation.ErrRateLimit}, 529, `"overloaded_error"`},
		{[]int{429}, endpoint.Chat, conversation.Error{Kind: conversation.ErrRateLimit}, 503, ``},
		{[]int{429, 503}, endpoint.Native, conversation.Error{Kind: conversation.ErrRateLimit}, 500, `"INTERNAL"`},
		{[]int{429}, endpoint.Claude, conversation.Error{Kind: conversation.ErrQuota}, 402, ``},
		{[]int{402, 429}, endpoint.Chat, conversation.Error{Kind: conversation.ErrQuota}, 403, ``},
		{[]int{402, 403, 429}, endpoint.Native, conversation.Error{Kind: conversation.ErrQuota}, 400, ``},
		{[]int{413}, endpoint.Claude, conversation.Error{Kind: conversation.ErrTooLarge}, 400, `"invalid_request_error"`},
		{[]int{413}, endpoint.Chat, conversation.Error{Kind: conversation.ErrTooLarge}, 400, ``},
		{[]int{401}, endpoint.Claude, conversation.Error{Kind: conversation.ErrAuth}, 403, `"permission_error"`},
		{[]int{401, 403}, endpoint.Chat, conversation.Error{Kind: conversation.ErrAuth}, 400, ``},
		{[]int{402}, endpoint.Chat, conversation.Error{Kind: conversation.ErrBilling}, 403, ``},
		{[]int{402, 403}, endpoint.Claude, conversation.Error{Kind: conversation.ErrBilling}, 400, ``},
		{[]int{403}, endpoint.Native, conversation.Error{Kind: conversation.ErrPermission}, 400, `"INVALID_ARGUMENT"`},
		{[]int{404}, endpoint.Claude, conversation.Error{Kind: conversation.ErrNotFound}, 400, ``},
		{[]int{400}, endpoint.Claude, conversation.Error{Kind: conversation.ErrInvalid}, 422, ``},
		{[]int{400}, endpoint.Native, conversation.Error{Kind: conversation.ErrInvalid}, 422, ``},
	} {
		status, headers, body := dialect.ErrorOutside(c.reserved, c.d, &c.e)
		if status != c.status || !strings.Contains(string(body), c.says) {
			t.Errorf("%s, kind %d without %v: %d %s, want %d with %s", c.d.Name(), c.e.Kind, c.reserved, status, body, c.status, c.says)
		}
		if (status >= 500 || status == 429) && headers.Get("x-should-retry") == "false" {
			t.Errorf("%s, kind %d without %v: clients do not try again", c.d.Name(), c.e.Kind, c.reserved)
		}
	}
}
