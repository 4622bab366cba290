package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/envoy/mesh"
	"github.com/heald-proxy/heald/test/fixture"
)

// meshSecrets are what the heald.yaml of the examples names.
func meshSecrets(t *testing.T) {
	t.Helper()
	for name, secret := range map[string]string{
		"HEALD_ADMIN_TOKEN": strings.Repeat("a", 36), "HEALD_HOP_SECRET": "hop-secret-of-the-examples", "HEALD_MEMORY_KEY": strings.Repeat("0", 36),
		"HEALD_CLIENT_KEY": "client-key-of-the-examples", "GEMINI_API_KEY": "a credential of the tests", "REDIS_URL": "redis://127.0.0.1:6379",
	} {
		t.Setenv(name, secret)
	}
}

// meshExamples are the files of envoy/istio and envoy/gateway that heald render
// has written, and how.
var meshExamples = []struct{ file, command, config string }{
	{"istio/gateway.yaml", "istio --team-hosts search.example.com", "heald.yaml"},
	{"istio/plain.yaml", "istio --heald-tls plain --heald heald.heald-outside.svc.cluster.local:9000", "heald.yaml"},
	{"istio/tls.yaml", "istio --heald heald.heald-outside.svc.cluster.local:9000", "heald-tls.yaml"},
	{"istio/team.yaml", "istio --team search --host search.example.com --policy batch", "heald.yaml"},
	{"istio/sidecar.yaml", "istio --form sidecar --namespace search --selector app=search --heald heald.heald.svc.cluster.local:9000", "heald.yaml"},
	{"istio/namespace.yaml", "istio --form sidecar --namespace search --heald heald.heald.svc.cluster.local:9000", "heald.yaml"},
	{"gateway/portable.yaml", "envoy-gateway", "heald.yaml"},
	{"gateway/patched.yaml", "envoy-gateway --form patched", "heald-patched.yaml"},
	{"gateway/tls.yaml", "envoy-gateway --tls-secret llm-example-com", "heald-tls.yaml"},
	{"gateway/team.yaml", "envoy-gateway --team search --host search.example.com --policy batch", "heald.yaml"},
}

// The examples are what heald render prints today for the heald.yaml beside them.
func TestExamplesOfMeshes(t *testing.T) {
	meshSecrets(t)
	for _, e := range meshExamples {
		file := filepath.Join("..", "..", "envoy", e.file)
		args := append([]string{"render"}, strings.Fields(e.command)...)
		code, out, errs := heald(t, append(args, "--config", filepath.Join(filepath.Dir(file), e.config))...)
		if code != exitOK {
			t.Errorf("%s: %d %s", e.file, code, errs)
			continue
		}
		want, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		fixture.Diff(t, file, want, []byte(out))
	}
}

// --diff says what differs in files that somebody has, --output writes one that
// only its owner reads.
func TestRenderFiles(t *testing.T) {
	meshSecrets(t)
	config := filepath.Join("..", "..", "envoy", "istio", "heald.yaml")
	file := filepath.Join(t.TempDir(), "mesh.yaml")
	if code, out, errs := heald(t, "render", "istio", "--config", config, "--output", file); code != exitOK || out != "" || errs != "" {
		t.Fatal(code, out, errs)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(err, info.Mode())
	}
	if code, out, errs := heald(t, "render", "istio", "--config", config, "--diff", file); code != exitOK || errs != "" {
		t.Error(code, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const more = "---\napiVersion: networking.istio.io/v1alpha3\nkind: EnvoyFilter\nmetadata: {name: heald, namespace: heald}\n"
	code, out, errs := heald(t, "render", "istio", "--config", config, "--diff", write(t, "mesh.yaml", string(text)+more))
	if code != exitProblems || errs != "" || !strings.HasPrefix(out, "EnvoyFilter.networking.istio.io heald/heald: is only in yours") {
		t.Error(code, out, errs)
	}
	code, out, errs = heald(t, "render", "istio", "--config", config, "--diff", file, "--port", "8080:8080")
	if code != exitProblems || errs != "" || !strings.Contains(out, `Gateway.networking.istio.io heald/heald: spec.servers[0].port.number: is "80", should be "8080"`) {
		t.Error(code, out, errs)
	}
	if code, _, errs := heald(t, "render", "istio", "--config", config, "--diff", file+"x"); code != exitFailed || !strings.Contains(errs, file+"x") {
		t.Error(code, errs)
	}
}

// The hop secret is in the manifests only if it must be, and then that is said.
func TestRenderSecret(t *testing.T) {
	meshSecrets(t)
	secret := os.Getenv("HEALD_HOP_SECRET")
	for _, c := range []struct {
		command string
		inClear bool
	}{
		{"istio", false},
		{"istio --hop-env=", true},
		{"istio --form sidecar --namespace search", true},
		{"envoy-gateway", false},
		{"envoy-gateway --hop-secret=", true},
	} {
		folder := "istio"
		if strings.HasPrefix(c.command, "envoy-gateway") {
			folder = "gateway"
		}
		args := append([]string{"render"}, strings.Fields(c.command)...)
		code, out, errs := heald(t, append(args, "--config", filepath.Join("..", "..", "envoy", folder, "heald.yaml"))...)
		if code != exitOK || strings.Contains(out, secret) != c.inClear || strings.Contains(errs, "note: ") != c.inClear || strings.Contains(errs, secret) {
			t.Errorf("%s: %d %s", c.command, code, errs)
		}
	}
}

// render envoy is heald envoy.
func TestRenderEnvoy(t *testing.T) {
	meshSecrets(t)
	config := filepath.Join("..", "..", "envoy", "istio", "heald.yaml")
	_, one, _ := heald(t, "envoy", "--config", config)
	if code, other, errs := heald(t, "render", "envoy", "--config", config); code != exitOK || other != one || one == "" {
		t.Error(code, errs)
	}
}

// A proxy of the environment is not that of the mesh's Envoys, and cannot be: what
// is said does not ask for one in heald.yaml, which is refused here.
func TestRenderProxyOfEnvironment(t *testing.T) {
	meshSecrets(t)
	t.Setenv("HTTPS_PROXY", "http://proxy.example:3128")
	code, _, errs := heald(t, "render", "istio", "--config", filepath.Join("..", "..", "envoy", "istio", "heald.yaml"))
	if code != exitOK || !strings.Contains(errs, "HTTPS_PROXY has no effect here") || strings.Contains(errs, "write proxy:") {
		t.Error(code, errs)
	}
}

// Mistakes on the command line name the flag.
func TestRenderMistakes(t *testing.T) {
	meshSecrets(t)
	config := filepath.Join("..", "..", "envoy", "istio", "heald.yaml")
	for _, c := range []struct{ command, want string }{
		{"istio --port a", "--port"},
		{"istio --selector a", "--selector"},
		{"istio --selector a=b,a=c", "--selector: a is given twice"},
		{"istio --team search", "--team: name the team's own host"},
		{"istio --form patched", "--form"},
		{"envoy-gateway", "policies.batch: the portable form carries no memory between attempts; add `memory: store`"},
		{"istio --heald-tls tls", "--heald-tls: heald.yaml has no listen.tls"},
		{"istio --diff a --output b", "--output"},
		{"istio --diff=", "--diff is empty"},
		{"istio --output=", "--output is empty"},
		{"istio --diff no-such-file", "--diff: open no-such-file"},
		{"other", "other"},
	} {
		args := append([]string{"render"}, strings.Fields(c.command)...)
		if c.command != "other" {
			args = append(args, "--config", config)
		}
		if code, _, errs := heald(t, args...); code == exitOK || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", c.command, code, errs)
		}
	}
}

// How Envoy reaches heald comes from heald.yaml, and a flag that contradicts it
// is refused.
func TestRenderHealdTLS(t *testing.T) {
	for _, c := range []struct {
		flag, plain string
		listens     bool
		want        string // "" for an error
	}{
		{"", mesh.Mesh, false, mesh.Mesh},
		{"", mesh.Plain, false, mesh.Plain},
		{"", mesh.Plain, true, mesh.TLS},
		{mesh.Plain, mesh.Mesh, false, mesh.Plain},
		{mesh.TLS, mesh.Mesh, true, mesh.TLS},
		{mesh.TLS, mesh.Mesh, false, ""},
		{mesh.Mesh, mesh.Mesh, true, ""},
		{mesh.Plain, mesh.Plain, true, ""},
	} {
		got, err := healdTLS(c.flag, c.plain, c.listens)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%+v: %s %v", c, got, err)
		}
	}
}

// The port of heald's pod is that of listen.grpc, or the chart's.
func TestRenderPodPort(t *testing.T) {
	for _, c := range []struct {
		grpc []string
		want int
	}{
		{[]string{"127.0.0.1:9100"}, 9000},
		{[]string{"unix:///run/heald/heald.sock", "0.0.0.0:9200"}, 9200},
		{nil, 9000},
	} {
		if got := podPort(c.grpc); got != c.want {
			t.Errorf("%v: %d", c.grpc, got)
		}
	}
}

// With a certificate the port is that of HTTPS unless --port says another one.
func TestRenderTLSPort(t *testing.T) {
	meshSecrets(t)
	for command, want := range map[string]string{
		"istio --tls-secret a":                     "{number: 443, name: https, protocol: HTTPS}",
		"istio --tls-secret a --port 8443:8443":    "{number: 8443, name: https, protocol: HTTPS}",
		"envoy-gateway --tls-secret a":             "port: 443\n",
		"envoy-gateway --tls-secret a --port 8443": "port: 8443\n",
	} {
		folder, _, _ := strings.Cut(command, " ")
		args := append([]string{"render"}, strings.Fields(command)...)
		code, out, errs := heald(t, append(args, "--config", filepath.Join("..", "..", "envoy", strings.TrimPrefix(folder, "envoy-"), "heald.yaml"))...)
		if code != exitOK || !strings.Contains(out, want) {
			t.Errorf("%s: %d %s", command, code, errs)
		}
	}
}

// Without hop_secret Istio's manifests take the header away, which is said;
// Envoy Gateway's inner port is open to the network, so it is refused there.
func TestRenderWithoutHop(t *testing.T) {
	meshSecrets(t)
	for folder, command := range map[string]string{"istio": "istio", "gateway": "envoy-gateway"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "envoy", folder, "heald.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.SplitSeq(string(text), "\n") {
			switch {
			case strings.HasPrefix(line, "hop_secret:"):
			case strings.HasPrefix(line, "listen:"):
				lines = append(lines, "listen: {}") // without a secret heald listens for this machine only
			default:
				lines = append(lines, line)
			}
		}
		file := filepath.Join(t.TempDir(), "heald.yaml")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errs := heald(t, "render", command, "--config", file)
		if refused := code != exitOK; refused != (folder == "gateway") || !strings.Contains(errs, "heald.yaml has no") && !strings.Contains(errs, "heald.yaml has none") {
			t.Errorf("%s: %d %s", command, code, errs)
		}
	}
}
