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
				for _, status := range []int{0, 100, 199, 200, 400, 404, 405, 415, 418, 429, 500, 501, 502, 503, 504, 507, 529, 599, 600, 999} {
					for _, after := range []int{0, 7} {
						e := conversation.Error{Kind: kind, Status: status, Name: "UNAVAILABLE", Message: "what is wrong", RetryAfter: after}
						was, had, plain := d.Error(&e)
						got, headers, body := dialect.ErrorOutside(reserved, d, &e)
						if was < 200 || was > 599 { // no status that can be sent
							was = 500
						}
						switch {
						case slices.Contains(reserved, got) || (got < 200 || got > 599) && slices.Contains(reserved, 500):
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

// Each row of the table in reserved.go: as long as the statuses before are
// reserved, the error has the next one, in the words of the kind that has it.
func TestReservedOrder(t *testing.T) {
	type step struct {
		status int
		says   string
	}
	const (
		invalid = `"invalid_request_error"`
		api     = `"api_error"`
		quota   = `"insufficient_quota"`
		limit   = `"rate_limit_error"`
		server  = `"server_error"`
		noFault = `"INVALID_ARGUMENT"`
		spent   = `"RESOURCE_EXHAUSTED"`
	)
	busy, denied := step{529, `"overloaded_error"`}, step{403, `"permission_error"`}
	forbidden, away, refused := step{403, `"insufficient_permissions"`}, step{503, `"UNAVAILABLE"`}, step{403, `"PERMISSION_DENIED"`}
	for _, c := range []struct {
		d     dialect.Dialect
		kind  conversation.ErrorKind
		after int // seconds of retry-after
		steps []step
	}{
		{endpoint.Claude, conversation.ErrOverloaded, 0, []step{busy, {500, api}, {429, limit}}},
		{endpoint.Claude, conversation.ErrOverloaded, 3, []step{busy, {429, limit}, {500, api}}},
		{endpoint.Claude, conversation.ErrTimeout, 0, []step{{504, `"timeout_error"`}, {500, api}, busy, {429, limit}}},
		{endpoint.Claude, conversation.ErrAPI, 0, []step{{500, api}, busy, {429, limit}}},
		{endpoint.Claude, conversation.ErrRateLimit, 0, []step{{429, limit}, busy, {500, api}}},
		{endpoint.Claude, conversation.ErrQuota, 0, []step{{429, limit}, {402, `"billing_error"`}, denied, {400, invalid}, {422, limit}}},
		{endpoint.Claude, conversation.ErrBilling, 0, []step{{402, `"billing_error"`}, denied, {400, invalid}}},
		{endpoint.Claude, conversation.ErrAuth, 0, []step{{401, `"authentication_error"`}, denied, {400, invalid}}},
		{endpoint.Claude, conversation.ErrPermission, 0, []step{denied, {400, invalid}, {422, denied.says}}},
		{endpoint.Claude, conversation.ErrRegion, 0, []step{denied, {400, invalid}}},
		{endpoint.Claude, conversation.ErrNotFound, 0, []step{{404, `"not_found_error"`}, {400, invalid}}},
		{endpoint.Claude, conversation.ErrPath, 0, []step{{404, `"not_found_error"`}, {400, invalid}}},
		{endpoint.Claude, conversation.ErrNoResource, 0, []step{{404, `"not_found_error"`}, {400, invalid}}},
		{endpoint.Claude, conversation.ErrTooLarge, 0, []step{{413, `"request_too_large"`}, {400, invalid}}},
		{endpoint.Claude, conversation.ErrInvalid, 0, []step{{400, invalid}, {422, invalid}, {403, invalid}}},

		{endpoint.Chat, conversation.ErrOverloaded, 0, []step{{503, server}, {500, server}, {429, limit}}},
		{endpoint.Chat, conversation.ErrOverloaded, 3, []step{{503, server}, {429, limit}, {500, server}}},
		{endpoint.Chat, conversation.ErrTimeout, 0, []step{{504, server}, {500, server}, {503, server}, {429, limit}, {529, server}}},
		{endpoint.Chat, conversation.ErrAPI, 0, []step{{500, server}, {503, server}, {429, limit}, {529, server}}},
		{endpoint.Chat, conversation.ErrRateLimit, 0, []step{{429, limit}, {503, server}, {500, server}, {529, limit}}},
		{endpoint.Chat, conversation.ErrQuota, 0, []step{{429, quota}, {402, quota}, forbidden, {400, invalid}}},
		{endpoint.Chat, conversation.ErrBilling, 0, []step{{402, quota}, forbidden, {400, invalid}}},
		{endpoint.Chat, conversation.ErrAuth, 0, []step{{401, `"invalid_api_key"`}, forbidden, {400, invalid}}},
		{endpoint.Chat, conversation.ErrPermission, 0, []step{forbidden, {400, invalid}}},
		{endpoint.Chat, conversation.ErrRegion, 0, []step{{403, `"request_forbidden"`}, {400, invalid}}},
		{endpoint.Chat, conversation.ErrNotFound, 0, []step{{404, `"model_not_found"`}, {400, `"code":null`}}},
		{endpoint.Chat, conversation.ErrTooLarge, 0, []step{{413, `"request_too_large"`}, {400, `"code":null`}}},

		{endpoint.Native, conversation.ErrOverloaded, 0, []step{away, {500, `"INTERNAL"`}, {429, spent}}},
		{endpoint.Native, conversation.ErrTimeout, 0, []step{{504, `"DEADLINE_EXCEEDED"`}, {500, `"INTERNAL"`}, away, {429, spent}}},
		{endpoint.Native, conversation.ErrRateLimit, 0, []step{{429, spent}, away, {500, `"INTERNAL"`}}},
		{endpoint.Native, conversation.ErrQuota, 0, []step{{429, spent}, {402, spent}, refused, {400, noFault}}},
		{endpoint.Native, conversation.ErrAuth, 0, []step{{401, `"UNAUTHENTICATED"`}, refused, {400, noFault}}},
		{endpoint.Native, conversation.ErrInvalid, 0, []step{{400, noFault}, {422, noFault}}},
	} {
		var reserved []int
		for _, want := range c.steps {
			e := conversation.Error{Kind: c.kind, Message: "m", RetryAfter: c.after}
			status, _, body := dialect.ErrorOutside(reserved, c.d, &e)
			if text := strings.ReplaceAll(string(body), `": `, `":`); status != want.status || !strings.Contains(text, want.says) {
				t.Errorf("%s, kind %d without %v: %d %s, want %d with %s", c.d.Name(), c.kind, reserved, status, body, want.status, want.says)
			}
			reserved = append(reserved, want.status)
		}
	}
}

// Errors of both sorts need a status that is left, each one of its own.
func TestReservedRemains(t *testing.T) {
	for _, c := range []struct {
		reserved []int
		want     bool
		last     int
	}{
		{nil, true, 500},
		{[]int{500, 429}, true, 529},
		{[]int{500, 529}, true, 429},
		{[]int{429, 529}, true, 500},
		{[]int{500, 429, 529}, false, 500},
		{[]int{400, 422}, true, 500},
		{[]int{400, 403}, true, 500},
		{[]int{422, 403}, true, 500},
		{[]int{400, 422, 403}, false, 500},
		{[]int{401, 402, 404, 409, 413, 502, 503, 504, 507}, true, 500},
	} {
		if got := dialect.Remains(c.reserved); got != c.want {
			t.Errorf("%v: %v", c.reserved, got)
		}
		if got := dialect.LastStatus(c.reserved); got != c.last {
			t.Errorf("%v: the last status is %d", c.reserved, got)
		}
	}
}
