package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// An address that is empty, as of a variable that is not set, is no check that found
// nothing.
func TestCheckOfNothing(t *testing.T) {
	for _, flag := range []string{"--envoy", "--live", "--probe"} {
		if code, _, _ := heald(t, "check", flag, ""); code != exitUsage {
			t.Errorf("%s: exit status %d", flag, code)
		}
	}
}

// The key goes to the outer listener only, whatever that says.
func TestProbeFollowsNoRedirect(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("another host gets %s with the key %q", r.URL, r.Header.Get("x-api-key"))
	}))
	defer elsewhere.Close()
	outer := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer outer.Close()
	p := probe{to: outer.URL, model: "m", nonce: "n", key: "a key of the probe"}
	if got := p.ask(t.Context()); got.status != http.StatusTemporaryRedirect {
		t.Errorf("%d %v", got.status, got.err)
	}
}
