package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
)

// staleSocket makes a socket that nobody listens on any more.
func staleSocket(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A path named by mistake costs nothing: only a stale socket is replaced.
func TestListenKeepsWhatIsNoSocket(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string)
		want string // of the error; "" if the path is taken
	}{
		{"nothing", func(*testing.T, string) {}, ""},
		{"a stale socket", staleSocket, ""},
		{"a regular file", func(t *testing.T, path string) { rewrite(t, path, "precious") }, "exists and is no socket"},
		{"a directory", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "exists and is no socket"},
		{"a link to a file", func(t *testing.T, path string) {
			if err := os.Symlink(write(t, "precious", "precious"), path); err != nil {
				t.Fatal(err)
			}
		}, "exists and is no socket"},
		{"a link to a stale socket", func(t *testing.T, path string) {
			staleSocket(t, path+"2")
			if err := os.Symlink(path+"2", path); err != nil {
				t.Fatal(err)
			}
		}, "exists and is no socket"},
		{"a socket in use", func(t *testing.T, path string) {
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
		}, "another process listens there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			c.make(t, path)
			before, _ := os.Lstat(path)
			l, err := listen("unix://"+path, zap.NewNop())
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = l.Close()
				return
			}
			if err == nil {
				_ = l.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
				t.Errorf("it is gone: %v", err)
			}
		})
	}
}
