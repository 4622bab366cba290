package configdump

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
)

func TestCanonical(t *testing.T) {
	got, err := Canonical([]byte(`{"b":[{"version_info":"1","x":"<a>"}],"a":12345678901234567890,"last_updated":"2026"}`))
	want := "{\n \"a\": 12345678901234567890,\n \"b\": [\n  {\n   \"x\": \"<a>\"\n  }\n ]\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// Istio's order differs from one run to the next.
func TestDumpIsSorted(t *testing.T) {
	c := Config{Clusters: []*clusterv3.Cluster{{Name: "b"}, {Name: "a"}}, Routes: []*routev3.RouteConfiguration{{Name: "d"}, {Name: "c"}}}
	got, err := c.Dump()
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for _, name := range []string{`"a"`, `"b"`, `"c"`, `"d"`} {
		i := strings.Index(string(got[at:]), name)
		if i < 0 {
			t.Fatalf("%s is not behind what comes before it: %s", name, got)
		}
		at += i
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
	for text, want := range map[string]string{"a\nb\n": "", "a\nc\n": ":2: it has b, the manifests now render to c", "a\nb\nc\n": ":3:", "a\n": ":2: it has b", "a\nb": "less"} {
		err := Golden(path, []byte(text), false)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
