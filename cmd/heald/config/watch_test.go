package config

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/fsnotify/fsnotify"
)

// Lost events are a change, since one may be among them; only what ends the
// watching ends it.
func TestFollow(t *testing.T) {
	broken := errors.New("no more watches")
	for _, c := range []struct {
		name    string
		event   fsnotify.Op // 0 for none
		file    string      // "" for heald.yaml
		fault   error
		changes int
		err     error
	}{
		{name: "write", event: fsnotify.Write, changes: 1},
		{name: "a link is swapped", event: fsnotify.Create, changes: 1},
		{name: "another file", event: fsnotify.Write, file: "usage.jsonl"},
		{name: "chmod", event: fsnotify.Chmod},
		{name: "overflow", fault: fsnotify.ErrEventOverflow, changes: 1},
		{name: "fault", fault: broken, err: broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			events, faults := make(chan fsnotify.Event), make(chan error)
			changes, ended := 0, make(chan error, 1)
			go func() {
				ended <- follow(ctx, events, faults, func(name string) bool { return name == "heald.yaml" }, func() { changes++ })
			}()
			if c.event != 0 {
				events <- fsnotify.Event{Name: cmp.Or(c.file, "heald.yaml"), Op: c.event}
			}
			if c.fault != nil {
				faults <- c.fault
			}
			if c.err == nil {
				select {
				case events <- fsnotify.Event{Op: fsnotify.Chmod}:
				case err := <-ended:
					t.Fatalf("follows no longer: %v", err)
				}
				stop()
			}
			if err := <-ended; !errors.Is(err, c.err) || changes != c.changes {
				t.Errorf("%d changes, %v; want %d, %v", changes, err, c.changes, c.err)
			}
			stop()
		})
	}
}

// Only what may change the configuration is heard: its files, what links lead to,
// tenants, and the link that Kubernetes swaps above a mount.
func TestWatchedFiles(t *testing.T) {
	dir, tenants := t.TempDir(), t.TempDir()
	if err := os.Symlink("heald-v1.yaml", filepath.Join(dir, "heald.yaml")); err != nil {
		t.Fatal(err)
	}
	c := &Config{TenantsDir: tenants + "/", HopSecret: Source{File: filepath.Join(dir, "hop")}, Listen: Listen{TLS: &TLS{Cert: filepath.Join(dir, "tls.crt")}}}
	w := c.Watched(filepath.Join(dir, "heald.yaml"))
	for name, want := range map[string]bool{
		dir + "/heald.yaml":          true,
		dir + "/heald-v1.yaml":       true,
		dir + "/heald-v2.yaml":       false,
		dir + "/./hop":               true,
		dir + "/tls.crt":             true,
		dir + "/..data":              true,
		dir + "/..data_tmp":          false,
		dir + "/..2026_01_01":        false,
		dir + "/usage.jsonl":         false,
		dir:                          true, // it went
		dir + "/tenant.yaml":         false,
		tenants + "/acme.yaml":       true,
		tenants + "/acme.yaml.swp":   false,
		tenants + "/heald.log":       false,
		tenants + "/..data":          true,
		tenants + "/below/acme.yaml": false,
		"/elsewhere/heald.yaml":      false,
	} {
		if got := w.has(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if !w.Equal(c.Watched(filepath.Join(dir, "heald.yaml"))) || w.Equal(c.Watched(filepath.Join(dir, "other.yaml"))) {
		t.Error("Equal does not tell files apart")
	}
}
