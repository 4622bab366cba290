package redact

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
)

// A secret is found in whatever form it comes back.
func TestSecretsAreHiddenInEveryForm(t *testing.T) {
	const secret = "hunter/2+house key?&"
	s := NewSecrets("another-one", "key", secret, "key")
	std, raw := base64.StdEncoding, base64.RawURLEncoding
	for name, text := range map[string]string{
		"as it is":           secret,
		"in a query":         url.QueryEscape(secret),
		"in a path":          url.PathEscape(secret),
		"lower-case escapes": strings.ToLower(url.QueryEscape(secret)),
		"base64":             std.EncodeToString([]byte(secret)),
		"base64url":          raw.EncodeToString([]byte(secret)),
		"basic auth":         std.EncodeToString([]byte("u:" + secret)),
		"basic auth, 1":      std.EncodeToString([]byte("u1:" + secret + "x")),
		"basic auth, 2":      raw.EncodeToString([]byte("u12:" + secret + "xyz")),
	} {
		got := s.Hide("the credential " + text + " was refused")
		if !strings.Contains(got, "[redacted]") || strings.Contains(got, text) {
			t.Errorf("%s: %s", name, got)
		}
		// No piece of 8 characters is left, which would be 6 bytes of it.
		left := strings.ReplaceAll(got, "[redacted]", "")
		for i := 0; i+8 <= len(text) && !strings.HasPrefix(name, "basic"); i++ {
			if strings.Contains(left, text[i:i+8]) {
				t.Errorf("%s: %s is left", name, text[i:i+8])
			}
		}
	}
	if got := s.Hide("a monkey has a key"); got != "a monkey has a key" {
		t.Errorf("a short one tears words apart: %s", got)
	}
	if got := (Secrets{}).Hide("x"); got != "x" {
		t.Errorf("got %q", got)
	}
}

// A secret may begin with another one, in any order of the configuration.
func TestSecretsThatBeginAlike(t *testing.T) {
	const short, long = "team-alpha-key-01", "team-alpha-key-01-prod-7731"
	for _, s := range []Secrets{NewSecrets(short, long), NewSecrets(long, short), NewSecrets(short, long, short)} {
		for _, text := range []string{long, short, base64.StdEncoding.EncodeToString([]byte(long)), url.QueryEscape(short+"/") + long} {
			if got := s.Hide("<" + text + ">"); strings.Contains(got, "7731") || strings.Contains(got, "dGVhbS") || strings.Contains(got, "team") || !strings.HasSuffix(got, "[redacted]>") {
				t.Errorf("%s: %s", text, got)
			}
		}
	}
}

// A secret of six bytes is searched for, and of longer base64 eight characters.
func TestShortSecrets(t *testing.T) {
	std := base64.StdEncoding
	for _, c := range []struct{ secret, text, want string }{
		{"abcde", "x abcde y", "x abcde y"},
		{"abcdef", "x abcdef y", "x [redacted] y"},
		{"abcdef", std.EncodeToString([]byte("abcdefXYZ")), "[redacted]WFla"},
		{"abcdef", std.EncodeToString([]byte("uabcdefXYZ")), std.EncodeToString([]byte("uabcdefXYZ"))}, // 7 characters are its own
		{"abcdefg", std.EncodeToString([]byte("uabcdefgXYZ")), "dW[redacted]" + std.EncodeToString([]byte("uabcdefgXYZ"))[10:]},
	} {
		if got := NewSecrets(c.secret).Hide(c.text); got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.secret, c.text, got, c.want)
		}
	}
}

// A secret that is encoded alone goes as a whole, its padding included.
func TestEncodedSecretsGoWhole(t *testing.T) {
	for _, secret := range []string{"abcdef", "abcdefg", "abcdefgh", "a?b>c~d\xff\xfe"} {
		for name, text := range map[string]string{
			"std": base64.StdEncoding.EncodeToString([]byte(secret)), "url": base64.URLEncoding.EncodeToString([]byte(secret)),
			"query": url.QueryEscape(secret), "path": url.PathEscape(secret),
		} {
			if got := NewSecrets(secret).Hide(text); got != mark {
				t.Errorf("%q in %s: %s became %s", secret, name, text, got)
			}
		}
	}
}

func TestLowerEscapes(t *testing.T) {
	for in, want := range map[string]string{
		"A%2FB%3A": "A%2fB%3a", "AB": "AB", "": "", "A%2": "A%2", "%C3%A4Z": "%c3%a4Z", "X%2F": "X%2f",
	} {
		if got := lowerEscapes(in); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

func FuzzSecretsAreHidden(f *testing.F) {
	f.Add("hunter2-hunter2", "user:", "@x")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		// A secret in parts of the mark cannot be told from it.
		if len(secret) < 12 || strings.Contains("[redacted][redacted]", secret) {
			t.Skip()
		}
		s := NewSecrets(secret)
		if got := s.Hide(before + secret + after); strings.Contains(got, secret) && !strings.Contains(before+after, "[redacted]") {
			t.Errorf("%q is left in %q", secret, got)
		}
		text := base64.StdEncoding.EncodeToString([]byte(before + secret + after))
		if got := s.Hide(text); got == text {
			t.Errorf("not found in %q", text)
		}
	})
}
