package tenant

import (
	"fmt"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/redact"
)

func TestMake(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		secret := Make()
		key := secret.Reveal()
		if seen[key] || len(key) != keyLength || FormOf(key) != Made || strings.Trim(key[len(keyPrefix):], "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
			t.Fatalf("made %q", key)
		}
		if CheckChosen(key) != "" {
			t.Errorf("not to be configured: %s", CheckChosen(key))
		}
		if !redact.Known(key) || strings.Contains(redact.ForLog("x "+key+" y"), key[len(keyPrefix):]) {
			t.Errorf("redact does not know %q", key)
		}
		if got := fmt.Sprintf("%v %+v %#v %s", secret, secret, secret, secret); strings.Contains(got, key) {
			t.Errorf("prints %s", got)
		}
		seen[key] = true
	}
}

// What people do to keys when they copy them.
func TestDamagedKeys(t *testing.T) {
	key := Make().Reveal()
	for i := len(keyPrefix); i < len(key); i++ {
		other := byte('x')
		if key[i] == other {
			other = 'y'
		}
		if typo := key[:i] + string(other) + key[i+1:]; FormOf(typo) != Damaged {
			t.Errorf("character %d mistyped: form %d", i, FormOf(typo))
		}
		if FormOf(key[:i]) != Damaged {
			t.Errorf("cut off at %d: form %d", i, FormOf(key[:i]))
		}
	}
	if i := len(keyPrefix); key[i] != key[i+1] {
		if swapped := key[:i] + string([]byte{key[i+1], key[i]}) + key[i+2:]; FormOf(swapped) != Damaged {
			t.Error("two characters swapped: not noticed")
		}
	}
	for _, more := range []string{key + "x", key + key, key + "\n"} {
		if FormOf(more) != Damaged {
			t.Errorf("%q: form %d", more, FormOf(more))
		}
	}
	for _, foreign := range []string{"", "heald", "sk-heald_", "x" + key, strings.ToUpper(key), "AIzaSyA1234567890abcdefghijklmnopqrstuv"} {
		if FormOf(foreign) != Foreign {
			t.Errorf("%q: form %d", foreign, FormOf(foreign))
		}
	}
}

func TestCheckChosen(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{"a key of 24 characters--", "blank"},
		{"a-key-of-24-characters--", ""},
		{"a-key-of-23-characters-", "has 23 characters, fewer than 24"},
		{"", "has 0 characters"},
		{"a-key-with-a-line-break\n-in-it", "blank"},
		{"a-key-with-umlauts-äöü-in-it", "outside ASCII"},
		{keyPrefix + "0123456789012345678901234567890", "checksum is wrong"},
	} {
		got := CheckChosen(c.key)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) || c.key != "" && strings.Contains(got, c.key) {
			t.Errorf("%q: got %q, want %q", c.key, got, c.want)
		}
	}
}

// A key with a right checksum is one of the form that Make gives, byte for byte.
func FuzzFormOf(f *testing.F) {
	f.Add(Make().Reveal())
	f.Add("heald_")
	f.Add("sk-ant-0123")
	f.Fuzz(func(t *testing.T, key string) {
		form := FormOf(key)
		if (form == Foreign) == strings.HasPrefix(key, keyPrefix) {
			t.Errorf("%q has the form %d", key, form)
		}
		if form != Made {
			return
		}
		for i := range len(key) {
			if changed := key[:i] + string(key[i]^1) + key[i+1:]; FormOf(changed) == Made {
				t.Errorf("%q and %q are both keys", key, changed)
			}
		}
	})
}
