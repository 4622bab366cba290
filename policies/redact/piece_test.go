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

const testKey = "k9Xw2-LmQ7vTzR4bNc8YpE"

// each writes every byte of the secret by a format.
func each(format string) string {
	var b strings.Builder
	for _, c := range []byte(testKey) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// A secret is found in disguise, and so is a part of it.
func TestSecretsInDisguise(t *testing.T) {
	reversed := []byte(testKey)
	slices.Reverse(reversed)
	s := NewSecrets("another-one", testKey)
	for name, text := range map[string]string{
		"hex":              hex.EncodeToString([]byte(testKey)),
		"hex in capitals":  strings.ToUpper(hex.EncodeToString([]byte(testKey))),
		"hex with colons":  strings.TrimSuffix(each("%02x:"), ":"),
		"base32":           base32.StdEncoding.EncodeToString([]byte(testKey)),
		"base32 inside":    base32.StdEncoding.EncodeToString([]byte("u1:" + testKey + "x")),
		"capitals":         strings.ToUpper(testKey),
		"lower case":       strings.ToLower(testKey),
		"reversed":         string(reversed),
		"first half":       testKey[:13],
		"second half":      testKey[9:],
		"first one gone":   testKey[1:],
		"last one gone":    testKey[:len(testKey)-1],
		"half of base64":   base64.StdEncoding.EncodeToString([]byte(testKey[:12])),
		"spaces":           each("%c "),
		"line breaks":      testKey[:8] + "\n" + testKey[8:],
		"zero-width":       each("%c\u200b"),
		"percent":          each("%%%02X"),
		"percent twice":    each("%%25%02x"),
		"entities":         each("&#%d;"),
		"entities in hex":  each("&#x%x;"),
		"escapes of JSON":  each(`\u%04x`),
		"escapes of C":     each(`\x%02x`),
		"one escape":       "%6b" + testKey[1:6] + "&#45;" + testKey[6:],
		"mixed with other": "AIza" + testKey[:14] + "zzz",
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
