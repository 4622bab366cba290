package config

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pipe makes a named pipe that nobody writes to.
func pipe(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// returns fails the test if f waits for what never comes.
func returns(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(30 * time.Second): // it takes no time at all
		t.Fatal("does not return")
	}
}

// Whatever is in the place of a file, reading it ends.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	regular := write(t, "secret", "abc\n")
	link, socket := filepath.Join(dir, "link"), filepath.Join(dir, "socket")
	if err := os.Symlink(regular, link); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, c := range []struct{ name, path, want, fault string }{
		{"regular", regular, "abc\n", ""},
		{"link, as Kubernetes mounts secrets", link, "abc\n", ""},
		{"longest", write(t, "longest", strings.Repeat("x", maxFile)), strings.Repeat("x", maxFile), ""},
		{"too long", write(t, "long", strings.Repeat("x", maxFile+1)), "", "has more than 1048576 bytes"},
		{"pipe", pipe(t), "", "is no regular file"},
		{"device without end", "/dev/zero", "", "is no regular file"},
		{"socket", socket, "", "is no regular file"},
		{"directory", dir, "", "is a directory"},
		{"nothing", filepath.Join(dir, "nothing"), "", "does not exist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			returns(t, func() {
				data, err := readFile(c.path)
				if string(data) != c.want || (err == nil) != (c.fault == "") {
					t.Errorf("got %d bytes, %v", len(data), err)
				}
				if err != nil && !strings.HasPrefix(fileFault(err), c.fault) {
					t.Errorf("told as %q, want %q", fileFault(err), c.fault)
				}
			})
		})
	}
}

// This holds for every file that a configuration names.
func TestPipesInPlaceOfFiles(t *testing.T) {
	p, file := pipe(t), write(t, "f", "x")
	for name, load := range map[string]func() error{
		"--config": func() error { _, err := Load(p); return err },
		"a secret": func() error { _, err := Source{File: p}.Read("hop_secret"); return err },
		"cert":     func() error { _, err := (&TLS{Cert: p, Key: file, ClientCA: file}).Load(); return err },
		"key":      func() error { _, err := (&TLS{Cert: file, Key: p, ClientCA: file}).Load(); return err },
		"ca":       func() error { _, err := (&TLS{Cert: file, Key: file, ClientCA: p}).Load(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			returns(t, func() {
				if err := load(); err == nil || !strings.Contains(err.Error(), "is no regular file") {
					t.Errorf("%v", err)
				}
			})
		})
	}
	returns(t, func() {
		if once, again := sumOf(nil, []string{p}), sumOf(nil, []string{p}); once != again {
			t.Error("the sum of what cannot be read changes")
		}
	})
}
