package setting

import (
	"strings"
	"testing"
)

func TestKey(t *testing.T) {
	const secret = "AIzaSyA1234567890abcdefghijklmnopqrstuv"
	if got := Key("claude-*"); got != "claude-*" {
		t.Errorf("got %q", got)
	}
	if got := Key(secret); strings.Contains(got, secret[:12]) || got == "" {
		t.Errorf("got %q", got)
	}
}
