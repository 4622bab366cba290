package gemini

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func item(path, value string) argPiece {
	p := argPiece{path: path}
	if value != "" {
		p.value = jsontext.Value(value)
	}
	return p
}

func TestPartialArgs(t *testing.T) {
	for _, c := range []struct {
		name  string
		items []argPiece
		want  string
	}{
		{"nothing", nil, `{}`},
		{"scalars", []argPiece{item("$.a", `2`), item("$.b", `true`), item("$.c", `null`)}, `{"a":2,"b":true,"c":null}`},
		{"string in pieces", []argPiece{item("$.a", `"USA"`), item("$.a", `" and \"more\""`), item("$.a", `""`)}, `{"a":"USA and \"more\""}`},
		{"strings one after another", []argPiece{item("$.a", `"x"`), item("$.a", `""`), item("$.b", `"y"`)}, `{"a":"x","b":"y"}`},
		{"objects in an array", []argPiece{
			item("$.ops[0].action", `"add"`), item("$.ops[0].price", `0.5`),
			item("$.ops[1].action", `"add"`), item("$.ops[1].action", `""`), item("$.n", `1`),
		}, `{"ops":[{"action":"add","price":0.5},{"action":"add"}],"n":1}`},
		{"quoted keys", []argPiece{item(`$['a.b']["c[0]"]`, `1`), item(`$['a.b']['it\'s']`, `2`)}, `{"a.b":{"c[0]":1,"it's":2}}`},
		{"keys that look like others", []argPiece{item("$.file-path", `1`), item("$.größe", `2`)}, `{"file-path":1,"größe":2}`},
		{"nested arrays", []argPiece{item("$.m[0][0]", `1`), item("$.m[0][1]", `2`), item("$.m[1][0]", `3`)}, `{"m":[[1,2],[3]]}`},
		{"skipped elements", []argPiece{item("$.m[2]", `1`)}, `{"m":[null,null,1]}`},
		{"surrogate pair over two pieces", []argPiece{item("$.a", `"x\ud83d"`), item("$.a", `"\ude00y"`)}, `{"a":"x\ud83d\ude00y"}`},
		{"half a pair", []argPiece{item("$.a", `"x\ud83d"`), item("$.b", `1`)}, `{"a":"x\ufffd","b":1}`},
		{"an escaped backslash is no escape", []argPiece{item("$.a", `"\\ud83d"`), item("$.a", `"z"`)}, `{"a":"\\ud83dz"}`},
		{"item without value", []argPiece{item("$.a", ``), item("$.b", `1`)}, `{"b":1}`},
		{"same value again", []argPiece{item("$.a", `1`), item("$.b", `2`), item("$.a", `1`)}, `{"a":1,"b":2}`},

		// Out of order: the top-level member is written again on close.
		{"back to a closed object", []argPiece{item("$.a.x", `1`), item("$.b", `2`), item("$.a.y", `3`)},
			`{"a":{"x":1},"b":2,"a":{"x":1,"y":3}}`},
		{"back to a closed string", []argPiece{item("$.a", `"x"`), item("$.b", `2`), item("$.a", `"y"`)},
			`{"a":"x","b":2,"a":"xy"}`},
		{"another value", []argPiece{item("$.a", `1`), item("$.a", `2`)}, `{"a":1,"a":2}`},
		{"value becomes object", []argPiece{item("$.a", `"s"`), item("$.a.b", `1`), item("$.a.c", `2`)},
			`{"a":"s","a":{"b":1,"c":2}}`},
		{"deep in an array", []argPiece{item("$.m[0].a", `1`), item("$.m[1].a", `2`), item("$.m[0].b", `3`)},
			`{"m":[{"a":1},{"a":2}],"m":[{"a":1,"b":3},{"a":2}]}`},
	} {
		got, err := assemble(c.items)
		if err != nil || got != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}

// assemble adds one piece after the other and joins what was written.
func assemble(items []argPiece) (string, error) {
	var a partialArgs
	var out []byte
	for _, p := range items {
		piece, err := a.add(nil, p)
		if err != nil {
			return "", err
		}
		out = append(out, piece...)
	}
	return string(append(out, a.close(nil)...)), nil
}

func TestPartialArgsStream(t *testing.T) {
	var a partialArgs
	for _, c := range []struct{ path, value, want string }{
		{"$.a", `"x"`, `{"a":"x`},
		{"$.a", `"y"`, `y`},
		{"$.b[0]", `1`, `","b":[1`},
		{"$.b[1]", `2`, `,2`},
	} {
		got, err := a.add(nil, item(c.path, c.value))
		if err != nil || string(got) != c.want {
			t.Errorf("%s %s: wrote %s, %v; want %s", c.path, c.value, got, err, c.want)
		}
	}
	if got := string(a.close(nil)); got != "]}" {
		t.Errorf("close wrote %s, want ]}", got)
	}
}

func TestPartialArgsMerge(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"the same", `{"a":"x","b":{"c":1}}`, `{"a":"x","b":{"c":1}}`},
		{"more", `{"a":"x","b":{"c":1},"d":2}`, `{"a":"x","b":{"c":1},"d":2}`},
		{"other", `{"a":"xyz","b":{"c":1}}`, `{"a":"x","b":{"c":1},"a":"xyz"}`},
	} {
		var a partialArgs
		out, err := a.add(nil, item("$.a", `"x"`))
		if err != nil {
			t.Fatal(err)
		}
		if out, err = a.add(out, item("$.b.c", `1`)); err != nil {
			t.Fatal(err)
		}
		if out, err = a.merge(out, []byte(c.args)); err != nil {
			t.Fatal(err)
		}
		if got := string(a.close(out)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestPartialArgsRefused(t *testing.T) {
	for _, path := range []string{
		"", "a", "$", "$.", "$..a", "$.*", "$[0]", "$.a[*]", "$.a[-1]", "$.a[1:2]", "$.a[?@.b]", "$.a['b'", "$.a['b",
		"$.a[", "$.a[]", "$.a b[0", "$.a['\\", "$.a['\\u12']", strings.Repeat("$.a", 2000), "$" + strings.Repeat(".a", 65),
	} {
		if _, err := assemble([]argPiece{item(path, `1`)}); !errors.Is(err, errPath) {
			t.Errorf("path %.40q: got %v, want %v", path, err, errPath)
		}
	}
	if _, err := assemble([]argPiece{item("$.a[1000000]", `1`)}); !errors.Is(err, errArgsLimit) {
		t.Errorf("a far index: got %v, want %v", err, errArgsLimit)
	}
	long := `"` + strings.Repeat("x", maxArgBytes/4) + `"`
	if _, err := assemble(slices.Repeat([]argPiece{item("$.a", long)}, 4)); !errors.Is(err, errArgsLimit) {
		t.Errorf("a long string: got %v, want %v", err, errArgsLimit)
	}
	var many []argPiece
	for i := range maxArgNodes {
		many = append(many, item(fmt.Sprintf("$.a[%d]", i), `1`))
	}
	if _, err := assemble(many); !errors.Is(err, errArgsLimit) {
		t.Errorf("many values: got %v, want %v", err, errArgsLimit)
	}
}

// Whatever comes in whatever order, the pieces are one JSON object, and it is
// the one that a simple assembler over maps makes.
func FuzzPartialArgs(f *testing.F) {
	f.Add("$.a\x00\"x\"\n$.a\x00\"y\"\n$.b[1].c\x001")
	f.Add("$.a.x\x001\n$.b\x002\n$.a.y\x00\"\\ud83d\"\n$.a.y\x00\"\\ude00\"")
	f.Add("$['a b']\x00null\n$['a b'].c\x00true\n$['a b'][0]\x00false")
	f.Fuzz(func(t *testing.T, script string) {
		var items []argPiece
		want := map[string]any{}
		for line := range strings.Lines(script) {
			path, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\x00")
			path = strings.ToValidUTF8(path, "?") // as the walker reads it
			v := jsontext.Value(value)
			if k := v.Kind(); !v.IsValid(jsontext.AllowInvalidUTF8(true)) || k == '{' || k == '[' {
				continue
			}
			steps, err := parsePath(path)
			if err != nil {
				continue
			}
			// The simple assembler cannot join halves of surrogate pairs.
			var plain any
			if json.Unmarshal(v, &plain) != nil || strings.Contains(fmt.Sprint(plain), "\ufffd") {
				continue
			}
			if far(steps) {
				continue
			}
			items = append(items, item(path, strings.TrimSpace(value)))
			want = set(want, steps, plain).(map[string]any)
		}
		text, err := assemble(items)
		if err != nil {
			t.Fatal(err)
		}
		if !jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("not JSON: %s", text)
		}
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	})
}

func far(steps []step) bool {
	for _, s := range steps {
		if s.index > 20 {
			return true
		}
	}
	return false
}

// set is the simple assembler.
func set(into any, steps []step, value any) any {
	if len(steps) == 0 {
		old, isString := into.(string)
		if next, ok := value.(string); ok && isString {
			return old + next
		}
		return value
	}
	s := steps[0]
	if s.indexed {
		list, _ := into.([]any)
		for len(list) <= s.index {
			list = append(list, nil)
		}
		list[s.index] = set(list[s.index], steps[1:], value)
		return list
	}
	m, ok := into.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	m[s.name] = set(m[s.name], steps[1:], value)
	return m
}
