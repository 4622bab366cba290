package main

import (
	"strings"
	"testing"
)

const good = `{"components":[
 {"name":"a","version":"v1","evidence":{"licenses":[{"license":{"id":"MIT"}}]}},
 {"name":"golang.org/x/b","version":"v2","licenses":[{"license":{"id":"BSD-Source-Code"}}]}]}`

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, sbom, want string }{
		{"good", good, ""},
		{"copyleft", `{"components":[{"name":"a","version":"v1","licenses":[{"license":{"id":"AGPL-3.0-only"}}]}]}`, "AGPL-3.0-only may not be linked"},
		{"one of two", `{"components":[{"name":"a","version":"v1","licenses":[{"license":{"id":"MIT"}},{"license":{"id":"GPL-2.0-only"}}]}]}`, "GPL-2.0-only may not"},
		{"none", `{"components":[{"name":"a","version":"v1"}]}`, "no licence was found"},
		{"empty", `{}`, "lists no module"},
		{"no JSON", `x`, "read the bill"},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, second(read([]byte(c.sbom))), c.want) })
	}
}

func TestCompare(t *testing.T) {
	modules, err := read([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	text := withList("heald\n\n", modules)
	for _, c := range []struct{ name, text, want string }{
		{"as written", text, ""},
		{"a module lacks", strings.Replace(text, "  a (MIT)\n", "", 1), `lacks "a (MIT)"`},
		{"another licence", strings.Replace(text, "a (MIT)", "a (ISC)", 1), `lacks "a (MIT)"`},
		{"a stale module", strings.Replace(text, "  a (MIT)\n", "  a (MIT)\n  c (MIT)\n", 1), `names "c (MIT)"`},
		{"no list", "heald", "no list"},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, compare(c.text, modules), c.want) })
	}
	if again := withList(text, modules); again != text {
		t.Errorf("written again it differs:\n%s", again)
	}
}

func second[T any](_ T, err error) error { return err }

func expect(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("got %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %q in it", err, want)
	}
}

// What was read by hand wins over what was detected.
func TestByHand(t *testing.T) {
	got, err := read([]byte(`{"components":[{"name":"modernc.org/sqlite","version":"v1","licenses":[{"license":{"id":"Apache-2.0"}}]}]}`))
	if err != nil || len(got) != 1 || got[0].licence != "BSD-3-Clause" {
		t.Errorf("%+v, %v", got, err)
	}
}
