package exchange

import (
	"strconv"
	"strings"
	"testing"
)

// No credential of a path is told, whether it was seen before or not, and paths
// that clients make up are not kept for ever.
func TestPathsOfRecords(t *testing.T) {
	r := newRig(t, nil)
	for range 2 {
		for in, want := range map[string]string{
			"/v1/messages?key=secret":                       "/v1/messages",
			"/v1beta/models/gemini-2.5-pro:generateContent": "/v1beta/models/gemini-2.5-pro:generateContent",
		} {
			if got := r.paths.text(r.Exchange, in); got != want {
				t.Errorf("%s: got %s", in, got)
			}
		}
		if got := r.paths.text(r.Exchange, "/v1/key-a-1/messages"); strings.Contains(got, "key-a-1") { // an account's secret
			t.Errorf("got %s", got)
		}
	}
	for n := range 10 * pathsKept {
		r.paths.text(r.Exchange, "/"+strconv.Itoa(n))
	}
	if n := len(r.paths.known); n > pathsKept {
		t.Errorf("%d paths are kept", n)
	}
	if got := len(r.paths.text(r.Exchange, "/"+strings.Repeat("a/", 10_000))); got > pathLimit+20 {
		t.Errorf("%d bytes", got)
	}
}
