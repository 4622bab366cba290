package config

import (
	"strings"
	"testing"
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
