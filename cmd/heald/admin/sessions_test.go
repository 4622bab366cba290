package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// After logging out a session counts no more, whoever has a copy of it; another
// session of the same second does.
func TestLogoutEndsTheSession(t *testing.T) {
	get := answering(t, "tcp", "0.0.0.0:0", Access{Token: testToken}, nil, nil)
	until := time.Now().Add(time.Hour)
	one, other := sessionCookie+"="+session(until, testToken), sessionCookie+"="+session(until, testToken)
	if got := get(http.MethodGet, "/accounts", "Cookie", one).status; got != http.StatusOK {
		t.Fatal(got)
	}
	if got := get(http.MethodPost, "/logout", "Cookie", one).status; got != http.StatusSeeOther {
		t.Fatal(got)
	}
	const sextets = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := len(one) - 1
	respelled := one[:last] + string(sextets[strings.IndexByte(sextets, one[last])^1]) // the last bits of base64 mean nothing
	for cookie, want := range map[string]int{one: http.StatusUnauthorized, respelled: http.StatusUnauthorized, other: http.StatusOK} {
		if got := get(http.MethodGet, "/accounts", "Cookie", cookie).status; got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
}

// What runs in a session ends with it, and what is remembered is bounded.
func TestSessionsEnd(t *testing.T) {
	var s sessions
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done, ok := s.begin("one", cancel)
	if !ok {
		t.Fatal("not begun")
	}
	for i := range mostEnded + 10 {
		s.end(fmt.Sprint(i), time.Now().Add(time.Hour))
	}
	if ctx.Err() != nil || len(s.ended) != mostEnded {
		t.Errorf("%v, %d", ctx.Err(), len(s.ended))
	}
	s.end("one", time.Now().Add(time.Hour))
	if ctx.Err() == nil {
		t.Error("it runs on")
	}
	done()
	if _, ok := s.begin("one", cancel); ok || len(s.running) != 0 {
		t.Errorf("%v, %d", ok, len(s.running))
	}
}
