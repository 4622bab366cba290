package locate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// write makes an executable file, and the folders above it.
func write(t *testing.T, path, content string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFind(t *testing.T) {
	root := t.TempDir()
	named := write(t, filepath.Join(root, "named"), "ELF", 0o755)
	env := write(t, filepath.Join(root, "env"), "ELF", 0o755)
	env140 := write(t, filepath.Join(root, "env140"), "ELF", 0o755)
	plain := write(t, filepath.Join(root, "plain"), "ELF", 0o644)
	tools140 := write(t, filepath.Join(root, "repo/.tools/envoy-1.40.0/bin/envoy"), "ELF", 0o755)
	wrapper := filepath.Join(root, "repo/.tools/envoy-1.39.3")
	write(t, filepath.Join(wrapper, "bin/envoy"), "#!/usr/bin/python3\n", 0o755)
	wrapped := write(t, filepath.Join(wrapper, "lib/python3.12/site-packages/envoy/_bin/envoy"), "ELF", 0o755)
	write(t, filepath.Join(root, "repo/.tools/envoy-9.9.9/bin/envoy"), "#!/bin/sh\n", 0o755)
	deep := filepath.Join(root, "repo/a/b")
	if err := os.MkdirAll(deep, 0o755); err != nil {
		t.Fatal(err)
	}
	onPath := write(t, filepath.Join(root, "path/envoy"), "ELF", 0o755)

	beside := write(t, filepath.Join(root, "bundle/heald"), "ELF", 0o755)
	write(t, filepath.Join(root, "bundle/envoy"), "ELF", 0o755)
	built := write(t, filepath.Join(root, "repo/bin/heald"), "ELF", 0o755)
	elsewhere := t.TempDir()
	link := filepath.Join(elsewhere, "heald")
	if err := os.Symlink(beside, link); err != nil {
		t.Fatal(err)
	}
	defer func(was func() (string, error)) { ownPath = was }(ownPath)

	tests := []struct {
		name, version, named, env, env140, dir, own string
		want, err                                   string
	}{
		{name: "named wins", version: "1.40.0", named: named, env: env, dir: deep, want: named},
		{name: "named but absent", named: filepath.Join(root, "nothing"), env: env, dir: deep, err: "the path given"},
		{name: "named but not executable", named: plain, dir: deep, err: "not executable"},
		{name: "variable of the version", version: "1.40.0", env: env, env140: env140, dir: deep, want: env140},
		{name: "variable of another version", version: "1.39.3", env140: env140, dir: deep, want: wrapped},
		{name: "variable", version: "1.40.0", env: env, dir: deep, want: env},
		{name: "variable but absent", env: filepath.Join(root, "nothing"), dir: deep, err: "HEALD_ENVOY"},
		{name: "tools from below", version: "1.40.0", dir: deep, want: tools140},
		{name: "script's binary", version: "1.39.3", dir: deep, want: wrapped},
		{name: "script of another kind", version: "9.9.9", dir: deep, want: filepath.Join(root, "repo/.tools/envoy-9.9.9/bin/envoy")},
		{name: "newest for any", dir: deep, want: tools140},
		{name: "path for any", dir: root, want: onPath},
		{name: "path is not for a version", version: "1.40.0", dir: root, err: "make envoy"},
		{name: "beside the binary", dir: deep, own: beside, want: beside[:len(beside)-len("heald")] + "envoy"},
		{name: "a variable before that", env: env, dir: deep, own: beside, want: env},
		{name: "beside the binary, through a link", dir: deep, own: link, want: beside[:len(beside)-len("heald")] + "envoy"},
		{name: "beside the binary is no version", version: "1.40.0", dir: root, own: beside, err: "make envoy"},
		{name: "nothing beside it", dir: deep, own: env, want: tools140},
		{name: "tools above the binary", dir: elsewhere, own: built, want: tools140},
		{name: "absent", version: "1.2.3", dir: deep, err: "no Envoy 1.2.3 found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Chdir(tt.dir)
			t.Setenv("PATH", filepath.Join(root, "path"))
			t.Setenv("HEALD_ENVOY", tt.env)
			t.Setenv("HEALD_ENVOY_1_40_0", tt.env140)
			t.Setenv("HEALD_ENVOY_1_39_3", "")
			ownPath = func() (string, error) {
				if tt.own == "" {
					return "", os.ErrNotExist
				}
				return tt.own, nil
			}
			got, err := Find(tt.version, tt.named)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("got %q, error %v, want an error with %q", got, err, tt.err)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Fatalf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}
