package config

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"
)

// Watched are the files that a configuration is read from. The zero value is none.
type Watched struct {
	dirs    []string // sorted
	files   []string // sorted; with those that links among them lead to
	tenants string   // TenantsDir; "" for none
}

// Watched returns the files that the configuration is read from, path being its
// own.
func (c *Config) Watched(path string) Watched {
	var w Watched
	for _, f := range slices.Concat(c.sources(), c.Listen.TLS.files(), c.Admin.files(), []string{path}) {
		if f != "" {
			w.dirs = append(w.dirs, filepath.Dir(f))
			w.files = append(w.files, linked(f)...)
		}
	}
	if c.TenantsDir != "" {
		w.tenants = filepath.Clean(c.TenantsDir)
		w.dirs = append(w.dirs, w.tenants)
	}
	slices.Sort(w.dirs)
	slices.Sort(w.files)
	w.dirs, w.files = slices.Compact(w.dirs), slices.Compact(w.files)
	return w
}

// linked is a file and what it leads to, if it is a symbolic link: an editor
// changes the latter.
func linked(file string) []string {
	out := []string{filepath.Clean(file)}
	for range 8 { // more links in a row than anybody needs
		last := out[len(out)-1]
		to, err := os.Readlink(last)
		if err != nil {
			break // it is no link
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(last), to)
		}
		out = append(out, filepath.Clean(to))
	}
	return out
}

// Dirs are the directories to watch, sorted.
func (w Watched) Dirs() []string { return w.dirs }

// Equal reports whether both are the same files.
func (w Watched) Equal(other Watched) bool {
	return w.tenants == other.tenants && slices.Equal(w.dirs, other.dirs) && slices.Equal(w.files, other.files)
}

// has reports whether a change of a file may change what is read. Kubernetes swaps
// the symbolic link ..data above a mounted ConfigMap or Secret; an event for one of
// the directories means that it was removed.
func (w Watched) has(name string) bool {
	name = filepath.Clean(name)
	dir, base := filepath.Split(name)
	if base == "..data" || slices.Contains(w.files, name) || slices.Contains(w.dirs, name) {
		return true
	}
	_, tenant := tenantName(base)
	return tenant && w.tenants != "" && filepath.Clean(dir) == w.tenants
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
			if k.File != "" { // another key does not change the settings
				out = append(out, k.File)
			}
		}
	}
	for _, b := range c.Backends {
		if c.startsEnvoy { // else only Envoy has to know it
			out = append(out, b.ProxyLogin.File)
		}
	}
	return out
}

// Sum identifies a state of the files: what Load has read, and the secrets
// shortly before they are read. So a change in between is seen the next time.
type Sum struct {
	Settings [sha256.Size]byte // of heald.yaml and the secrets
	TLS      [sha256.Size]byte // of the files of listen.tls and admin, which change often
	Tenants  [sha256.Size]byte // of the files of tenants_dir, which change often
}

// Sum returns the state of the files at the time of Load.
func (c *Config) Sum() Sum { return c.sum }

func (c *Config) sumUp(text []byte) {
	c.sum = Sum{Settings: sumOf(text, c.sources()), TLS: sumOf(nil, append(c.Listen.TLS.files(), c.Admin.files()...)), Tenants: sha256.Sum256(c.tenanted)}
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

// Watch calls changed after one of the files may have changed, until ctx ends.
// While all returns true, it does so after any event in their directories.
func Watch(ctx context.Context, files Watched, all func() bool, changed func()) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	for _, dir := range files.dirs {
		if err := w.Add(dir); err != nil {
			return err
		}
	}
	return follow(ctx, w.Events, w.Errors, func(name string) bool { return files.has(name) || all() }, changed)
}

// follow calls changed for every event that may have changed one of our files.
func follow(ctx context.Context, events <-chan fsnotify.Event, faults <-chan error, ours func(name string) bool, changed func()) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case ev, ok := <-events:
			if !ok {
				return nil
			}
			if ev.Op&^fsnotify.Chmod != 0 && ours(ev.Name) {
				changed()
			}
		case err, ok := <-faults:
			switch {
			case !ok:
				return nil
			case !errors.Is(err, fsnotify.ErrEventOverflow):
				return err
			}
			changed() // events were lost; watching continues
		}
	}
}
