package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/authority"
)

// An init container writes the configuration to a file that only its owner reads.
func TestEnvoyIntoAFile(t *testing.T) {
	t.Setenv("KEY", "k")
	file, dir := write(t, "heald.yaml", minimal), t.TempDir()
	to := filepath.Join(dir, "envoy.yaml")
	_, printed, _ := heald(t, "envoy", "--config", file, "--heap-limit", "800MiB")
	if !strings.Contains(printed, `max_heap_size_bytes: "838860800"`) {
		t.Error("the heap limit is not in it")
	}
	for range 2 { // a restarted container finds the old file
		if code, out, errs := heald(t, "envoy", "--config", file, "--heap-limit", "838860800", "--output", to); code != exitOK || out != "" {
			t.Fatalf("%d: %s%s", code, out, errs)
		}
	}
	got, err := os.ReadFile(to)
	if err != nil || string(got) != printed {
		t.Errorf("another text than is printed: %v", err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
	for _, c := range []struct{ args, want string }{
		{"--output=/nowhere/envoy.yaml", "--output: "},
		{"--output=" + dir, "--output: "},
		{"--heap-limit=1MiB", "64 MiB"},
		{"--heap-limit=800MB", "KiB, MiB"},
	} {
		if code, _, errs := heald(t, "envoy", "--config", file, c.args); code == exitOK || !strings.Contains(errs, c.want) {
			t.Errorf("%s: %d %s", c.args, code, errs)
		}
	}
}

// Where heald expects TLS, what `heald envoy` prints is not whole, and both it and
// `heald check` say so.
func TestEnvoyTowardsTLS(t *testing.T) {
	t.Setenv("KEY", "k")
	ca := authority.New(t)
	cert, key := ca.Issue("heald")
	tls := "tls: {cert: " + cert + ", key: " + key + ", client_ca: " + ca.File + "}"
	for _, c := range []struct {
		name, listen string
		told         bool
	}{
		{"plain text", "listen: {grpc: [\"127.0.0.1:9000\"]}\n", false},
		{"TLS", "listen: {grpc: [\"127.0.0.1:9000\"], " + tls + "}\n", true},
		{"TLS, and a socket", "listen: {grpc: [\"unix:///run/heald/heald.sock\"], " + tls + "}\n", false},
	} {
		file := write(t, "heald.yaml", minimal+c.listen)
		code, printed, errs := heald(t, "envoy", "--config", file)
		if code != exitOK || strings.Contains(errs, "heald-tls.yaml") != c.told {
			t.Errorf("%s: heald envoy: %d %s", c.name, code, errs)
		}
		code, out, _ := heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", printed))
		if strings.Contains(out, "clusters[heald].transport_socket: plain text, and heald expects TLS") != c.told || (code == exitOK) == c.told {
			t.Errorf("%s: heald check: %d %s", c.name, code, out)
		}
	}
}

// Metrics come beside the rest, and heald check finds nothing wrong in it.
func TestEnvoyMetrics(t *testing.T) {
	t.Setenv("KEY", "k")
	file := write(t, "heald.yaml", minimal)
	for _, c := range []struct{ args, want string }{
		{"--envoy-metrics 0.0.0.0:9902", "/run/heald/envoy-admin.sock"},
		{"--envoy-metrics 0.0.0.0:9902 --envoy-admin unix:///run/other.sock --lean", "/run/other.sock"},
	} {
		code, out, errs := heald(t, append([]string{"envoy", "--config", file}, strings.Fields(c.args)...)...)
		if code != exitOK || !strings.Contains(out, "path: /stats/prometheus") || strings.Count(out, "path: "+c.want) != 2 {
			t.Errorf("%s: %d %s%s", c.args, code, errs, out)
		}
		if code, out, _ := heald(t, "check", "--config", file, "--envoy", write(t, "envoy.yaml", out)); code != exitOK || !strings.Contains(out, "no problems") || strings.Contains(out, "admin") {
			t.Errorf("%s: %s", c.args, out)
		}
	}
	admin := write(t, "heald.yaml", strings.ReplaceAll(strings.ReplaceAll(minimal, "name: a,", "name: admin,"), "backend: a,", "backend: admin,"))
	for _, c := range []struct{ file, address, want string }{
		{file, "0.0.0.0", "metrics: "}, {file, "llm.example:9902", "metrics: "}, {admin, "0.0.0.0:9902", "the cluster of Envoy's metrics"},
	} {
		if code, _, errs := heald(t, "envoy", "--config", c.file, "--envoy-metrics", c.address); code == exitOK || !strings.Contains(errs, c.want) {
			t.Errorf("%s is taken: %s", c.address, errs)
		}
	}
}
