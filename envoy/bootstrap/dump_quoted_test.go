package bootstrap

import (
	"strings"
	"testing"
)

// What Envoy says of a refused update may quote the configuration, with its
// secrets, and texts that a terminal obeys.
func TestQuoted(t *testing.T) {
	c := &checker{want: Want{Hop: "sixteen-bytes-hop"}}
	for in, want := range map[string]string{
		"no such filter": "no such filter",
		`unknown field: {"inline_string":"MIIE-key"}`:     `unknown field: {"inline_string [the rest may be secret]`,
		"header x-heald-hop: some-hop, password: hunter2": "header x-heald-hop [the rest may be secret]",
		"value sixteen-bytes-hop is odd":                  "value [redacted] is odd",
		"\x1b[31mred\nproblem: forged":                    " [31mred problem: forged",
		strings.Repeat("a", 400):                          strings.Repeat("a", 300) + "…",
	} {
		if got := c.quoted(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
