package config

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/test/fixture"
)

// misfits are values of wrong types.
var misfits = []string{"{a: 1}", "[1]", "[[1]]", "x", "0", "1", "-1", "1.5", "null", "''", "true", "5s", "12 MiB"}

// TestShapes writes down what is said of every setting with every value that
// does not fit:
//
//	go test ./cmd/heald/config -run TestShapes -update
//
// TestMistakes says what matters of it.
func TestShapes(t *testing.T) {
	const path = "testdata/shapes.txt"
	want, _ := os.ReadFile(path) // Diff reports that it is missing
	var b strings.Builder
	settingsOf(reflect.TypeFor[Config](), "", func(in string) string { return in }, func(path string, file func(string) string) {
		fmt.Fprintln(&b, path)
		said := map[string][]string{}
		var order []string
		for _, value := range misfits {
			text := "taken"
			if _, err := Parse([]byte(file(value))); err != nil {
				text = strings.ReplaceAll(err.Error(), "\n", "\n\t\t")
			}
			if said[text] == nil {
				order = append(order, text)
			}
			said[text] = append(said[text], value)
		}
		for _, text := range order {
			fmt.Fprintf(&b, "\t%s\n\t\t%s\n", strings.Join(said[text], "  "), text)
		}
	})
	fixture.Diff(t, path, want, []byte(b.String()))
}

// settingsOf calls use for every setting within t, with a function that makes a
// file in which it has a value.
func settingsOf(t reflect.Type, path string, file func(string) string, use func(string, func(string) string)) {
	switch {
	case t == sourceType:
		return // TestShapes finds it by the field that has it
	case t.Kind() == reflect.Pointer:
		settingsOf(t.Elem(), path, file, use)
	case t.Kind() == reflect.Slice:
		settingsOf(t.Elem(), path+"[0]", func(in string) string { return file("[" + in + "]") }, use)
	case t.Kind() == reflect.Map:
		settingsOf(t.Elem(), path+".name", func(in string) string { return file("{name: " + in + "}") }, use)
	case t.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			name := yamlName(f)
			if name == "" {
				continue
			}
			inner := func(in string) string { return file("{" + name + ": " + in + "}") }
			use(join(path, name), inner)
			settingsOf(f.Type, join(path, name), inner, use)
		}
	}
}

// What a file as a whole, its keys, merges and aliases may be.
func TestShapesOfFiles(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", ""},
		{"null", "null", ""},
		{"a list", "[1]", "the file: a list stands where a mapping belongs (line 1)"},
		{"a value", "x", `the file: "x" stands where a mapping belongs (line 1)`},
		{"a key that is a list", "? [a]\n: 1\n", "the file: a list stands where the name of a setting belongs (line 1); write a name"},
		{"a key twice", "max_body: 1\nmax_body: 2\n", "max_body: is there twice (line 2): one of the two would not count; join them"},
		{"a key twice, within", "memory: {limit: 64MiB, limit: 65MiB}\n", "memory.limit: is there twice"},
		{"a key by an alias", "memory: {limit: &x 64MiB}\n*x : 1\n", `there is no such setting`},
		{"a value by an alias", "backends: [{name: &x a, kind: *x}]\n", ""},
		{"a value of another kind by an alias", "backends: [{name: &x a, kind: ai_studio}]\nmax_body: *x\n", `max_body: "a" is not a whole number`},
		{"a merge", "policies: {a: &x {attempts: 2}, b: {<<: *x, ping: 1s}}\n", ""},
		{"a merge of several", "policies: {a: &x {attempts: 2}, b: {<<: [*x, {ping: 1s}]}}\n", ""},
		{"a merge with a fault", "policies: {b: {<<: {attempts: x}}}\n", `policies.b.attempts: "x" is not a whole number`},
		{"a merge with a fault in its list", "policies: {b: {<<: [{ping: 1s}, {attempts: x}]}}\n", `policies.b.attempts: "x" is not a whole number`},
		{"a merge of policies", "policies: {<<: {b: {attempts: x}}}\n", `policies.b.attempts: "x" is not a whole number`},
		{"every fault", "max_body: x\nnothing: 1\nmemory: {limit: y}\n", "max_body: \"x\" is not a whole number (line 1)"},
		{"the second fault", "max_body: x\nnothing: 1\nmemory: {limit: y}\n", "nothing: there is no such setting (line 2)"},
		{"the third fault", "max_body: x\nnothing: 1\nmemory: {limit: y}\n", `memory.limit: "y" is no size (line 3)`},
		{"aliases that contain themselves", "policies: &x {a: *x}\n", ""},
	} {
		_, err := Parse([]byte(c.file))
		if c.name == "aliases that contain themselves" {
			if err == nil {
				t.Errorf("%s: taken", c.name)
			}
			continue
		}
		if (err != nil) != (c.want != "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}
