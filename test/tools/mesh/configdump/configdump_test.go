package configdump

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	got, err := Canonical([]byte(`{"b":[{"version_info":"1","x":"<a>"}],"a":12345678901234567890,"last_updated":"2026"}`))
	want := "{\n \"a\": 12345678901234567890,\n \"b\": [\n  {\n   \"x\": \"<a>\"\n  }\n ]\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

func TestGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "form", "config_dump.json")
	if err := Golden(path, []byte("a\nb\n"), false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := Golden(path, []byte("a\nb\n"), true); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{"a\nb\n": "", "a\nc\n": ":2: it has b, the manifests now render to c", "a\nb\nc\n": ":3:", "a\n": "less"} {
		err := Golden(path, []byte(text), false)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
