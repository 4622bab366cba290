package sqlite

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/heald-proxy/heald/policies/record"
	"github.com/heald-proxy/heald/policies/record/history"
)

// filled is the content of a file with requests.
func filled(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	f, err := Open(Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 8 {
		write(t, f, many(n*250, 250)...)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// damage damages a file with a name of its own, and returns its path.
func damage(t *testing.T, text []byte, how func(text []byte) []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "history.db")
	if err := os.WriteFile(path, how(bytes.Clone(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zeros(from, to int) func([]byte) []byte {
	return func(text []byte) []byte {
		clear(text[from:to])
		return text
	}
}

// Damage is told when a file is opened, and by a look at it, with words that say what
// to do; what can be read and written goes on.
func TestDamage(t *testing.T) {
	text := filled(t)
	middle := len(text) / pageSize / 2 * pageSize
	for name, c := range map[string]struct {
		how  func([]byte) []byte
		want string // "" for a file that cannot be opened at all
	}{
		"a page is gone":    {zeros(middle, middle+pageSize), "in database main"},
		"many pages":        {zeros(pageSize, 12*pageSize), "in database main"},
		"noise":             {func(b []byte) []byte { copy(b[middle:], bytes.Repeat([]byte("noise"), 3000)); return b }, "in database main"},
		"a byte is missing": {func(b []byte) []byte { return b[:len(b)-1] }, "it was cut off: it has "},
		"cut in the middle": {func(b []byte) []byte { return b[:middle] }, ""},
		"the schema":        {zeros(headerSize, pageSize), ""},
		"the header":        {zeros(0, headerSize), ""},
	} {
		path := damage(t, text, c.how)
		core, logged := observer.New(zap.WarnLevel)
		opened := Check(path)
		found := Inspect(t.Context(), path)
		f, err := Open(Options{Path: path, Log: zap.New(core)})
		if c.want == "" {
			if !IsDamage(opened) || !IsDamage(err) {
				t.Errorf("%s: checked %v, opened %v", name, opened, err)
			}
			continue
		}
		if err != nil || opened != nil {
			t.Errorf("%s: checked %v, opened %v", name, opened, err)
			continue
		}
		<-f.inspected
		for _, err := range []error{found, f.Damage()} {
			if !IsDamage(err) || !strings.Contains(err.Error(), "is damaged: move it away with its -wal and -shm, and start heald, which makes a new one (") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if Words(found) != "is damaged: move it away with its -wal and -shm, and start heald, which makes a new one" {
			t.Errorf("%s: %q", name, Words(found))
		}
		if all := logged.FilterMessageSnippet("the history on disk is damaged").All(); len(all) != 1 || all[0].ContextMap()["path"] != path {
			t.Errorf("%s: logged %v", name, all)
		}
		r := at("new", 0)
		written := f.Write(t.Context(), []record.Entry{{Request: &r}}) // or it says why not
		if _, err := f.Get(t.Context(), "new"); written == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = f.Close()
	}
}

// A file that is whole is none that is damaged: not one that is empty, nor one whose
// newest requests are in its log only, nor one that another process writes.
func TestNoDamage(t *testing.T) {
	whole := damage(t, filled(t), func(b []byte) []byte { return b })
	empty := damage(t, nil, func(b []byte) []byte { return b })
	for name, path := range map[string]string{"whole": whole, "empty": empty, "none": filepath.Join(t.TempDir(), "none.db")} {
		if err := Inspect(t.Context(), path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	f := open(t, Options{Path: empty})
	write(t, f, many(0, 500)...) // the file has one page, the log the others
	again := open(t, Options{Path: empty})
	if err := Inspect(t.Context(), empty); err != nil || f.Damage() != nil || again.Damage() != nil {
		t.Errorf("%v, %v, %v", err, f.Damage(), again.Damage())
	}
	if got := ids(t, again, history.Filter{}); len(got) != 500 {
		t.Errorf("%d requests", len(got))
	}
}
