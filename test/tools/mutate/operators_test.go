package main

import (
	"slices"
	"strings"
	"testing"
)

// Every mistake that is made in a function body, as the lines that it touches.
func TestMutants(t *testing.T) {
	for _, c := range []struct {
		name, body string
		want       []string
	}{
		{"condition", "if a < b { x(); y() }", []string{
			"if !(a < b) { x(); y() }", "if a <= b { x(); y() }", "if a < b {}", "if a < b { ; y() }", "if a < b { x(); }"}},
		{"conjunction", "_ = a && b == c", []string{"_ = a || b == c", "_ = a", "_ = b == c", "_ = a && b != c"}},
		{"text that is compared with", `_ = f("x", s == "y", strings.HasPrefix(s, "z"))`, []string{
			`_ = f("x", s == "y~", strings.HasPrefix(s, "z"))`, `_ = f("x", s != "y", strings.HasPrefix(s, "z"))`, `_ = f("x", s == "y", strings.HasPrefix(s, "z~"))`}},
		{"numbers and names", "v := min(10, len(x)) + f(true)", []string{
			"v := min(11, len(x)) + f(true)", "v := min(9, len(x)) + f(true)", "v := max(10, len(x)) + f(true)",
			"v := min(10, len(x)) - f(true)", "v := min(10, len(x)) + f(false)"}},
		{"statements", "n++; defer f(); x = y; n += z", []string{
			"n--; defer f(); x = y; n += z", "; defer f(); x = y; n += z", "n++; ; x = y; n += z",
			"n++; defer f(); _ = y; n += z", "n++; defer f(); x = y; n -= z", "n++; defer f(); x = y; _ = z"}},
		{"switch", `switch x { case "a": f() }`, []string{
			`switch x { case "a~": f() }`, `switch x { case "a": }`}},
		{"switch without a tag", "switch { case a: f() }", []string{"switch { case !(a): f() }", "switch { case a: }"}},
		{"loop", "for i < n { break }", []string{"for !(i < n) { break }", "for i <= n { break }", "for i < n { continue }", "for i < n { }"}},
		{"returned values", "if ok { return a, b }; return c, d", []string{
			"if !(ok) { return a, b }; return c, d", "if ok { }; return c, d", "if ok { return b, a }; return c, d", "if ok { return a, b }; return d, c"}},
		{"nothing", `x := f("a")`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			head, tail := "package p\n\nfunc f() {\n", "\n}\n"
			found, err := mutants("p/f.go", []byte(head+c.body+tail))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range found {
				if text := string(m.mutated()); !strings.HasPrefix(text, head) || !strings.HasSuffix(text, tail) {
					t.Fatalf("changed elsewhere: %s", text)
				}
				before, after := m.lines()
				if before != c.body || m.place() != "p/f.go:4" {
					t.Errorf("%s: %q", m.place(), before)
				}
				if !slices.Contains(got, after) {
					got = append(got, after)
				}
			}
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("not made: %s", w)
				}
			}
			for _, g := range got {
				if !slices.Contains(c.want, g) {
					t.Errorf("not wanted: %s", g)
				}
			}
		})
	}
}

// Imports, types and struct tags hold nothing that a test could notice.
func TestMutantsOfDeclarations(t *testing.T) {
	found, err := mutants("f.go", []byte("package p\n\nimport \"strings\"\n\ntype a [4]int\n\nconst n = 2\n\nvar s = struct{ f int `x:\"1\"` }{3}\n"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found {
		_, after := m.lines()
		got = append(got, after)
	}
	want := []string{"const n = 3", "const n = 1", "var s = struct{ f int `x:\"1\"` }{4}", "var s = struct{ f int `x:\"1\"` }{2}"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
