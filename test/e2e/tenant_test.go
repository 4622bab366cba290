package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/tenant"
	"github.com/heald-proxy/heald/test/stack"
)

// Four clients call with keys of tenants in a directory, and what changes there
// counts without a restart. No key reaches the provider.
func TestTenantsOfADirectory(t *testing.T) {
	dir, key, other := t.TempDir(), tenant.Make().Reveal(), tenant.Make().Reveal()
	put := func(name, text string) {
		t.Helper()
		hidden := filepath.Join(dir, "."+name)
		if err := os.WriteFile(hidden, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(hidden, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	keys := func(key string) string {
		return "models: [gemini-3.5-flash]\nkeys: [{hash: \"sha256:" + tenant.HashOf(key).String() + "\"}]\n"
	}
	put("a.yaml", keys(key))
	s := stack.Start(t, stack.Options{Config: "tenants_dir: " + dir + "\n"})
	calls := []struct{ path, header, body string }{
		{messages, "X-Api-Key: %s", plain},
		{"/v1/chat/completions", "Authorization: Bearer %s", `{"model":"gemini-3.5-flash","messages":[{"role":"user","content":"hello"}]}`},
		{"/v1/responses", "Authorization: Bearer %s", `{"model":"gemini-3.5-flash","store":false,"input":"hello"}`},
		{"/v1beta/models/gemini-3.5-flash:generateContent", "X-Goog-Api-Key: %s", `{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}`},
	}
	status := func(i int, key string) int {
		t.Helper()
		c := calls[i]
		return speak(t, s, "POST", fmt.Sprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\nContent-Length: %d\r\n\r\n%s",
			c.path, fmt.Sprintf(c.header, key), len(c.body), c.body)).status
	}
	for i, c := range calls {
		if got := [3]int{status(i, key), status(i, other), status(i, "")}; got != [3]int{200, 401, 401} {
			t.Errorf("%s: with the key, another and none: %v", c.path, got)
		}
	}
	put("a.yaml", "disabled: true\n"+keys(key))
	put("b.yaml", keys(other))
	until := time.Now().Add(30 * time.Second)
	for status(0, other) != 200 || status(0, key) != 403 {
		if time.Now().After(until) {
			t.Fatalf("what has changed does not count: %d and %d", status(0, other), status(0, key))
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.Settle()
	requests := s.Fake().Requests()
	if len(requests) < len(calls) {
		t.Errorf("the provider was asked %d times", len(requests))
	}
	for _, r := range requests {
		if sent := fmt.Sprint(r.Path, r.Query, r.Header, string(r.Body)); strings.Contains(sent, key) || strings.Contains(sent, other) {
			t.Errorf("a key of a client reaches the provider: %s", r.Path)
		}
	}
}
