package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

const (
	chosenKey = "chosen-by-the-operator-24"
	now       = "2027-01-31T12:00:00Z"
)

// oneAccount is what a file needs besides tenants.
const oneAccount = "backends: [{name: a, kind: ai_studio}]\naccounts: [{backend: a, secret: {env: TEST_KEY}}]\n"

// files writes files into a new directory and returns it.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// loadText loads a heald.yaml.
func loadText(t *testing.T, text string) (*Config, error) {
	t.Helper()
	t.Setenv("TEST_KEY", "a credential of the tests")
	f := Flags{File: filepath.Join(files(t, map[string]string{"heald.yaml": text}), "heald.yaml")}
	return f.Load()
}

// hashed is a key as it stands in a file.
func hashed(key string) string { return "hash: sha256:" + tenant.HashOf(key).String() }

func TestTenants(t *testing.T) {
	made := tenant.Make().Reveal()
	t.Setenv("TEST_CHOSEN", chosenKey)
	t.Setenv("TEST_OLD", "sixteen-and-more")
	dir := files(t, map[string]string{
		"search.yaml":  "models: [gemini-*]\nweight: 3\nlimits: {requests/minute: 60, money/month: 12.5}\nlabels: {team: search}\nkeys:\n- {" + hashed("key of search") + "}\n",
		"empty.yaml":   "",
		"off.yml":      "disabled: true\nkeys: [{" + hashed("key of off") + "}]\n",
		"README":       "not a tenant",
		".hidden.yaml": "nonsense: [",
	})
	c, err := loadText(t, oneAccount+"tenants_dir: "+dir+"\nclient_keys: [{env: TEST_OLD}, {env: TEST_OLD}]\ntenants:\n- name: inline\n  max_concurrency: 4\n  max_waiting: 0\n  keys:\n  - {id: first, "+hashed(made)+", created: "+now+"}\n  - {env: TEST_CHOSEN, expires: "+now+"}\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Validate(), c.CheckTenants()); err != nil {
		t.Fatal(err)
	}
	r, err := c.Registry()
	if err != nil {
		t.Fatal(err)
	}
	before, err := time.Parse(time.RFC3339, now)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		key string
		at  time.Time
		who string
	}{
		{made, before, "inline first"}, {chosenKey, before.Add(-time.Second), "inline key-2"}, {chosenKey, before, "tenant.Denied 3"},
		{"key of search", before, "search key-1"}, {"key of off", before, "tenant.Denied 5"}, {"sixteen-and-more", before, "default client-key-1"},
	} {
		caller, denied := r.Identify([]string{want.key}, want.at)
		got := ""
		if denied != nil {
			got = fmt.Sprint("tenant.Denied ", denied.Kind)
		} else {
			got = caller.Tenant.Name + " " + caller.KeyID
		}
		if got != want.who {
			t.Errorf("%s is %s, want %s", want.key, got, want.who)
		}
	}
	var names []string
	for _, tn := range r.Tenants() {
		names = append(names, tn.Name)
		switch {
		case tn.Name == "search" && (tn.Weight != 3 || tn.Labels["team"] != "search" || tn.Limits["money/month"] != 12.5 || tn.Models[0] != "gemini-*"),
			tn.Name == "inline" && (tn.MaxConcurrency != 4 || tn.Waiting() != 0):
			t.Errorf("got %+v", tn)
		}
	}
	if got := strings.Join(names, " "); got != "default empty inline off search" {
		t.Errorf("tenants %s", got)
	}
	notes := fmt.Sprint(c.Notes())
	if !strings.Contains(notes, "empty.yaml: keys: the tenant \"empty\" has no key") || strings.Contains(notes, "everybody") {
		t.Errorf("notes %s", notes)
	}
}

// The tenant of client_keys may be listed, to give it limits; its name alone
// makes no key.
func TestTheDefaultTenantMayHaveLimits(t *testing.T) {
	t.Setenv("TEST_OLD", "sixteen-and-more")
	c, err := loadText(t, oneAccount+"client_keys: [{env: TEST_OLD}]\ntenants: [{name: default, weight: 5, limits: {requests/day: 9}}]\n")
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Registry()
	if err != nil {
		t.Fatal(err)
	}
	caller, denied := r.Identify([]string{"sixteen-and-more"}, time.Now())
	if denied != nil || caller.Tenant.Name != tenant.Default || caller.Tenant.Weight != 5 || caller.KeyID != "client-key-1" || len(r.Tenants()) != 1 {
		t.Errorf("%+v, %v", caller, denied)
	}
	x, err := c.Exchange()
	if err != nil || !x.Tenants.Asks() || len(x.ClientKeys) != 1 {
		t.Errorf("%+v, %v", x.ClientKeys, err)
	}
}

// A directory that cannot be read, or has no usable tenant, lets nobody in.
func TestAnEmptyDirectoryIsNoOpenDoor(t *testing.T) {
	c, err := loadText(t, oneAccount+"tenants_dir: "+t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Registry()
	if err != nil || !c.Asks() || !r.Asks() {
		t.Errorf("open: %v", err)
	}
}

// Kubernetes mounts a Secret as links to files behind a link that it swaps.
func TestTenantsOfAMountedSecret(t *testing.T) {
	dir := t.TempDir()
	mount := func(version, text string) {
		t.Helper()
		inner := filepath.Join(dir, version)
		err := os.Mkdir(inner, 0o700)
		err = errors.Join(err, os.WriteFile(filepath.Join(inner, "a.yaml"), []byte(text), 0o600))
		err = errors.Join(err, os.Symlink(version, filepath.Join(dir, "..data_tmp")), os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
		if err != nil {
			t.Fatal(err)
		}
	}
	load := func() *Config {
		t.Helper()
		c, err := loadText(t, oneAccount+"tenants_dir: "+dir)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	mount("..2027_01", "weight: 2\n")
	if err := os.Symlink("..data/a.yaml", filepath.Join(dir, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	first := load()
	mount("..2027_02", "weight: 3\n")
	second := load()
	if first.AllTenants()[0].Weight != 2 || len(second.AllTenants()) != 1 || second.AllTenants()[0].Weight != 3 {
		t.Errorf("got %+v, then %+v", first.AllTenants(), second.AllTenants())
	}
	if first.Sum().Tenants == second.Sum().Tenants || first.Sum().Settings != second.Sum().Settings {
		t.Error("a change of a tenant is not told from one of other settings")
	}
	if !strings.Contains(strings.Join(first.Watched("heald.yaml").Dirs(), "\n"), dir) {
		t.Errorf("not watched: %v", first.Watched("heald.yaml").Dirs())
	}
}

// One mistake each; the message must name file and place.
func TestMistakesWithTenants(t *testing.T) {
	t.Setenv("TEST_SHORT", "sixteen-and-more")
	damaged := tenant.Make().Reveal()
	damaged = damaged[:len(damaged)-1]
	t.Setenv("TEST_DAMAGED", damaged)
	t.Setenv("TEST_SAME", chosenKey)
	for _, c := range []struct{ name, inline, file, want string }{
		{"an unknown key in a file", "", "wieght: 2", "a.yaml: wieght: there is no such setting; did you mean weight? (line 1)"},
		{"no mapping", "", "[1]", "a.yaml: : a list stands"},
		{"no YAML", "", "weight: [", "a.yaml"},
		{"two documents", "", "weight: 1\n---\nweight: 2\n", "a.yaml: there is a second YAML document"},
		{"another name", "", "name: b", `a.yaml: name: "b" is not what the file is called`},
		{"a key in place of its hash", "", "keys: [{hash: " + tenant.HashOf("x").String() + "}]", "a.yaml: keys[0].hash: this looks like a credential"},
		{"no hash", "", "keys: [{hash: sha256:12}]", "a.yaml: keys[0].hash: the hash is cut off"},
		{"nothing", "", "keys: [{id: x}]", "a.yaml: keys[0]: there is no key"},
		{"several", "", "keys: [{" + hashed("a") + ", env: TEST_SAME}]", "a.yaml: keys[0]: give hash, env or file, not several"},
		{"a short key", "{name: b, keys: [{env: TEST_SHORT}]}", "", "tenants[0].keys[0]: the key has 16 characters, fewer than 24"},
		{"a damaged key", "{name: b, keys: [{env: TEST_DAMAGED}]}", "", "its checksum is wrong"},
		{"an empty variable", "{name: b, keys: [{env: TEST_NOTHING}]}", "", "tenants[0].keys[0]: environment variable TEST_NOTHING is empty"},
		{"the same key in both", "{name: b, keys: [{env: TEST_SAME}]}", "keys: [{" + hashed(chosenKey) + "}]", "a.yaml: keys[0]: is the same key as tenants[0].keys[0]"},
		{"the same name in both", "{name: a}", "weight: 1", `a.yaml: name: "a" is used twice, first by tenants[0]`},
		{"a limit that is none", "", "limits: {tokens/week: 5}", `a.yaml: limits: there is no limit "tokens/week"`},
		{"a limit that is no number", "", "limits: {tokens/day: many}", `a.yaml: limits.tokens/day: "many" is not a number`},
		{"a time that is none", "", "keys: [{" + hashed("a") + ", expires: tomorrow}]", `a.yaml: keys[0].expires: "tomorrow" stands where a time belongs`},
		{"no name", "{weight: 2}", "", "tenants[0].name: is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := files(t, map[string]string{"a.yaml": c.file})
			text := oneAccount + "tenants: [" + c.inline + "]\n"
			if c.file != "" {
				text += "tenants_dir: " + dir + "\n"
			}
			cfg, err := loadText(t, text)
			if err == nil {
				err = cfg.Validate()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), damaged) || strings.Contains(err.Error(), chosenKey) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := loadText(t, oneAccount+"tenants_dir: /nonexistent/tenants"); err == nil || !strings.Contains(err.Error(), "tenants_dir: the directory /nonexistent/tenants does not exist") {
		t.Errorf("no directory: %v", err)
	}
}

func TestAuth(t *testing.T) {
	t.Setenv("TEST_OLD", "sixteen-and-more")
	for _, c := range []struct{ name, text, public, problem, note string }{
		{"everybody here", "", "", "", "everybody who can connect to Envoy may call"},
		{"everybody here, in words", "auth: none\n", "", "", ""},
		{"everybody everywhere", "", "0.0.0.0:10000", "--listen: 0.0.0.0:10000 can be reached from other machines, and there are neither tenants nor client_keys", ""},
		{"everybody everywhere, in words", "auth: none\n", "0.0.0.0:10000", "", ""},
		{"client keys", "client_keys: [{env: TEST_OLD}]\n", "0.0.0.0:10000", "", ""},
		{"tenants", "tenants: [{name: a, keys: [{" + hashed("k") + "}]}]\n", "0.0.0.0:10000", "", ""},
		{"tenants and everybody", "auth: none\ntenants: [{name: a}]\n", "", "auth: there are tenants or client_keys beside auth: none", ""},
		{"client keys and everybody", "auth: none\nclient_keys: [{env: TEST_OLD}]\n", "", "beside auth: none", ""},
		{"another word", "auth: off\n", "", `auth: "off" is not "none"`, ""},
	} {
		cfg, err := loadText(t, oneAccount+c.text)
		if err != nil {
			t.Fatal(err)
		}
		cfg.public = c.public
		err = cfg.Validate()
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, want %q", c.name, err, c.problem)
		}
		if err != nil {
			continue
		}
		var notes []string
		for _, n := range cfg.Notes() {
			if n.Path == "tenants" {
				notes = append(notes, (&setting.Problem{Found: n.Found, Consequence: n.Consequence}).Error())
			}
		}
		if got := strings.Join(notes, "; "); (got == "") != (c.note == "") || !strings.Contains(got, c.note) {
			t.Errorf("%s: note %q, want %q", c.name, got, c.note)
		}
	}
}

func TestNewTenantKey(t *testing.T) {
	at := time.Date(2027, 1, 31, 13, 0, 0, 7, time.FixedZone("", 3600))
	k := NewTenantKey("k", chosenKey, at)
	if k.ID != "k" || k.Hash != "sha256:"+tenant.HashOf(chosenKey).String() || k.Created.Format(time.RFC3339Nano) != now || k.Name(4) != "k" || (TenantKey{}).Name(4) != "key-5" {
		t.Errorf("got %+v", k)
	}
}

// A file that is half written, a link that leads nowhere and one that everybody may
// change are told as what they are.
func TestFaultsOfTenantFiles(t *testing.T) {
	t.Setenv("TEST_KEY", "k")
	for _, c := range []struct{ name, text, want string }{
		{"a hash that is cut off", "keys:\n- id: k\n  hash: sha256:0123", "a.yaml: keys[0].hash: the hash is cut off: it has 11 of 71 characters"},
		{"a prefix that is cut off", "keys:\n- id: k\n  hash: sha2", "if the file was cut off while it was written, write it whole"},
		{"a key that is cut off", "keys:\n- id: k", "if the file was cut off while it was written, write it whole"},
	} {
		cfg, err := loadText(t, oneAccount+"tenants_dir: "+files(t, map[string]string{"a.yaml": c.text})+"\n")
		if err == nil {
			err = cfg.Validate()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}

	dir := files(t, map[string]string{"a.yaml": "keys: [{" + hashed("k") + "}]"})
	text := oneAccount + "tenants_dir: " + dir + "\n"
	notes := func() (out string) {
		t.Helper()
		cfg, err := loadText(t, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range cfg.Notes() {
			out += n.Error() + "\n"
		}
		return out
	}
	if got := notes(); strings.Contains(got, "may change it") {
		t.Errorf("before: %s", got)
	}
	if err := os.Chmod(filepath.Join(dir, "a.yaml"), 0o606); err != nil {
		t.Fatal(err)
	}
	if got := notes(); !strings.Contains(got, "a.yaml: has the mode 0606: everybody on this machine may change it") {
		t.Errorf("a file: %s", got)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if got := notes(); !strings.Contains(got, dir+": has the mode 0777") {
		t.Errorf("the directory: %s", got)
	}
	if err := os.Symlink("nowhere.yaml", filepath.Join(dir, "l.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := loadText(t, text); err == nil || !strings.Contains(err.Error(), "l.yaml: is a link to nowhere.yaml, which does not exist") || !strings.Contains(err.Error(), "remove the link") {
		t.Errorf("a link: %v", err)
	}
}
