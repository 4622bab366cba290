package tenant

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/heald-proxy/heald/cmd/heald/config"
	"github.com/heald-proxy/heald/policies/account"
	policy "github.com/heald-proxy/heald/policies/tenant"
)

// clock is a time of the tests that can be moved.
type clock struct{ time.Time }

func newClock() *clock { return &clock{time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time { return c.Time }

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func text(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func open(t *testing.T, file, dir string, c *clock) *Book {
	t.Helper()
	b, err := Open(file, dir, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// who asks, as a running heald would, whose a key is.
func (b *Book) who(t *testing.T, key account.Secret) string {
	t.Helper()
	c, err := b.load()
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Registry()
	if err != nil {
		t.Fatal(err)
	}
	caller, denied := r.Identify([]string{key.Reveal()}, b.now())
	if denied != nil {
		return denied.Error()
	}
	return caller.Tenant.Name + " " + caller.KeyID
}

const before = `# my gateway
backends: [{name: a, kind: ai_studio}] # one
accounts:
  # the key
  - {backend: a, secret: {env: KEY}}
`

// The life of a tenant in heald.yaml and in a directory.
func TestLife(t *testing.T) {
	for _, place := range []string{"heald.yaml", "directory", "directory that heald.yaml names", "no file yet"} {
		t.Run(place, func(t *testing.T) {
			c := newClock()
			dir := t.TempDir()
			file := filepath.Join(dir, "heald.yaml")
			b := &Book{}
			home := file
			switch place {
			case "heald.yaml":
				put(t, file, before)
				b = open(t, file, "", c)
			case "directory":
				b, home = open(t, "", dir, c), filepath.Join(dir, "search.yaml")
			case "directory that heald.yaml names":
				put(t, file, before+"tenants_dir: "+dir+"\n")
				if err := os.Rename(file, file+".txt"); err != nil { // it is no tenant
					t.Fatal(err)
				}
				b, home = open(t, file+".txt", "", c), filepath.Join(dir, "search.yaml")
			case "no file yet":
				b = open(t, file, "", c)
			}
			made, err := b.Add(New{Tenant: policy.Tenant{Name: "search", Models: []string{"gemini-*"}, Weight: 3, MaxConcurrency: 2,
				Limits: policy.Limits{"requests/day": 10, "money/month": 12.5}, Labels: map[string]string{"team": "search"}}})
			if err != nil {
				t.Fatal(err)
			}
			first := made.Key
			if made.File != home || b.who(t, first) != "search "+made.ID || strings.Contains(text(t, home), first.Reveal()) {
				t.Fatalf("added to %s, want %s: the key is of %q\n%s", made.File, home, b.who(t, first), text(t, home))
			}
			if place == "heald.yaml" && !strings.HasPrefix(text(t, home), before) {
				t.Errorf("the rest has changed:\n%s", text(t, home))
			}
			rows, err := b.List()
			if err != nil || len(rows) != 1 || rows[0].Weight != 3 || rows[0].Limits["money/month"] != 12.5 || rows[0].Labels["team"] != "search" || rows[0].MaxConcurrency != 2 || rows[0].Models[0] != "gemini-*" {
				t.Errorf("listed %+v, %v", rows, err)
			}

			rotated, err := b.Rotate("search", time.Hour)
			if err != nil || b.who(t, first) != "search "+made.ID || b.who(t, rotated.Key) != "search "+rotated.ID || fmt.Sprint(rotated.Expiring) != "["+made.ID+"]" {
				t.Fatalf("rotated: %+v, %v", rotated, err)
			}
			c.Time = c.Add(time.Hour)
			if got := b.who(t, first); !strings.Contains(got, "expired") {
				t.Errorf("an hour later the old key is of %q", got)
			}
			again, err := b.Rotate("search", time.Hour)
			if err != nil || fmt.Sprint(again.Removed) != "["+made.ID+"]" || fmt.Sprint(again.Expiring) != "["+rotated.ID+"]" {
				t.Errorf("rotated again: %+v, %v", again, err)
			}

			for _, disabled := range []bool{true, true, false, false} {
				done, err := b.SetDisabled("search", disabled)
				if err != nil || strings.Contains(b.who(t, again.Key), "disabled") != disabled {
					t.Errorf("disabled %t: %+v, %v, the key is of %q", disabled, done, err, b.who(t, again.Key))
				}
			}

			if _, err := b.RemoveKey("search", rotated.ID); err != nil || b.who(t, rotated.Key) != "" || b.who(t, again.Key) != "search "+again.ID {
				t.Errorf("removed: %v", err)
			}
			last, err := b.Rotate("search", 0)
			if err != nil || fmt.Sprint(last.Removed) != "["+again.ID+"]" || b.who(t, again.Key) != "" || b.who(t, last.Key) != "search "+last.ID {
				t.Errorf("rotated at once: %+v, %v", last, err)
			}
			if info, err := os.Stat(home); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, %v", info.Mode(), err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, ".heald*")); len(left) > 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// What a table or a document says of tenants has no hash in it.
func TestListHasNoHash(t *testing.T) {
	c := newClock()
	t.Setenv("CHOSEN", "chosen-by-the-operator-24")
	b := open(t, "", t.TempDir(), c)
	_, err := b.Add(New{Tenant: policy.Tenant{Name: "a"}})
	_, err2 := b.Add(New{Tenant: policy.Tenant{Name: "b", Limits: policy.Limits{"tokens/day": 2e6}}})
	_, err3 := b.Rotate("a", 2*time.Hour)
	_, err4 := b.SetDisabled("b", true)
	if err := errors.Join(err, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(b.dir, "c.yaml"), "keys: [{env: CHOSEN, expires: 2027-01-31T11:00:00Z}]\n")
	rows, err := b.List()
	if err != nil {
		t.Fatal(err)
	}
	var table, document bytes.Buffer
	if err := errors.Join(WriteTable(&table, rows), WriteJSON(&document, rows)); err != nil {
		t.Fatal(err)
	}
	for _, out := range []string{table.String(), document.String()} {
		if strings.Contains(out, "sha256") || regexp.MustCompile(`[0-9a-f]{16}`).MatchString(out) || strings.Contains(out, "chosen-by") {
			t.Errorf("a hash or a key:\n%s", out)
		}
	}
	for _, want := range []string{
		`a +enabled +k-\w{8} \(made 2027-01-31, until 2027-01-31T14:00:00Z\), k-\w{8} \(made 2027-01-31\) +all +1 +no limit +none`,
		`b +disabled +k-\w{8} \(made 2027-01-31\) +all +1 +no limit +tokens/day=2000000`,
		`c +no key +key-1 \(env:CHOSEN, expired\)`,
	} {
		if !regexp.MustCompile(want).MatchString(table.String()) {
			t.Errorf("the table lacks %s:\n%s", want, table.String())
		}
	}
}

func TestChosenKeys(t *testing.T) {
	t.Setenv("CHOSEN", "chosen-by-the-operator-24")
	t.Setenv("SHORT", "sixteen-and-more")
	b := open(t, "", t.TempDir(), newClock())
	done, err := b.Add(New{Tenant: policy.Tenant{Name: "a"}, Chosen: config.Source{Env: "CHOSEN"}})
	if err != nil || !done.Key.Empty() || b.who(t, account.NewSecret("chosen-by-the-operator-24")) != "a "+done.ID {
		t.Errorf("got %+v, %v", done, err)
	}
	_, err = b.Add(New{Tenant: policy.Tenant{Name: "b"}, Chosen: config.Source{Env: "CHOSEN"}})
	if err == nil || !strings.Contains(err.Error(), "is the same key as") {
		t.Errorf("the key of another: %v", err)
	}
	_, err = b.Add(New{Tenant: policy.Tenant{Name: "b"}, Chosen: config.Source{Env: "SHORT"}})
	if err == nil || !strings.Contains(err.Error(), "--key: the key has 16 characters, fewer than 24") || strings.Contains(err.Error(), "sixteen") {
		t.Errorf("a short key: %v", err)
	}
	if _, err := os.Stat(filepath.Join(b.dir, "b.yaml")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what was refused was written: %v", err)
	}
}

// What goes wrong changes nothing, and says where and what to do.
func TestMistakes(t *testing.T) {
	const list = before + "tenants:\n- &a {name: a, keys: [{hash: sha256:0000000000000000000000000000000000000000000000000000000000000000}]}\n"
	rotate := func(name string) func(*Book) error {
		return func(b *Book) error { _, err := b.Rotate(name, 0); return err }
	}
	add := func(name string) func(*Book) error {
		return func(b *Book) error { _, err := b.Add(New{Tenant: policy.Tenant{Name: name}}); return err }
	}
	for _, c := range []struct {
		name, text string
		do         func(*Book) error
		want       string
	}{
		{"twice", list, add("a"), `there is a tenant "a" already; give it another key with heald tenant rotate a`},
		{"nobody", list, rotate("b"), `there is no tenant "b"; heald tenant list shows`},
		{"a path", list, add("../b"), `NAME: "../b" is no name of a tenant; write at most 63`},
		{"a key", list, add("AIzaSyA1234567890abcdefghijklmnopqrstuv"), "NAME: looks like a credential"},
		{"no such key", list, func(b *Book) error { _, err := b.RemoveKey("a", "k-1"); return err }, `the tenant "a" has no key "k-1"; its keys are key-1`},
		{"a merge", before + "tenants:\n- &a {name: a}\n- {<<: *a, name: b}\n", rotate("b"), "takes settings from another one (<<); change it by hand"},
		{"keys by an alias", before + "tenants:\n- {name: a, keys: &k []}\n- {name: b, keys: *k}\n", rotate("b"), "keys: line 8 is written as an alias"},
		{"everybody may call", before + "auth: none\n", add("a"), "auth: there are tenants or client_keys beside auth: none"},
		{"another fault", before + "tenants: [{name: a, weight: 5000}]\n", add("b"), "tenants[0].weight: 5000 is not between"},
		{"no YAML", "tenants: [\n", nil, "heald.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "heald.yaml")
			put(t, file, c.text)
			b, err := Open(file, "", newClock().now)
			if err == nil {
				err = c.do(b)
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "AIza") {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if text(t, file) != c.text {
				t.Errorf("changed:\n%s", text(t, file))
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); len(left) != 1 {
				t.Errorf("left %v", left)
			}
		})
	}
	if _, err := Open("", filepath.Join(t.TempDir(), "none"), newClock().now); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("no directory: %v", err)
	}
}

// A file that is there keeps its mode, and a link stays a link.
func TestReplaceKeepsModeAndLink(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, "heald.yaml")
	put(t, real, "# nothing yet\n")
	if err := errors.Join(os.Chmod(real, 0o640), os.Symlink("real.yaml", link)); err != nil {
		t.Fatal(err)
	}
	b := open(t, link, "", newClock())
	if _, err := b.Add(New{Tenant: policy.Tenant{Name: "a"}}); err != nil {
		t.Fatal(err)
	}
	to, err := os.Readlink(link)
	info, err2 := os.Stat(real)
	if err := errors.Join(err, err2); err != nil || to != "real.yaml" || info.Mode().Perm() != 0o640 || !strings.HasPrefix(text(t, real), "# nothing yet\ntenants:\n") {
		t.Errorf("%v: link to %s, mode %v:\n%s", err, to, info.Mode(), text(t, real))
	}
}

// Those who change one file at once wait for each other: nobody's key is lost.
func TestAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "heald.yaml")
	put(t, file, before)
	var wg sync.WaitGroup
	made := make([]Change, 8)
	for i := range made {
		wg.Go(func() {
			b, err := Open(file, "", newClock().now)
			if err != nil {
				t.Error(err)
				return
			}
			if made[i], err = b.Add(New{Tenant: policy.Tenant{Name: fmt.Sprint("t", i)}}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	b := open(t, file, "", newClock())
	for i, m := range made {
		if got, want := b.who(t, m.Key), fmt.Sprint("t", i, " ", m.ID); got != want {
			t.Errorf("a key is of %q, want %q", got, want)
		}
	}
}
