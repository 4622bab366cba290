package main

import (
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/redact"
)

// A reload that begins to resume finds the listener that this Envoy has. Any
// other, such as the default one, may be anybody's, and would be told the
// account's key.
func TestUpAlwaysHasItsResumeListener(t *testing.T) {
	t.Setenv("KEY", "k")
	file := write(t, "heald.yaml", minimal)
	o := upOptions{listen: "127.0.0.1:0", admin: "127.0.0.1:0"}
	o.flags.File = file
	dir := t.TempDir()
	cfg, err := o.load(dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.bootstrap(cfg, "unix://"+filepath.Join(dir, "envoy-admin.sock"))
	if err != nil {
		t.Fatal(err)
	}
	var sockets []string
	for _, l := range b.GetStaticResources().GetListeners() {
		if pipe := l.GetAddress().GetPipe(); pipe != nil {
			sockets = append(sockets, "unix://"+pipe.GetPath())
		}
	}
	for _, more := range []string{"policies: {default: {resume: text}}\n", "resume_via: http://127.0.0.1:1\npolicies: {gold: {resume: text}}\n"} {
		rewrite(t, file, minimal+more)
		again, err := o.flags.Load()
		if err != nil {
			t.Fatal(err)
		}
		x, err := again.Exchange()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(sockets, x.ResumeVia) {
			t.Errorf("%s: the rest is fetched through %q, and Envoy's sockets are %q", more, x.ResumeVia, sockets)
		}
	}
}

// Envoy's own lines may quote headers, with the credentials in them.
func TestEnvoyLogTellsNoKeys(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	if _, err := io.WriteString(envoyLog(zap.New(core)), "x-goog-api-key: AIzaSyA1234567890abcdefghijklmnopqrstuv "+strings.Repeat("x", 10_000)+"\n"); err != nil {
		t.Fatal(err)
	}
	line := logs.All()[0].ContextMap()["line"].(string)
	if strings.Contains(line, "AIza") || len(line) > redact.Limit {
		t.Errorf("%d bytes: %.100s", len(line), line)
	}
}
