package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/heald-proxy/heald/envoy"
)

// heald runs a command line and returns its exit code and what it wrote.
func heald(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(context.Background(), args, streams{&o, &e})
	return code, o.String(), e.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func rewrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Errors a user will make: one clear message each that says what to change.
func TestMistakesOnTheCommandLine(t *testing.T) {
	t.Setenv("GEMINI_API_KEY", "")
	t.Setenv("KEY", "k")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	backend := []string{"--backend", "a=ai_studio,http://127.0.0.1:1", "--account", "a=env:KEY"}
	notEnvoy := write(t, "envoy", "#!/bin/sh\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no command", nil, exitOK, "Usage: heald COMMAND"},
		{"unknown command", []string{"frob"}, exitUsage, `no command "frob"`},
		{"unknown flag", []string{"up", "--frob"}, exitUsage, "heald up -h"},
		{"flag without value", []string{"serve", "--config"}, exitUsage, "--config needs a value; see heald serve -h"},
		{"duration without unit", []string{"serve", "--drain", "5"}, exitUsage, `--drain: "5" is not a duration such as 30s or 10m; see`},
		{"no number", []string{"translate", "--status", "bad"}, exitUsage, `--status: "bad" is not a whole number; see`},
		{"no boolean", []string{"translate", "--raw=perhaps"}, exitUsage, `--raw: "perhaps" is neither true nor false; see`},
		{"stray argument", []string{"serve", "now"}, exitUsage, `unexpected argument "now"`},
		{"no account at all", []string{"serve"}, exitFailed, "set GEMINI_API_KEY"},
		{"backend without account", []string{"up", "--backend", "a=ai_studio,http://127.0.0.1:1"}, exitFailed, "--account a=env:VARIABLE"},
		{"empty variable", []string{"serve", "--backend", "a=ai_studio,http://x", "--account", "a=env:NOTHING"}, exitFailed, "NOTHING is empty"},
		{"account without backend", []string{"serve", "--backend", "a=ai_studio,http://x", "--account", "b=env:KEY"}, exitFailed, `no backend is called "b"`},
		{"no such file", []string{"serve", "--config", "/nonexistent/heald.yaml"}, exitFailed, "/nonexistent/heald.yaml"},
		{"log level", append([]string{"serve", "--log-level", "loud"}, backend...), exitUsage, "debug, info, warn, error"},
		{"no Envoy there", append([]string{"up", "--envoy", "/nonexistent/envoy"}, backend...), exitFailed, "names no Envoy binary"},
		{"port in use", append([]string{"up", "--envoy", notEnvoy, "--listen", taken.Addr().String()}, backend...), exitFailed, "the port is in use"},
		{"grpc port in use", append([]string{"serve", "--grpc", taken.Addr().String(), "--admin", "127.0.0.1:0"}, backend...), exitFailed, "the port is in use"},
		{"grpc for everybody", append([]string{"serve", "--grpc", "0.0.0.0:9000", "--admin", "127.0.0.1:0"}, backend...), exitFailed, "whoever connects there is given the accounts' credentials"},
		{"clients from everywhere", append([]string{"up", "--listen", "0.0.0.0:0"}, backend...), exitFailed, "--insecure-open"},
		{"clients from everywhere, IPv6", append([]string{"up", "--listen", "[::]:0"}, backend...), exitFailed, "list client_keys"},
		{"a client key that anybody guesses", append([]string{"up", "--client-key", "env:KEY"}, backend...), exitFailed, "client_keys[0]: the secret has 1 bytes"},
		{"a client key itself", append([]string{"up", "--client-key", "0123456789abcdefg"}, backend...), exitFailed, "--client-key: want env:VARIABLE or file:PATH"},
		{"no directory for the socket", append([]string{"serve", "--grpc", "unix:///nonexistent/heald.sock", "--admin", "127.0.0.1:0"}, backend...), exitFailed, "the directory must exist"},
		{"admin for everybody", append([]string{"serve", "--grpc", "127.0.0.1:0", "--admin", "0.0.0.0:0"}, backend...), exitFailed, "set admin.token"},
		{"an admin token itself", append([]string{"serve", "--admin-token", "open-sesame-for-me"}, backend...), exitFailed, "--admin-token: want env:VARIABLE or file:PATH"},
		{"an admin token that anybody guesses", append([]string{"serve", "--admin-token", "env:KEY"}, backend...), exitFailed, "admin.token: the token has 1 bytes"},
		{"admin for everybody, meant", append([]string{"serve", "--grpc", taken.Addr().String(), "--admin", "0.0.0.0:0", "--admin-open"}, backend...), exitFailed, "the port is in use"},
		{"nobody to ask", []string{"health", "--admin", "127.0.0.1:1"}, exitProblems, "127.0.0.1:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "no Envoy there" || c.name == "port in use" {
				if err := os.Chmod(notEnvoy, 0o700); err != nil { //nolint:gosec // it must be executable
					t.Fatal(err)
				}
			}
			code, out, errs := heald(t, c.args...)
			if code != c.code || !strings.Contains(out+errs, c.want) {
				t.Errorf("exit %d, want %d with %q:\n%s%s", code, c.code, c.want, out, errs)
			}
			if strings.Contains(errs, "goroutine") {
				t.Errorf("a stack trace:\n%s", errs)
			}
		})
	}
}

func TestEnvoyPrintsWhatCheckAccepts(t *testing.T) {
	t.Setenv("KEY", "k")
	flags := []string{
		"--backend", "studio=ai_studio,http://127.0.0.1:9999", "--account", "studio=env:KEY",
		"--backend", "eu=vertex,https://europe-west4-aiplatform.googleapis.com,project=p,location=europe-west4", "--account", "eu=env:KEY",
	}
	code, text, errs := heald(t, append([]string{"envoy", "--sidecar", "unix:///run/heald.sock"}, flags...)...)
	if code != exitOK {
		t.Fatal(errs)
	}
	for _, want := range []string{"name: studio", "name: eu", "/run/heald.sock", "x-heald-cluster"} {
		if !strings.Contains(text, want) {
			t.Errorf("the configuration lacks %q", want)
		}
	}
	file := write(t, "envoy.yaml", text)
	if code, out, _ := heald(t, append([]string{"check", "--envoy", file}, flags...)...); code != exitOK || !strings.Contains(out, "no problems") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// Every problem of both files in one run, each with place and fix.
func TestCheckFindsEverything(t *testing.T) {
	t.Setenv("KEY", "k")
	config := write(t, "heald.yaml", `
backends: [{name: studio, kind: ai_studio, url: "http://127.0.0.1:9999"}, {name: missing, kind: ai_studio}]
accounts: [{backend: studio, secret: {env: KEY}}, {backend: missing, secret: {env: KEY}}]
policies: {default: {attempts: 5}, fast: {attempts: 0x0b}}
`)
	code, text, errs := heald(t, "envoy", "--backend", "studio=ai_studio,http://127.0.0.1:9999", "--account", "studio=env:KEY")
	if code != exitOK {
		t.Fatal(errs)
	}
	envoy := write(t, "envoy.yaml", strings.Replace(text, "message_timeout: 600s", "message_timeout: 1s", 1))
	code, out, _ := heald(t, "check", "--config", config, "--envoy", envoy)
	if code != exitProblems {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{
		"policies.fast.attempts: 11 is not between 1 and 10",
		"num_retries", "message_timeout", "missing", "consequence:", "fix:",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if code, out, _ := heald(t, "check", "--config", config, "--envoy", write(t, "x.yaml", "admin: {address: x}")); code != exitProblems || !strings.Contains(out, "address") {
		t.Errorf("exit %d:\n%s", code, out)
	}
}

// A wait that Envoy would ignore is found in a configuration written by hand,
// and provided for in one that heald prints. Policies that wait in heald do not
// count.
func TestCheckComparesWaits(t *testing.T) {
	t.Setenv("KEY", "k")
	shipped := write(t, "envoy.yaml", string(envoy.Config))
	unread := write(t, "unread.yaml", strings.Replace(string(envoy.Config), "{name: x-heald-retry-after, format", "{name: retry-after, format", 1))
	const tooLong = "1m0s, but heald asks Envoy to wait for up to 1m30s"
	for _, c := range []struct {
		policies, envoy, want string // want "" for no problem
	}{
		{"{default: {max_wait: 60s}}", shipped, ""},
		{"{default: {max_wait: 90s}}", shipped, tooLong},
		{"{slow: {max_wait: 90s}}", shipped, tooLong},
		{"{slow: {max_wait: 90s, wait: heald}}", shipped, ""},
		{"{slow: {max_wait: 90s, wait: heald}}", unread, "x-heald-retry-after is not read"},
		{"{default: {wait: heald}}", unread, ""},
	} {
		config := write(t, "heald.yaml", "backends: [{name: ai-studio, kind: ai_studio}]\naccounts: [{backend: ai-studio, secret: {env: KEY}}]\npolicies: "+c.policies+"\n")
		switch _, out, _ := heald(t, "check", "--config", config, "--envoy", c.envoy); {
		case c.want == "" && !strings.Contains(out, "no problems"), !strings.Contains(out, c.want):
			t.Errorf("%s: want %q:\n%s", c.policies, c.want, out)
		}
		_, text, _ := heald(t, "envoy", "--config", config)
		if code, out, _ := heald(t, "check", "--config", config, "--envoy", write(t, "printed.yaml", text)); code != exitOK {
			t.Errorf("%s: the printed configuration:\n%s", c.policies, out)
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	if code, out, _ := heald(t, "version"); code != exitOK || !strings.HasPrefix(out, "heald ") {
		t.Errorf("exit %d: %s", code, out)
	}
	for _, c := range commands(newRoot(streams{})) {
		args := strings.Fields(c.CommandPath())[1:]
		if code, out, errs := heald(t, append(args, "-h")...); code != exitOK || !strings.HasPrefix(out, c.CommandPath()+":") || errs != "" {
			t.Errorf("%s -h: exit %d: %s%s", c.CommandPath(), code, out, errs)
		}
	}
}

// commands are a command and all below it, but for those of the library.
func commands(c *cobra.Command) []*cobra.Command {
	out := []*cobra.Command{c}
	for _, c := range c.Commands() {
		out = append(out, commands(c)...)
	}
	return out
}

// Go's flag package, which heald had, takes -name for --name.
func TestOneDashIsEnough(t *testing.T) {
	file := write(t, "heald.yaml", minimal)
	t.Setenv("KEY", "a credential of the tests")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"check", "-config", file}, exitOK, "no problems"},
		{[]string{"check", "-config=" + file}, exitOK, "no problems"},
		{[]string{"tenant", "rotate", "a", "-file", file, "-keep-old", "-1h"}, exitUsage, "--keep-old: is negative"},
		{[]string{"tenant", "rotate", "a", "-keep-old", "-drain"}, exitUsage, `--keep-old: "-drain" is not a duration`},
		{[]string{"serve", "-frob"}, exitUsage, "there is no flag --frob; see heald serve -h"},
		{[]string{"serve", "-help"}, exitOK, "heald serve: run the sidecar alone"},
		{[]string{"translate", "--", "-raw"}, exitFailed, "open -raw: no such file"},
	} {
		if code, out, errs := heald(t, c.args...); code != c.code || !strings.Contains(out+errs, c.want) {
			t.Errorf("%q: exit %d, want %d with %q:\n%s%s", c.args, code, c.code, c.want, out, errs)
		}
	}
}

// Where every policy keeps its memory in the store, an outer route without the Lua
// filter and without an attempt count is whole.
func TestCheckOfStoredMemory(t *testing.T) {
	t.Setenv("KEY", "k")
	bare := string(envoy.Config)
	for old, other := range map[string]string{
		"include_request_attempt_count: true": "", `get("x-heald-memory")`: `get("x-other")`,
		`remove("x-heald-memory")`: `remove("x-other")`, `replace("x-heald-memory"`: `replace("x-other"`,
	} {
		if !strings.Contains(bare, old) {
			t.Fatalf("envoy.yaml has no %s", old)
		}
		bare = strings.Replace(bare, old, other, 1)
	}
	file := write(t, "bare.yaml", bare)
	for policies, whole := range map[string]bool{
		"{default: {memory: store}}":                               true,
		"{default: {memory: store}, gold: {}}":                     false,
		"{default: {}, gold: {memory: store}}":                     false,
		"{default: {memory: header, wait: envoy}}":                 false,
		"{default: {memory: store, peek: {}}, a: {memory: store}}": true,
	} {
		config := write(t, "heald.yaml", "backends: [{name: ai-studio, kind: ai_studio}]\naccounts: [{backend: ai-studio, secret: {env: KEY}}]\npolicies: "+policies+"\n")
		_, out, _ := heald(t, "check", "--config", config, "--envoy", file)
		if asks := strings.Contains(out, "no Lua filter carries") || strings.Contains(out, "include_request_attempt_count"); asks == whole {
			t.Errorf("%s:\n%s", policies, out)
		}
	}
}

// check reports the same as serve.
func TestCheckFindsOpenDoors(t *testing.T) {
	t.Setenv("KEY", "k")
	config := write(t, "heald.yaml", "listen: {grpc: [':9000']}\nbackends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}]\n")
	code, out, _ := heald(t, "check", "--config", config)
	if code != exitProblems || !strings.Contains(out, "listen.grpc (--grpc): :9000 can be reached from other machines") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// A socket is for its owner and, where the umask lets it, the group.
func TestSocketMode(t *testing.T) {
	for _, mask := range []struct{ umask, mode int }{{0, 0o660}, {0o022, 0o640}, {0o077, 0o600}} {
		old := syscall.Umask(mask.umask)
		path := filepath.Join(t.TempDir(), "s")
		l, err := listen("unix://"+path, zap.NewNop())
		after := syscall.Umask(old)
		if err != nil {
			t.Fatal(err)
		}
		if got := int(socketMode(path)); got != mask.mode {
			t.Errorf("umask %#o: mode %#o", mask.umask, got)
		}
		if after != mask.umask {
			t.Errorf("umask %#o became %#o", mask.umask, after)
		}
		_ = l.Close()
	}
}

// What is printed holds the secret, which is said where it does not end up in
// the file.
func TestEnvoyTellsOfItsSecret(t *testing.T) {
	t.Setenv("KEY", "k")
	t.Setenv("HOP", "hop-secret-hop-secret")
	base := "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: KEY}}]\n"
	if _, out, errs := heald(t, "envoy", "--config", write(t, "heald.yaml", base+"hop_secret: {env: HOP}\n")); !strings.Contains(out, "hop-secret-hop-secret") || !strings.Contains(errs, "0600") || strings.Contains(errs, "hop-secret-hop") {
		t.Errorf("%s", errs)
	}
	if _, _, errs := heald(t, "envoy", "--config", write(t, "heald.yaml", base)); errs != "" {
		t.Errorf("%s", errs)
	}
}
