package config

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/heald-proxy/heald/policies/route"
)

const memoryKey = "a memory key of 32 bytes or more"

const whole = `
listen: {grpc: ["unix:///run/heald.sock"], admin: 127.0.0.1:9001}
max_body: 1000
memory_key: {env: TEST_MEMORY_KEY}
backends:
- {name: studio, kind: ai_studio}
- {name: eu, kind: vertex, project: p, location: europe-west4, models: [gemini-3.5-flash]}
accounts:
- {id: a, backend: studio, scheme: api_key, secret: {env: TEST_KEY}}
- {backend: eu, secret: {env: TEST_KEY}, scheme: bearer}
models: {aliases: {claude-opus-5-5: gemini-3.8-flash}}
policies:
  default: {attempts: 4, peek: {timeout: 15s}}
`

func TestLoad(t *testing.T) {
	t.Setenv("TEST_MEMORY_KEY", memoryKey)
	t.Setenv("TEST_KEY", "k")
	path := filepath.Join(t.TempDir(), "heald.yaml")
	if err := os.WriteFile(path, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	x, err := c.Exchange()
	if err != nil {
		t.Fatal(err)
	}
	if len(x.MemoryKeys) != 1 || string(x.MemoryKeys[0]) != memoryKey || x.Accounts[0].Secret.Reveal() != "k" || x.Accounts[1].ID != "eu-1" ||
		x.Backends[1].URL != "https://europe-west4-aiplatform.googleapis.com" || x.Policies["default"].Peek.Timeout != 15*time.Second {
		t.Errorf("got %+v", x)
	}
}

func TestZeroConfig(t *testing.T) {
	t.Setenv(KeyVariable, "k")
	c, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	x, err := c.Exchange()
	if err != nil {
		t.Fatal(err)
	}
	if len(x.Backends) != 1 || x.Backends[0].Kind != route.AIStudio || len(x.Accounts) != 1 || x.Accounts[0].ID != "ai-studio-1" {
		t.Errorf("got %+v", x)
	}
}

// One mistake each; the message must name the place.
func TestMistakes(t *testing.T) {
	t.Setenv(KeyVariable, "")
	t.Setenv("TEST_MEMORY_KEY", memoryKey)
	t.Setenv("TEST_KEY", "k")
	swap := func(old, with string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("the file lacks %q", old)
		}
		return strings.Replace(whole, old, with, 1)
	}
	for _, c := range []struct{ name, file, want string }{
		{"unknown key", swap("max_body", "max_bodies"), "max_bodies"},
		{"two documents", whole + "\n---\nmax_body: 1\n", "second YAML document"},
		{"unknown kind", swap("kind: vertex", "kind: bedrock"), `backends[1].kind: "bedrock"`},
		{"no project", swap("project: p, ", ""), "backends[1].project"},
		{"url with path", swap("kind: ai_studio", "kind: ai_studio, url: http://x/v1"), "backends[0].url"},
		{"backend without account", swap("- {backend: eu, secret: {env: TEST_KEY}, scheme: bearer}\n", ""), `backend "eu" has no account`},
		{"account without backend", swap("id: a, backend: studio", "id: a, backend: studioo"), `no backend is called "studioo"`},
		{"empty variable", swap("{env: TEST_KEY}}", "{env: TEST_NOTHING}}"), "TEST_NOTHING is empty"},
		{"missing file", swap("{env: TEST_KEY}}", "{file: /nonexistent/key}}"), "accounts[0].secret"},
		{"env and file", swap("{env: TEST_KEY}}", "{env: A, file: B}}"), "accounts[0].secret: give env or file"},
		{"no source", swap("secret: {env: TEST_KEY}}", "secret: {}}"), "accounts[0].secret: say where"},
		{"scheme", swap("scheme: bearer", "scheme: basic"), "accounts[1].scheme"},
		{"two accounts of one id", swap("- {backend: eu", "- {id: a, backend: eu"), `"a" is used twice`},
		{"attempts", swap("attempts: 4", "attempts: 40"), "policies.default.attempts"},
		{"peek timeout", swap("timeout: 15s", "timeout: -15s"), "policies.default.peek.timeout"},
		{"no size", "memory: {limit: 512MB}\n" + whole, `memory.limit: "512MB" is no size (line 1); write bytes`},
		{"a size of several", "memory: {limit: [1]}\n" + whole, "memory.limit: a list stands where a size belongs (line 1)"},
		{"too little memory", "memory: {limit: 32MiB}\n" + whole, "memory.limit: 33554432 bytes"},
		{"no account at all", "max_body: 1", "set GEMINI_API_KEY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg, err := Parse([]byte(c.file))
			if err == nil {
				cfg.setDefaults()
				err = cfg.Validate()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestEveryMistakeInOneRun(t *testing.T) {
	cfg, err := Parse([]byte("backends: [{name: 'a b', kind: x}]\naccounts: [{backend: c, secret: {env: TEST_NOTHING}}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	cfg.setDefaults()
	if _, err := cfg.Exchange(); err == nil || !strings.Contains(err.Error(), "accounts[0].secret") {
		t.Errorf("secrets: %v", err)
	}
	t.Setenv("TEST_NOTHING", "k")
	err = cfg.Validate()
	for _, want := range []string{"backends[0].name", "backends[0].kind", "accounts[0].backend", "has no account"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error lacks %q:\n%v", want, err)
		}
	}
}

func TestFlags(t *testing.T) {
	t.Setenv("TEST_KEY", "k")
	parse := func(args ...string) (*Config, error) {
		fs := pflag.NewFlagSet("up", pflag.ContinueOnError)
		fs.SetOutput(io.Discard)
		var f Flags
		f.Register(fs)
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		return f.Load()
	}
	c, err := parse("--backend", "studio=ai_studio,http://127.0.0.1:9999", "--backend=eu=vertex,https://x.example,project=p,location=l",
		"--account", "studio=env:TEST_KEY", "--account", "studio=env:TEST_KEY", "--account", "eu=env:TEST_KEY")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if c.Backends[0].URL != "http://127.0.0.1:9999" || c.Backends[1].Project != "p" || c.Accounts[1].ID != "studio-2" {
		t.Errorf("got %+v", c)
	}
	for _, bad := range []struct {
		args []string
		want string
	}{
		{[]string{"--backend", "studio"}, "want NAME=KIND,URL"},
		{[]string{"--backend", "studio=ai_studio,"}, "the URL behind the comma is empty"},
		{[]string{"--backend", "studio=ai_studio,http://x,color=red"}, `"color=red" is none of`},
		{[]string{"--account", "studio"}, "want BACKEND="},
		{[]string{"--account", "studio=AIzaSecret"}, "does not belong on a command line"},
		{[]string{"--backend", "studio=ai_studio,http://x"}, "--account studio=env:VARIABLE"},
	} {
		_, err := parse(bad.args...)
		if err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%v: got %v, want %q", bad.args, err, bad.want)
		}
		if err != nil && strings.Contains(err.Error(), "AIza") {
			t.Errorf("%v: the error repeats the credential: %v", bad.args, err)
		}
	}
}
