package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/authority"
)

// What state.redis says reaches the store, and what cannot be is named by its
// place, without a password.
func TestState(t *testing.T) {
	t.Setenv("REDIS_PASSWORD", "hunter2-of-redis")
	cases := []struct {
		name, yaml, env string
		want            string // of the problem; "" for none
	}{
		{"a URL", "{url: 'redis://127.0.0.1:6379/2', user: heald, password: {env: REDIS_PASSWORD}, pool: blue, on_error: closed}", "", ""},
		{"the environment's", "{pool: blue}", "redis://:hunter2-of-redis@127.0.0.1:6379", ""},
		{"none", "{pool: blue}", "", "state.redis.url: is missing, and REDIS_URL is not set"},
		{"another scheme", "{url: 'http://127.0.0.1:6379'}", "", "state.redis.url: is not the URL of a Redis"},
		{"no such answer", "{url: 'redis://127.0.0.1:6379', on_error: maybe}", "", "state.redis.on_error"},
		{"no password there", "{url: 'redis://127.0.0.1:6379', password: {env: NOT_SET_HERE}}", "", "state.redis.password: environment variable NOT_SET_HERE is empty"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv(URLVariable, c.env)
			cfg, err := Parse([]byte("state: {redis: " + c.yaml + "}"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := cfg.State.Redis.Config()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%v", err)
			case c.want == "" && (got.Pool != "blue" || got.URL == ""):
				t.Errorf("%+v", got)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("tells the password: %v", err)
			}
		})
	}
	cfg, err := Parse([]byte("state: {redis: {url: 'redis://me:hunter2-of-redis@127.0.0.1:6379'}}"))
	if err == nil {
		_, err = cfg.State.Redis.Config()
	}
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password in the file: %v", err)
	}
}

// The file of authorities is read at the start, and must hold some.
func TestStateAuthorities(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := authority.New(t)
	_, key := good.Issue("redis")
	for _, c := range []struct{ name, url, file, want string }{
		{"a certificate", "rediss://127.0.0.1:6379", good.File, ""},
		{"without TLS", "redis://127.0.0.1:6379", good.File, "state.redis.ca: names authorities, but the URL has no TLS: nothing would be encrypted"},
		{"no file", "rediss://127.0.0.1:6379", filepath.Join(dir, "none.pem"), "state.redis.ca: file that is named there does not exist"},
		{"a directory", "rediss://127.0.0.1:6379", dir, "state.redis.ca: file that is named there is a directory"},
		{"an empty file", "rediss://127.0.0.1:6379", write("empty.pem", ""), "holds no certificate"},
		{"a private key", "rediss://127.0.0.1:6379", key, "holds no certificate"},
	} {
		cfg, err := Parse([]byte("state: {redis: {url: '" + c.url + "', ca: '" + c.file + "'}}"))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got, err := cfg.State.Redis.Config()
		switch {
		case c.want == "" && (err != nil || got.Authorities == nil):
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A password in a file may change while heald runs; one of the environment
// cannot.
func TestStatePasswordIsReadAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	put := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("REDIS_PASSWORD", "hunter2-of-redis")
	put("first-of-redis\n")
	for source, again := range map[string]bool{"{file: '" + file + "'}": true, "{env: REDIS_PASSWORD}": false} {
		cfg, err := Parse([]byte("state: {redis: {url: 'redis://127.0.0.1:6379', password: " + source + "}}"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := cfg.State.Redis.Config()
		if err != nil || (got.ReadPassword != nil) != again {
			t.Fatalf("%s: %v, read again %t", source, err, got.ReadPassword != nil)
		}
		if !again {
			continue
		}
		put("second-of-redis\n")
		if p, err := got.ReadPassword(); err != nil || p.Reveal() != "second-of-redis" || got.Password.Reveal() != "first-of-redis" {
			t.Errorf("%v: %q after %q", err, p.Reveal(), got.Password.Reveal())
		}
		put("")
		if _, err := got.ReadPassword(); err == nil {
			t.Error("an empty file is a password")
		}
	}
}

// A memory in a store of the process's own is noted: another replica has none.
func TestStoredMemoryWithoutRedis(t *testing.T) {
	const stored = "policies: {default: {memory: store}, gold: {memory: header}}\n"
	for file, noted := range map[string]bool{
		stored: true,
		stored + "state: {redis: {url: 'redis://127.0.0.1:6379'}}\n": false,
		"policies: {default: {memory: header}}\n":                    false,
	} {
		c, err := Parse([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		found := ""
		for _, n := range c.Notes() {
			if strings.HasSuffix(n.Path, ".memory") {
				found += n.Path
			}
		}
		if want := map[bool]string{true: "policies.default.memory"}[noted]; found != want {
			t.Errorf("%s: noted %q, want %q", file, found, want)
		}
	}
}
