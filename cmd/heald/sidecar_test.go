package main

import (
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// Directories are watched, and others write there too: a log, an editor. What
// cools down must not be forgotten for that.
func TestReloadOnlyWhatChanged(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("key", "first")
	file := write("heald.yaml", "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {file: "+secret+"}}]\n")
	flags := &config.Flags{File: file}
	cfg, err := flags.Load()
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	s, err := newSidecar(flags, cfg, zap.New(core))
	if err != nil {
		t.Fatal(err)
	}
	files := cfg.Files(file)
	reload := func(want int, why string) {
		t.Helper()
		s.reload(files)
		if got := logs.FilterMessage("configuration loaded").Len(); got != want {
			t.Errorf("%s: loaded %d times, want %d", why, got, want)
		}
	}
	reload(2, "the first time, to be sure")
	write("log", "a line")
	reload(2, "another file")
	write("key", "second")
	reload(3, "a secret")
	write("heald.yaml", "backends: [{name: a, kind: ")
	reload(3, "a file that cannot be read")
	if n := logs.FilterMessage("configuration not reloaded, the old one stays").Len(); n != 1 {
		t.Errorf("%d complaints about the file", n)
	}
	reload(3, "the same file")
	if n := logs.FilterMessage("configuration not reloaded, the old one stays").Len(); n != 1 {
		t.Errorf("%d complaints about the same file", n)
	}
}
