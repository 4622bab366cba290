package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/record/history/sqlite"
)

// What stands in heald.yaml is what is used, and left-out lines have their
// defaults.
func TestStore(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	path := filepath.Join(t.TempDir(), "history.db")
	c, err := Parse([]byte(recordBase + "record: {store: 'sqlite:" + path + "', store_keep: 12h, bodies: failed, body_max: 1MiB}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c.setDefaults()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	if r := c.Record; r.StoreMaxSize != 1<<30 || r.BodyMax != 1<<20 || r.BodiesKeep != 12*time.Hour || r.Bodies != "failed" || r.Keep != 30 {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("Validate has made the file")
	}
	f, err := c.Record.OpenStore(sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Errorf("its own file: %v", err)
	}
	notes := ""
	for _, n := range c.Notes() {
		notes += n.Error() + "\n"
	}
	if !strings.Contains(notes, "record.bodies: failed: what clients send and get in every request that failed or broke off is written to disk, 12h0m0s long: whoever can read sqlite:"+path) {
		t.Errorf("notes:\n%s", notes)
	}
}

func TestStoreFaults(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ file, want string }{
		{"record: {store: /var/lib/history.db}", `record.store: "/var/lib/history.db" names no store; write sqlite: and the path`},
		{"record: {store: 'sqlite:'}", "record.store: "},
		{"record: {store: 'sqlite:" + dir + "/none/history.db'}", "record.store: the file " + dir + "/none/history.db is in a directory that does not exist: heald does not start"},
		{"record: {store: 'sqlite:" + dir + "/text'}", "record.store: the file " + dir + "/text is no database"},
		{"record: {store_keep: 1s}", "record.store_keep: 1s is too short"},
		{"record: {store_max_size: 1MiB}", "record.store_max_size: 1048576 bytes are too few"},
		{"record: {bodies: all}", "record.bodies: all, and there is no store: bodies are kept nowhere else; set record.store"},
		{"record: {bodies: everything}", `record.bodies: "everything" is none of off, failed and all`},
		{"record: {body_max: 1GiB}", "record.body_max: 1073741824 bytes are more"},
		{"record: {bodies_keep: 1s}", "record.bodies_keep: 1s is too short"},
		{"record: {bodies_keep: 200h}", "record.bodies_keep: 200h0m0s is longer than record.store_keep, 168h0m0s"},
	} {
		parsed, err := Parse([]byte(recordBase + c.file))
		if err == nil {
			parsed.setDefaults()
			err = parsed.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.file, err)
		}
	}
	off, err := Parse([]byte(recordBase + "record: {bodies: off}"))
	if err == nil {
		off.setDefaults()
		err = off.Validate()
	}
	if err != nil || off.Record.KeepsBodies() {
		t.Errorf("bodies: off: %v", err)
	}
}

// A tenant is excluded in heald.yaml and in a file of its own.
func TestTenantsWithoutBodies(t *testing.T) {
	t.Setenv("KEY", "a-credential-of-some-length")
	c, err := Parse([]byte(recordBase + "tenants: [{name: a, record_bodies: false}, {name: b}, {name: c, record_bodies: true}]\n"))
	if err != nil {
		t.Fatal(err)
	}
	c.setDefaults()
	own, err := ParseTenant([]byte("record_bodies: false\n"), "/tenants/d.yaml", "d")
	if err != nil {
		t.Fatal(err)
	}
	c.inFiles = append(c.inFiles, own)
	r, err := c.Registry()
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range r.Tenants() {
		if want := got.Name == "b" || got.Name == "c"; got.KeepsBodies() != want {
			t.Errorf("%s: bodies kept %v", got.Name, !want)
		}
	}
	notes := ""
	for _, n := range c.Notes() {
		notes += n.Error() + "\n"
	}
	if !strings.Contains(notes, "tenants[2].record_bodies: true, and record.bodies is off") {
		t.Errorf("notes:\n%s", notes)
	}
}
