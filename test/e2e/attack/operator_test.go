package attack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/test/stack"
)

// operator are mistakes that would open a door or tell a secret.
var operator = []attack{
	{"a port for the whole network, without a secret", func(t *testing.T, _ *victim) string {
		return refuses(t, goodConfig, "hop_secret", "serve", "--grpc", "0.0.0.0:0", "--admin", "127.0.0.1:0")
	}},
	{"a gateway for the whole network, without client keys", func(t *testing.T, _ *victim) string {
		return refuses(t, goodConfig, "client_keys", "up", "--listen", "0.0.0.0:0")
	}},
	{"a key pasted into heald.yaml", func(t *testing.T, _ *victim) string {
		for _, paste := range []string{
			`secret: {env: ` + providerKey + `}`, `secret: {file: ` + providerKey + `}`, `secret: ` + providerKey,
			`secret: {env: sk-ant-api03-abcdefghijklmnopqrstuvwxyz}`, `secret: {env: AQ.Ab8RN6Kabcdefghijklmnopqrstuvwxyz}`,
			`secret: {env: ya29.a0AfB_byCabcdefghijklmnopqrstuvwxyz}`, `id: ` + providerKey + `, secret: {env: X}`,
		} {
			refuses(t, "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, "+paste+"}]\n", "", "check")
		}
		return "7 places, never printed"
	}},
	{"a key pasted into a flag", func(t *testing.T, _ *victim) string {
		refuses(t, goodConfig, "", "serve", "--account", "a=env:"+providerKey)
		refuses(t, goodConfig, "", "serve", "--account", providerKey)
		refuses(t, goodConfig, "", "up", "--backend", "a="+providerKey)
		return "3 places, never printed"
	}},
	{"a memory key of 8 bytes", func(t *testing.T, _ *victim) string {
		return refuses(t, "memory_key: {env: SHORT}\n"+goodConfig, "32", "serve", "--grpc", "127.0.0.1:0", "--admin", "127.0.0.1:0")
	}},
	{"a plaintext provider", func(t *testing.T, _ *victim) string {
		return refuses(t, strings.Replace(goodConfig, "kind: ai_studio", "kind: ai_studio, url: 'http://generativelanguage.googleapis.com'", 1), "http", "check")
	}},
}

const goodConfig = "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: GOOD}}]\n"

// refuses runs heald and expects that it ends with an error that has a word in
// it and no credential.
func refuses(t *testing.T, config, word string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "heald.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, stack.PlainBinary(t), append(args, "--config", path)...)
	cmd.Env = append(os.Environ(), "GOOD="+providerKey2, "SHORT=12345678", "GEMINI_API_KEY=")
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err == nil || ctx.Err() != nil {
		t.Errorf("heald %v goes on (%v):\n%s", args, ctx.Err(), text)
	}
	if !strings.Contains(text, word) {
		t.Errorf("heald %v does not name %q:\n%s", args, word, text)
	}
	for _, secret := range []string{"AIza", "sk-ant-api03", "AQ.Ab8", "ya29.a0", "0123456789abcdefgh"} {
		if strings.Contains(text, secret) {
			t.Errorf("heald %v prints a credential:\n%s", args, text)
		}
	}
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return fmt.Sprintf("refused: %.120s", line)
}
