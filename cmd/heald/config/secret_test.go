package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// One key or several; the first seals, so their order counts. Line ends at the
// end of a variable or file are not part of it.
func TestMemoryKeys(t *testing.T) {
	one, other := strings.Repeat("a", leastMemoryKey), strings.Repeat("b", leastMemoryKey)
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte(other+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ONE", one+"\r\n")
	t.Setenv("SHORT", one[1:])
	t.Setenv(KeyVariable, "a credential of the test")
	for file, want := range map[string]string{
		"":                                        "",
		"memory_key: {env: ONE}":                  one,
		"memory_key: [{env: ONE}]":                one,
		"memory_key: [{env: ONE}, {file: PATH}]":  one + " " + other,
		"memory_key: [{file: PATH}, {env: ONE}]":  other + " " + one,
		"memory_key:\n- file: PATH\n- env: ONE\n": other + " " + one,
		"memory_key: {env: SHORT}":                "fewer than 32",
		"memory_key: [{env: SHORT}, {env: ONE}]":  "fewer than 32",
		"memory_key: []":                          "",
	} {
		c, err := Parse([]byte(strings.ReplaceAll(file, "PATH", path)))
		if err != nil {
			t.Fatal(err)
		}
		c.setDefaults()
		x, err := c.Exchange()
		if err != nil {
			if !strings.HasPrefix(want, "fewer") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", file, err, want)
			}
			continue
		}
		var keys []string
		for _, k := range x.MemoryKeys {
			keys = append(keys, string(k))
		}
		if got := strings.Join(keys, " "); got != want {
			t.Errorf("%s: got %q, want %q", file, got, want)
		}
		if strings.Contains(file, "PATH") && !strings.Contains(strings.Join(c.Watched("").Dirs(), " "), filepath.Dir(path)) {
			t.Errorf("%s: the file of the key is not watched", file)
		}
	}
}

// What YAML offers for repetition is read, and checked, as if it were written out.
func TestMergeKeysAndAliases(t *testing.T) {
	const text = `
policies:
  default: &all {attempts: 2, peek: {timeout: 5s}}
  fast: {<<: *all, deadline: 20s}
  both: {<<: [*all, {ping: 5s}]}
models:
  aliases: {a: &m gemini-3.5-flash, b: [*m, {model: *m}]}
`
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if c.Policies["fast"].Attempts != 2 || c.Policies["both"].Ping == 0 || len(c.Models.Aliases["b"]) != 2 || c.Models.Aliases["b"][1].Model != "gemini-3.5-flash" {
		t.Errorf("got %+v", c)
	}
	_, err = Parse([]byte(strings.Replace(text, "ping: 5s", "ping: 0s", 1)))
	if err == nil || !strings.Contains(err.Error(), "policies.both.ping") {
		t.Errorf("a 0 behind a merge key: %v", err)
	}
}

// FuzzParse: whatever heald.yaml is, reading it ends, and what is said about it
// is neither a panic nor the YAML library's own words.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(whole))
	f.Add([]byte("&a [*a, *a, *a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := Parse(data)
		if err == nil {
			return
		}
		said := strings.ReplaceAll(err.Error(), "heald.yaml", "")
		for _, theirs := range []string{"yaml: ", "unmarshal", "strconv", "reflect"} {
			if strings.Contains(said, theirs) && !strings.Contains(string(data), strings.TrimSpace(theirs)) {
				t.Errorf("%q says %v", data, err)
			}
		}
	})
}

// An error tells a name or a path, unless it could be a secret.
func TestShown(t *testing.T) {
	const hidden = "that is named there"
	for in, want := range map[string]string{
		"GEMINI_API_KEY": "GEMINI_API_KEY", "hunter2": hidden, "Secret": hidden, "key.txt": "key.txt", "run/key": "run/key", "/run/key": "/run/key", "~/key": "~/key",
		"./key": "./key", "../key": "../key", "unix:///key": "unix:///key", "AIzaSyA1234567890abcdefghijklmnopqrstuv": hidden, "": "",
		strings.Repeat("A", 200): strings.Repeat("A", 200),
	} {
		if got := shown(in); got != want {
			t.Errorf("%q is shown as %q, want %q", in, got, want)
		}
	}
	if got := shown(strings.Repeat("A ", 150)); len(got) != 200 {
		t.Errorf("%d bytes are shown", len(got))
	}
}
