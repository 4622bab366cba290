package config

import (
	"fmt"
	"strings"
	"testing"
)

// The only secret there is while a file is fuzzed. No variable and no file that
// the file names is read.
const (
	fuzzVariable = "HEALD_TEST_FUZZ_SECRET"
	fuzzSecret   = "AIzaSyFuzz-0123456789-abcdefghijklmnopq"
)

// harmless makes every source that is given the same variable, and listens
// nowhere that a name server would be asked about.
func (c *Config) harmless() {
	c.Listen = Listen{GRPC: []string{DefaultGRPC}}
	for _, s := range sourcesOf(c) {
		if s.Env != "" {
			s.Env = fuzzVariable
		}
		if s.File != "" {
			s.File = "/nonexistent"
		}
	}
}

func sourcesOf(c *Config) []*Source {
	out := []*Source{&c.HopSecret}
	for _, list := range [][]Source{c.MemoryKey, c.ClientKeys} {
		for i := range list {
			out = append(out, &list[i])
		}
	}
	for i := range c.Accounts {
		out = append(out, &c.Accounts[i].Secret)
	}
	for i := range c.Tenants {
		for j := range c.Tenants[i].Keys {
			out = append(out, &c.Tenants[i].Keys[j].Source)
		}
	}
	return out
}

// If a file is accepted, every policy and backend in it works, also after a
// restart. No secret is in an error.
func FuzzConfig(f *testing.F) {
	f.Setenv(fuzzVariable, fuzzSecret)
	f.Setenv(KeyVariable, "")
	f.Add([]byte(whole))
	f.Add([]byte("accounts: [{backend: a, secret: {env: A}}]\nbackends: [{name: a, kind: ai_studio}]\nmemory_key: {env: A}\n"))
	f.Add([]byte("accounts: [{backend: a, secret: {env: A, file: b}}]\nhop_secret: {file: b}\n"))
	f.Add([]byte("policies: {x: {attempts: 11, peek: {max_bytes: -1}, thinking: {history: all}}}"))
	f.Add([]byte("models: {aliases: {a*: [p, {model: q, backend: b}]}, known: {z: {like: p, levels: [low], trailing_model_turn: true}}}"))
	f.Add([]byte("backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: A}}]\nmodels: {aliases: {'[': p}, known: {'a/b': {levels: [lowest]}}}\n"))
	f.Add([]byte("resume_via: unix:///x\nmax_body: -1\nlisten: {grpc: [a, b]}\n"))
	f.Add([]byte("tenants: [{name: a, models: [x*], weight: 2, max_waiting: 0, limits: {requests/day: 1, money/total: 0.5}, keys: [{id: k, expires: 2027-01-31T12:00:00Z, env: A}]}]\nauth: none\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := Parse(file)
		if err != nil {
			return
		}
		c.setDefaults()
		c.harmless()
		err = c.Validate()
		if err != nil {
			if strings.Contains(err.Error(), fuzzSecret) {
				t.Errorf("a secret is in the error: %v", err)
			}
			return
		}
		for name, s := range c.Settings() {
			if err := s.Validate("policies." + name); err != nil {
				t.Errorf("taken, but %v", err)
			}
		}
		for i, b := range c.Backends {
			if err := b.WithDefaults().Validate(fmt.Sprintf("backends[%d]", i)); err != nil {
				t.Errorf("taken, but %v", err)
			}
		}
	})
}
