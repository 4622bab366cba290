package file

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Check says of each place what Open finds, and makes nothing.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"there": "", "file": ""} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, to := range map[string]string{"link": "there", "new-link": "made", "lost-link": "nowhere/usage.jsonl", "loop": "loop"} {
		if err := os.Symlink(to, at(link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, want string }{
		{"there", ""},
		{"new", ""},
		{"link", ""},
		{"new-link", ""},
		{"missing/usage.jsonl", "is in a directory that does not exist"},
		{"lost-link", "is in a directory that does not exist"},
		{".", "is a directory"},
		{"file/usage.jsonl", "cannot be reached"},
		{"loop", "cannot be reached"},
	} {
		before, _ := os.ReadDir(dir)
		err := Check(at(c.path))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
		if after, _ := os.ReadDir(dir); len(after) != len(before) {
			t.Errorf("%s: something was made", c.path)
		}
		s, opened := Open(Options{Path: at(c.path)})
		if (opened == nil) != (err == nil) {
			t.Errorf("%s: Check says %v, Open %v", c.path, err, opened)
		}
		if opened == nil {
			_ = s.Close()
			if c.path == "new" || c.path == "new-link" {
				_ = os.Remove(at("new"))
				_ = os.Remove(at("made"))
			}
		}
	}
}
