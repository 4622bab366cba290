package config

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// Dirs are the directories of the files that the configuration is read from,
// path being its own. What happens there asks for a reload: Kubernetes swaps a
// symbolic link above a mounted ConfigMap or Secret.
func (c *Config) Dirs(path string) []string {
	var out []string
	for _, f := range append(append(c.sources(), c.Listen.TLS.files()...), path) {
		if f != "" {
			out = append(out, filepath.Dir(f))
		}
	}
	if c.TenantsDir != "" {
		out = append(out, c.TenantsDir)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c *Config) sources() []string {
	out := []string{c.HopSecret.File}
	for _, k := range c.MemoryKey {
		out = append(out, k.File)
	}
	for _, a := range c.Accounts {
		out = append(append(out, a.Secret.File), a.Credential.Files()...)
	}
	for _, k := range c.ClientKeys {
		out = append(out, k.File)
	}
	for _, t := range c.AllTenants() {
		for _, k := range t.Keys {
			if k.File != "" { // a key more is no other setting
				out = append(out, k.File)
			}
		}
	}
	for _, b := range c.Backends {
		if c.startsEnvoy { // else Envoy alone has to know it
			out = append(out, b.ProxyLogin.File)
		}
	}
	return out
}

// Sum tells one state of the files from another: what Load has read, and the
// secrets, a little before they are read. So what changes in between differs
// next time.
type Sum struct {
	Settings [sha256.Size]byte // of heald.yaml and the secrets
	TLS      [sha256.Size]byte // of the files of listen.tls, which change often
	Tenants  [sha256.Size]byte // of the files of tenants_dir, which change often
}

// Sum returns the state of the files at the time of Load.
func (c *Config) Sum() Sum { return c.sum }

func (c *Config) sumUp(text []byte) {
	c.sum = Sum{Settings: sumOf(text, c.sources()), TLS: c.Listen.TLS.sum(), Tenants: sha256.Sum256(c.tenanted)}
}

func sumOf(text []byte, files []string) [sha256.Size]byte {
	h := sha256.New()
	h.Write(text)
	for _, f := range files {
		data, err := readFile(f)
		fmt.Fprintf(h, "\n%s %d %v\n", f, len(data), err)
		h.Write(data)
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Watch calls changed after something changed in one of the directories, until
// ctx ends.
func Watch(ctx context.Context, dirs []string, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, dir := range dirs {
		if err := w.Add(dir); err != nil {
			return err
		}
	}
	return follow(ctx, w.Events, w.Errors, changed)
}

// follow calls changed for every event that may have changed a file.
func follow(ctx context.Context, events <-chan fsnotify.Event, faults <-chan error, changed func()) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-events:
			if !ok {
				return nil
			}
			if ev.Op&^fsnotify.Chmod != 0 {
				changed()
			}
		case err, ok := <-faults:
			switch {
			case !ok:
				return nil
			case !errors.Is(err, fsnotify.ErrEventOverflow):
				return err
			}
			changed() // events were lost; the watches go on
		}
	}
}
