package jsonwalk

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// child is a value within another, and its name if that is an object.
type child struct{ name, value []byte }

// read lists the children of v the strict way.
func read(t *testing.T, v jsontext.Value) (list []child) {
	var r Reader
	r.Reset(v)
	add := func(name []byte) error {
		v, err := r.Value()
		list = append(list, child{name, v})
		return err
	}
	err := error(nil)
	switch v.Kind() {
	case '{':
		err = r.Object(add)
	case '[':
		err = r.Array(func(int) error { return add(nil) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// In what is valid the quick way finds what the strict one does; in anything
// else it comes to an end.
func FuzzValid(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,"b",{"c":null}],"a":2}`, ` [ ] `, `{ }`, `{"a\u0062" : "\\" , "c":"\\\""}`, `[-1e5 ,true,[[]], {"]":"}"}]`,
		`[1,`, `{"a"}`, `"\"`, `{"a":"`, `[}`, `]`, `"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		v := jsontext.Value(bytes.TrimSpace(in))
		if len(v) == 0 {
			return
		}
		var got []child
		switch v.Kind() {
		case '{':
			for name, value := range fields(v) {
				got = append(got, child{name, value})
			}
		case '[':
			for i, value := range elements(v) {
				if i != len(got) {
					t.Fatalf("index %d of element %d", i, len(got))
				}
				got = append(got, child{nil, value})
			}
		}
		if !v.IsValid(jsontext.AllowDuplicateNames(true)) {
			return
		}
		want := read(t, v)
		if len(got) != len(want) {
			t.Fatalf("%q: %d children, want %d", v, len(got), len(want))
		}
		for i, w := range want {
			if !bytes.Equal(got[i].name, w.name) || !bytes.Equal(got[i].value, w.value) {
				t.Errorf("%q: child %d is %q: %q, want %q: %q", v, i, got[i].name, got[i].value, w.name, w.value)
			}
		}
	})
}

// BenchmarkElements is a text of code within an array, as tool results are.
func BenchmarkElements(b *testing.B) {
	v := jsontext.Value(`["` + string(bytes.Repeat([]byte(`\tif err := run(\"name\"); err != nil {\n\t\treturn err\n\t}\n`), 80)) + `"]`)
	b.SetBytes(int64(len(v)))
	b.ReportAllocs()
	for b.Loop() {
		for range elements(v) {
		}
	}
}
