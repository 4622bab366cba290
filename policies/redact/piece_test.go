package redact

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// each writes every byte of s by a format.
func each(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// A secret is found in disguise, and so is a part of it.
func TestSecretsInDisguise(t *testing.T) {
	const secret = "k9Xw2-LmQ7vTzR4bNc8YpE"
	reversed := []byte(secret)
	slices.Reverse(reversed)
	s := NewSecrets("another-one", secret)
	for name, text := range map[string]string{
		"hex":              hex.EncodeToString([]byte(secret)),
		"hex in capitals":  strings.ToUpper(hex.EncodeToString([]byte(secret))),
		"hex with colons":  strings.TrimSuffix(each(secret, "%02x:"), ":"),
		"base32":           base32.StdEncoding.EncodeToString([]byte(secret)),
		"base32 inside":    base32.StdEncoding.EncodeToString([]byte("u1:" + secret + "x")),
		"capitals":         strings.ToUpper(secret),
		"lower case":       strings.ToLower(secret),
		"reversed":         string(reversed),
		"first half":       secret[:13],
		"second half":      secret[9:],
		"first one gone":   secret[1:],
		"last one gone":    secret[:len(secret)-1],
		"half of base64":   base64.StdEncoding.EncodeToString([]byte(secret[:12])),
		"spaces":           each(secret, "%c "),
		"line breaks":      secret[:8] + "\n" + secret[8:],
		"zero-width":       each(secret, "%c\u200b"),
		"percent":          each(secret, "%%%02X"),
		"percent twice":    each(secret, "%%25%02x"),
		"entities":         each(secret, "&#%d;"),
		"entities in hex":  each(secret, "&#x%x;"),
		"escapes of JSON":  each(secret, `\u%04x`),
		"escapes of C":     each(secret, `\x%02x`),
		"one escape":       "%6b" + secret[1:6] + "&#45;" + secret[6:],
		"mixed with other": "AIza" + secret[:14] + "zzz",
	} {
		if got := s.Hide("the credential " + text + " was refused"); !strings.Contains(got, "[redacted") || strings.Contains(got, text) {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, text := range []string{
		"Quota exceeded for quota metric 'Generate requests' of service 'generativelanguage.googleapis.com' 100%25 &amp; \\u0041",
		"the k9Xw2-LmQ7v is no secret, nor is " + hex.EncodeToString([]byte("anoth")),
		"%", `\u`, "&#;", "",
	} {
		if got := s.Hide(text); got != text {
			t.Errorf("hidden without need: %s: %s", text, got)
		}
	}
}

func BenchmarkHide(b *testing.B) {
	s := NewSecrets("k9Xw2-LmQ7vTzR4bNc8YpE", "AIzaSyA1234567890abcdefghijklmnopqrstuv")
	text := strings.Repeat("The input token count exceeds the maximum. ", Limit/43)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		s.Hide(text)
	}
}
