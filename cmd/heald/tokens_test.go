package main

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies"
	"github.com/heald-proxy/heald/test/fakegoogle"
)

// authorization is what a request would show the provider.
func (s *sidecar) authorization(t *testing.T) string {
	t.Helper()
	a := s.policy.Begin(t.Context(), &policies.Request{Method: "POST", Path: "/v1/messages"})
	defer a.Close(policies.EndCancelled)
	if r := a.RequestHeaders(); r != nil {
		t.Fatalf("refused: %s", r.Body)
	}
	f, r := a.RequestBody(t.Context(), []byte(`{"model":"gemini-3.5-flash","max_tokens":100,"messages":[{"role":"user","content":"hi"}]}`))
	if r != nil {
		return string(r.Body)
	}
	return f.Set.Get("authorization")
}

// A credential's tokens are there when the first request comes, survive reloads
// that leave it as it was, and end with the process.
func TestTokensOverReloads(t *testing.T) {
	before := goleak.IgnoreCurrent()
	g := &fakegoogle.Google{}
	metadata := httptest.NewServer(g.Metadata())
	t.Setenv("GCE_METADATA_HOST", metadata.Listener.Addr().String())
	file := filepath.Join(t.TempDir(), "heald.yaml")
	put := func(maxBody int, scope string) {
		t.Helper()
		text := fmt.Sprintf("backends: [{name: a, kind: vertex, project: p, location: us-central1}]\nmax_body: %d\n"+
			"accounts: [{backend: a, credential: {type: metadata, scopes: [%q]}}]\n", maxBody, scope)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const all, narrow = "https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/generative-language"
	put(100_000, all)
	s, logs := loadedSidecar(t, file)
	first := s.authorization(t)
	if token, ok := strings.CutPrefix(first, "Bearer "); !ok || g.Owner(token) != "attached" || g.Scope(token) != all {
		t.Fatalf("shown: %q", first)
	}
	put(100_001, all)
	s.reload()
	if got := s.authorization(t); got != first || g.Calls(fakegoogle.MetadataHost) != 1 {
		t.Errorf("a reload of something else: another token, %d calls", g.Calls(fakegoogle.MetadataHost))
	}
	put(0, narrow) // a bad file
	s.reload()
	if got := s.authorization(t); got != first || g.Calls(fakegoogle.MetadataHost) != 1 {
		t.Errorf("a bad file: another token, %d calls", g.Calls(fakegoogle.MetadataHost))
	}
	put(100_000, narrow)
	s.reload()
	second := s.authorization(t)
	if token, ok := strings.CutPrefix(second, "Bearer "); !ok || g.Scope(token) != narrow {
		t.Errorf("another credential: %q", second)
	}
	put(100_000, narrow+".retriever")
	g.Fail(fakegoogle.MetadataHost, fakegoogle.Fault{Status: 403, Body: "no"})
	s.reload()
	if got := s.authorization(t); !strings.Contains(got, "account a-1 has no access token at the moment") {
		t.Errorf("a refused credential: %q", got)
	}
	if n := logs.FilterMessage("configuration loaded").Len(); n != 4 {
		t.Errorf("loaded %d times", n)
	}
	told := logs.FilterMessage("the provider refuses a credential").All()
	if len(told) != 1 || told[0].Level != zap.WarnLevel || fmt.Sprint(told[0].ContextMap()["accounts"]) != "[a-1]" || !strings.Contains(fmt.Sprint(told[0].ContextMap()["error"]), "answered 403") {
		t.Errorf("told %+v", told)
	}
	for _, line := range logs.All() {
		if text := fmt.Sprint(line.Message, line.ContextMap()); strings.Contains(text, "ya29") {
			t.Errorf("logged %s", text)
		}
	}

	ended, end := context.WithCancel(t.Context())
	end()
	var listeners []net.Listener
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	if err := s.run(ended, listeners[:1], listeners[1], time.Second); err != nil {
		t.Error(err)
	}
	metadata.Close()
	goleak.VerifyNone(t, before)
}

// The file of a credential is watched like a secret's.
func TestCredentialFilesAreWatched(t *testing.T) {
	g := &fakegoogle.Google{}
	dir := t.TempDir()
	key, file := filepath.Join(dir, "keys", "key.json"), filepath.Join(dir, "heald.yaml")
	if err := os.Mkdir(filepath.Dir(key), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{key: g.Account("a@p.iam.gserviceaccount.com"),
		file: []byte("backends: [{name: a, kind: vertex, project: p, location: us-central1}]\naccounts: [{backend: a, credential: {type: service_account, file: " + key + "}}]\n")} {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	load := func() *config.Config {
		t.Helper()
		c, err := (&config.Flags{File: file}).Load()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := load()
	if got := fmt.Sprint(c.Watched(file).Dirs()); got != fmt.Sprint([]string{dir, filepath.Dir(key)}) {
		t.Errorf("watched: %s", got)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(key, g.Account("a@p.iam.gserviceaccount.com"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	again := load()
	if again.Sum() == c.Sum() {
		t.Error("a rotated key file is no change")
	}
	if notes := fmt.Sprint(again.Notes()); !strings.Contains(notes, "every user of this machine may read") {
		t.Errorf("notes: %s", notes)
	}
	if n := len(g.Tokens()); n != 0 {
		t.Errorf("%d token calls of a check", n)
	}
}
