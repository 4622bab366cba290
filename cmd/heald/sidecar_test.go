package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/cmd/heald/config"
)

// loadedSidecar is a sidecar that has read a file, and its log.
func loadedSidecar(t *testing.T, file string) (*sidecar, *observer.ObservedLogs) {
	t.Helper()
	flags := &config.Flags{File: file}
	cfg, err := flags.Load()
	if err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.InfoLevel)
	s, err := newSidecar(flags, cfg, zap.New(core), false)
	if err != nil {
		t.Fatal(err)
	}
	return s, logs
}

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
	s, logs := loadedSidecar(t, file)
	reload := func(want int, why string) {
		t.Helper()
		s.reload()
		if got := logs.FilterMessage("configuration loaded").Len(); got != want {
			t.Errorf("%s: loaded %d times, want %d", why, got, want)
		}
	}
	write("log", "a line")
	reload(1, "another file")
	write("key", "second")
	reload(2, "a secret")
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write("heald.yaml", "backends: [{name: a, kind: ")
	reload(2, "a file that cannot be read")
	if n := logs.FilterMessage("configuration not reloaded, the old one stays").Len(); n != 1 {
		t.Errorf("%d complaints about the file", n)
	}
	reload(2, "the same, heard again")
	if n := logs.FilterMessage("configuration not reloaded, the old one stays").Len(); n != 1 {
		t.Errorf("%d complaints about one file", n)
	}
	write("heald.yaml", string(good))
	reload(2, "what runs already")
	write("heald.yaml", string(good)+"max_body: 1000\n")
	reload(3, "a setting")
}

// Nobody else would catch a panic on the goroutine that reloads.
func TestReloadPanics(t *testing.T) {
	core, logs := observer.New(zap.InfoLevel)
	(&sidecar{log: zap.New(core)}).reload() // it has no flags to load from
	if logs.FilterMessage("panic while reloading, the old configuration stays").Len() != 1 {
		t.Errorf("logged %v", logs.All())
	}
}

// A reload may name files in other directories, which are then watched as well.
func TestWatchFollowsTheConfiguration(t *testing.T) {
	one, other := t.TempDir(), t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, secret := filepath.Join(one, "heald.yaml"), filepath.Join(one, "key")
	text := func(secret string) string {
		return "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {file: " + secret + "}}]\n"
	}
	write(secret, "first")
	write(file, text(secret))
	s, logs := loadedSidecar(t, file)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.watch(ctx) }()
	defer func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	// Whoever writes too early is not seen: write again until it is.
	loaded := func(n int, write func(try int)) {
		t.Helper()
		for try := range 100 {
			write(try)
			for range 10 {
				if logs.FilterMessage("configuration loaded").Len() >= n {
					return
				}
				time.Sleep(settleTime / 5)
			}
		}
		t.Fatalf("not loaded %d times", n)
	}
	moved := filepath.Join(other, "key")
	write(moved, "second")
	loaded(2, func(int) { write(file, text(moved)) })
	loaded(3, func(try int) { write(moved, fmt.Sprint("third", try)) })
}
