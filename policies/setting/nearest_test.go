package setting

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	names := []string{"up", "serve", "check", "accounts", "remove-key", "max_body", "max_wait", "Studio", ""}
	for word, want := range map[string]string{
		"serv": "serve", "sevre": "serve", "SERVE": "serve", "chekc": "check", "acounts": "accounts", "account": "accounts",
		"ip": "up", "remove_key": "remove-key", "max_bodies": "max_body", "studi": "Studio",
		"frob": "", "": "", "x": "", "delete": "", "a-much-longer-word": "", strings.Repeat("serve", 100): "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
	if got := DidYouMean("chekc", names); got != "; did you mean check?" {
		t.Error(got)
	}
	if got := DidYouMean("frob", names); got != "" {
		t.Error(got)
	}
}
