package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/cmd/heald/config"
	policy "github.com/heald-proxy/heald/policies/tenant"
)

// A script can pipe the key: nothing else is on standard output.
func TestTenantCommand(t *testing.T) {
	file := write(t, "heald.yaml", minimal)
	code, key, errs := heald(t, "tenant", "add", "search", "--file", file, "--models", "gemini-*,claude-*", "--limit", "requests/day=10", "--limit", "money/month=2.5", "--label", "team=a", "--max-waiting", "0", "--weight=2")
	if code != exitOK || policy.FormOf(strings.TrimSuffix(key, "\n")) != policy.Made || strings.Contains(errs, strings.TrimSpace(key)) || !strings.Contains(errs, "next: ") || !strings.Contains(errs, file) {
		t.Fatalf("add: exit %d, %q, %s", code, key, errs)
	}
	code, again, errs := heald(t, "tenant", "rotate", "--keep-old", "1h", "--file", file, "search")
	if code != exitOK || again == key || policy.FormOf(strings.TrimSuffix(again, "\n")) != policy.Made || !strings.Contains(errs, "works until ") {
		t.Errorf("rotate: exit %d, %q, %s", code, again, errs)
	}
	code, out, _ := heald(t, "tenant", "list", "--json", "--file", file)
	var rows []struct {
		Name   string
		Keys   []struct{ ID string }
		Models []string
		Limits map[string]float64
	}
	if err := json.Unmarshal([]byte(out), &rows); code != exitOK || err != nil || len(rows) != 1 || len(rows[0].Keys) != 2 || len(rows[0].Models) != 2 || rows[0].Limits["money/month"] != 2.5 {
		t.Fatalf("list: exit %d, %v, %s", code, err, out)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"remove-key", "search", rows[0].Keys[0].ID}, "has no key " + rows[0].Keys[0].ID + " any more"},
		{[]string{"disable", "search"}, "tenant search is disabled in"},
		{[]string{"disable", "search"}, "is disabled already; nothing was changed"},
		{[]string{"enable", "search"}, "tenant search is enabled in"},
	} {
		if code, out, errs := heald(t, append(append([]string{"tenant"}, c.args...), "--file", file)...); code != exitOK || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%v: exit %d, %q, %q", c.args, code, out, errs)
		}
	}
	if _, out, _ := heald(t, "tenant", "list", "--file", file); !regexp.MustCompile(`NAME +STATE[^\n]*\nsearch +enabled +` + rows[0].Keys[1].ID).MatchString(out) {
		t.Errorf("list:\n%s", out)
	}
	t.Setenv("KEY", "a credential of the tests")
	if code, out, _ := heald(t, "check", "--config", file); code != exitOK || strings.Contains(out, "no key is asked for") {
		t.Errorf("check: exit %d, %s", code, out)
	}
}

func TestMistakesWithTheTenantCommand(t *testing.T) {
	file := write(t, "heald.yaml", minimal)
	secret := policy.Make().Reveal()
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"no command", nil, exitOK, "remove-key NAME KEY-ID"},
		{"another command", []string{"delete", "a"}, exitUsage, "there is no such command"},
		{"no name", []string{"add", "--file", file}, exitUsage, "want 1 arguments besides flags, not 0; see heald tenant add -h"},
		{"two names", []string{"add", "a", "b", "--file", file}, exitUsage, "not 2"},
		{"a name for the list", []string{"list", "a"}, exitUsage, "want 0 arguments"},
		{"an unknown flag", []string{"add", "a", "--frob"}, exitUsage, "there is no flag --frob; see heald tenant add -h"},
		{"a limit without a number", []string{"add", "a", "--limit", "tokens/day"}, exitUsage, `--limit: "tokens/day" is not NAME=NUMBER`},
		{"an unknown limit", []string{"add", "a", "--file", file, "--limit", "tokens/week=5"}, exitFailed, "write one of requests/minute"},
		{"a label without a value", []string{"add", "a", "--label", "x"}, exitUsage, "is not NAME=VALUE"},
		{"waiting", []string{"add", "a", "--max-waiting", "few"}, exitUsage, "is not a whole number"},
		{"both places", []string{"list", "--file", file, "--dir", "/nonexistent"}, exitUsage, "not both"},
		{"a negative time", []string{"rotate", "a", "--file", file, "--keep-old", "-1h"}, exitUsage, "--keep-old: is negative"},
		{"a key on the command line", []string{"add", "a", "--key", secret}, exitUsage, "looks like a credential"},
		{"nowhere", []string{"list", "--dir", "/nonexistent"}, exitFailed, "/nonexistent does not exist"},
	} {
		code, out, errs := heald(t, append([]string{"tenant"}, c.args...)...)
		if code != c.code || (out == "") == (code == exitOK) || !strings.Contains(out+errs, c.want) || strings.Contains(errs, secret) {
			t.Errorf("%s: exit %d, want %d with %q:\n%s%s", c.name, code, c.code, c.want, out, errs)
		}
	}
	if data, err := os.ReadFile(file); err != nil || string(data) != minimal {
		t.Errorf("changed: %v\n%s", err, data)
	}
}

// Where everybody may call, it is said.
func TestOpenDoorIsSaid(t *testing.T) {
	t.Setenv("KEY", "a credential of the tests")
	t.Setenv("CHOSEN", "chosen-by-the-operator-24")
	for _, c := range []struct{ text, check, up, key string }{
		{minimal, ": tenants: no key is asked for", "NO KEY IS ASKED FOR: everybody who can connect to 1.2.3.4:5 may call", "heald"},
		{minimal + "auth: none\n", "auth: none: NO KEY IS ASKED FOR", "NO KEY IS ASKED FOR", "heald"},
		{minimal + "tenants: [{name: a, keys: [{env: CHOSEN}]}]\n", "", "clients need a key", "$HEALD_CLIENT_KEY"},
	} {
		file := write(t, "heald.yaml", c.text)
		code, out, _ := heald(t, "check", "--config", file)
		if open := strings.Contains(strings.ToLower(out), "no key is asked for"); code != exitOK || open != (c.check != "") || !strings.Contains(out, c.check) {
			t.Errorf("check: exit %d, %s", code, out)
		}
		cfg, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		var said strings.Builder
		if key := tellAuth(&said, cfg, "1.2.3.4:5"); key != c.key || !strings.Contains(said.String(), c.up) {
			t.Errorf("up: key %s, %s", key, said.String())
		}
	}
}

// A tenant that heald.yaml has already may not be added beside it: every later
// reload would be refused. Where nobody knows which heald.yaml that is, it is said.
func TestTenantOfADirectoryIsComparedWithHealdYAML(t *testing.T) {
	t.Setenv("CHOSEN", "a-key-that-was-chosen-for-this-test")
	here := t.TempDir()
	t.Chdir(here)
	if err := os.Mkdir("tenants", 0o700); err != nil {
		t.Fatal(err)
	}
	file := write(t, "elsewhere.yaml", minimal+"tenants_dir: "+filepath.Join(here, "tenants")+"\ntenants: [{name: ads, keys: [{env: CHOSEN}]}]\n")
	other := write(t, "other.yaml", minimal+"tenants_dir: "+t.TempDir()+"\n")
	for _, c := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"the name of another", []string{"ads", "--config", file}, exitFailed, `there is a tenant "ads" already`},
		{"of another directory", []string{"new", "--config", other}, exitFailed, "its tenants_dir is not tenants"},
		{"of no file", []string{"new", "--config", "nowhere.yaml"}, exitFailed, "nowhere.yaml"},
		{"a name of its own", []string{"search", "--config", file}, exitOK, "tenant search was added to"},
		{"nobody says", []string{"lab"}, exitOK, "not checked: whether the heald.yaml that reads tenants has a tenant lab already"},
	} {
		code, _, errs := heald(t, append([]string{"tenant", "add", "--dir", "tenants"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.want) || c.want[:3] != "not" && strings.Contains(errs, "not checked") {
			t.Errorf("%s: exit %d, %s", c.name, code, errs)
		}
	}
	// The one in this directory is found by itself.
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile("heald.yaml", text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if code, _, errs := heald(t, "tenant", "add", "--dir", "tenants", "ads"); code != exitFailed || !strings.Contains(errs, "heald.yaml: there is a tenant \"ads\" already") {
		t.Errorf("found: exit %d, %s", code, errs)
	}
	if code, _, errs := heald(t, "tenant", "add", "--file", file, "--config", file, "z"); code != exitFailed || !strings.Contains(errs, "--config with --dir alone") {
		t.Errorf("both: exit %d, %s", code, errs)
	}
	if _, err := os.Stat("tenants/ads.yaml"); err == nil {
		t.Error("the tenant was written")
	}
}
