package config

import (
	"fmt"
	"strings"

	"github.com/heald-proxy/heald/policies/setting"
)

const (
	// leastMemoryKey is how long a memory key must be, in bytes. Clients have
	// carriers that it authenticates, and can try keys on them for years.
	leastMemoryKey = 32
	// leastShared is the shortest secret that others present to heald, in
	// bytes: they can guess, too, but each guess needs a request.
	leastShared = 16
	// leastCredential is shorter than any credential of a provider, in bytes.
	leastCredential = 16
	// mostMemoryKeys bounds how many keys are tried for each carrier.
	mostMemoryKeys = 4

	makeKey = "make one with: head -c 32 /dev/urandom | base64"
)

// memoryKeys reads the keys: the first seals, all open.
func (c *Config) memoryKeys() (keys [][]byte, problems []error) {
	if len(c.MemoryKey) > mostMemoryKeys {
		problems = append(problems, &setting.Problem{Path: "memory_key", Found: fmt.Sprintf("%d keys are more than %d", len(c.MemoryKey), mostMemoryKeys),
			Consequence: "each signature in a history may have to be tried with all of them", Fix: "drop the oldest"})
	}
	first := map[string]int{}
	for i, s := range c.MemoryKey {
		path := "memory_key"
		if len(c.MemoryKey) > 1 {
			path = fmt.Sprintf("memory_key[%d]", i)
		}
		v, err := s.Read(path)
		j, twice := first[v]
		switch {
		case err != nil:
		case len(v) < leastMemoryKey:
			err = &setting.Problem{Path: path, Found: fmt.Sprintf("the key has %d bytes, fewer than %d", len(v), leastMemoryKey),
				Consequence: "a client could guess it, and forge what attempts and conversations pass on", Fix: makeKey + ", or leave memory_key out at a single replica"}
		case twice:
			err = &setting.Problem{Path: path, Found: fmt.Sprintf("is the same key as memory_key[%d]", j), Fix: "list each key once"}
		}
		first[v] = i
		if problems = append(problems, err); err == nil {
			keys = append(keys, []byte(v))
		}
	}
	return keys, problems
}

// shared reads a secret that others present to heald.
func (s Source) shared(path string) (string, error) {
	v, err := s.optional(path)
	if err != nil || v == "" {
		return v, err
	}
	if len(v) < leastShared {
		return "", &setting.Problem{Path: path, Found: fmt.Sprintf("the secret has %d bytes, fewer than %d", len(v), leastShared),
			Consequence: "it could be found by trying", Fix: makeKey}
	}
	return v, headerSafe(path, v)
}

// headerSafe finds characters that would break the header in which a secret is sent.
func headerSafe(path, v string) error {
	p := &setting.Problem{Path: path, Consequence: "it would break the header in which it is sent, and Envoy would refuse the request",
		Fix: "store it as it is, without line ends: printf %s \"$KEY\" > file"}
	switch {
	case strings.ContainsAny(v, "\r\n"):
		p.Found = "there is a line break inside the secret; a whole key file, as of a service account, is no credential that can be sent"
	case strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r > '~' }):
		p.Found = "there is a control character or a letter outside ASCII in the secret"
	case v != strings.TrimSpace(v):
		p.Found, p.Consequence = "there is a space before or after the secret", "it is lost on the way, and the provider gets a different secret"
	default:
		return nil
	}
	return p
}
