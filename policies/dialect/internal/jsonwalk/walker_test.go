package jsonwalk

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestWhere(t *testing.T) {
	for brackets, want := range map[bool]string{true: "messages[3].content[0].url", false: "messages.3.content.0.url"} {
		w := Walker{Req: &conversation.Request{}, Brackets: brackets}
		err := w.Within("messages", func() error {
			return w.At(3, func() error {
				return w.Within("content", func() error {
					return w.At(0, func() error { return w.Invalid("url", "Field %s", "required") })
				})
			})
		})
		var known *conversation.Error
		if !errors.As(err, &known) || known.Param != want || known.Message != want+": Field required" {
			t.Errorf("brackets %v: %#v, want param %s", brackets, err, want)
		}
		if got := w.Where("x"); got != "x" {
			t.Errorf("after the walk the place is %q", got)
		}
	}
}

// A place is remembered as the first four steps of a path.
func TestPlace(t *testing.T) {
	var w Walker
	got := []conversation.Place{w.Place("system")}
	note := func(name string) func() error {
		return func() error { got = append(got, w.Place(name)); return nil }
	}
	_ = w.Within("messages", func() error {
		return w.At(3, func() error {
			_ = note("content")()
			return w.Within("content", func() error {
				return w.At(7, func() error {
					_ = note("text")()
					return w.Within("source", func() error { return w.At(9, note("data")) })
				})
			})
		})
	})
	_ = w.Within("instructions", note("text"))
	want := []conversation.Place{
		{Root: "system", Item: -1, Index: -1},
		{Root: "messages", Item: 3, Field: "content", Index: -1},
		{Root: "messages", Item: 3, Field: "content", Index: 7},
		{Root: "messages", Item: 3, Field: "content", Index: 7},
		{Root: "instructions", Item: -1, Field: "text", Index: -1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

var testTable = &Table{Name: "test", Fields: []Field{
	{"mapped", Map, ""}, {"dropped", Drop, ""}, {"warned", Warn, "no"}, {"refused", Refuse, "no"}, {"dated_*", Map, ""},
}}

func TestObey(t *testing.T) {
	tests := []struct {
		object, use string // names that are left
		warnings    int
		refused     bool
	}{
		{`{"mapped":1,"dropped":2,"dated_2025":3}`, "mapped dated_2025", 0, false},
		{`{"mapped":null,"refused":null,"unknown":null}`, "", 0, false},
		{`{"warned":1,"unknown":2}`, "", 2, false},
		{`{"warned":[ ],"refused":""}`, "", 0, false},
		{`{"warned":{"a":1}}`, "", 1, false},
		{`{"refused":true}`, "", 0, true},
		{`{"mapped":1,"mapped":null}`, "", 0, false},
	}
	for _, tt := range tests {
		w := Walker{Req: &conversation.Request{}}
		var left []string
		err := w.Object(jsontext.Value(tt.object), func(m Members) error {
			if err := m.Apply(testTable); err != nil {
				return err
			}
			for _, name := range []string{"mapped", "dropped", "warned", "refused", "unknown", "dated_2025"} {
				if m.Get(name) != nil {
					left = append(left, name)
				}
			}
			return nil
		})
		if got := strings.Join(left, " "); got != tt.use || len(w.Req.Warnings) != tt.warnings || (err != nil) != tt.refused {
			t.Errorf("%s: left %q, warnings %v, error %v", tt.object, got, w.Req.Warnings, err)
		}
	}
}

func TestLimits(t *testing.T) {
	w := Walker{Req: &conversation.Request{}}
	var b strings.Builder
	for i := range maxMembers + 1 {
		fmt.Fprintf(&b, `,"%d":1`, i)
	}
	err := w.Object(jsontext.Value("{"+b.String()[1:]+"}"), func(Members) error { return nil })
	if err == nil {
		t.Error("an object with too many fields was read")
	}
	for i := range 1000 {
		w.Warn(strings.Repeat("x", 1000)+fmt.Sprint(i), "no")
		w.Warn(fmt.Sprint(i), "no")
	}
	if n := len(w.Req.Warnings); n != MaxWarnings || w.Req.OmittedWarnings == 0 {
		t.Errorf("%d warnings and %d more, want %d and more", n, w.Req.OmittedWarnings, MaxWarnings)
	}
	for _, x := range w.Req.Warnings {
		if len(x.Field) > maxName {
			t.Errorf("a warning repeats %d characters", len(x.Field))
		}
	}
}

func TestCount(t *testing.T) {
	tests := []struct {
		in   string
		want int
		ok   bool
	}{
		{"0", 0, true}, {"4e3", 4000, true}, {"4000.0", 4000, true}, {"1.5", 0, false}, {"-1", 0, false},
		{"1e300", 0, false}, {`"1"`, 0, false}, {"true", 0, false},
	}
	for _, tt := range tests {
		w := Walker{Req: &conversation.Request{}}
		got, err := w.Count("n", jsontext.Value(tt.in))
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("Count(%s) = %d, %v, want %d, %v", tt.in, got, err, tt.want, tt.ok)
		}
	}
}

func TestSyntax(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":`: "ends too early", `{"a":1} 2`: "something follows", `{a}`: "not valid JSON",
	} {
		var r Reader
		r.Reset([]byte(in))
		_, err := r.Value()
		if err == nil {
			err = r.End()
		}
		var known *conversation.Error
		if !errors.As(Syntax(err), &known) || !strings.Contains(known.Message, want) {
			t.Errorf("%s: %v, want %q in it", in, Syntax(err), want)
		}
	}
}

// What a walk finds is what was there: each leaf is a slice of the text, in
// order and of the right place.
func FuzzReader(f *testing.F) {
	for _, s := range []string{`{"a":[1,"b",{"c":null}],"a":2}`, ` [ ] `, `{"a\u0062":"\n"}`, `[1,`, `{"a"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		valid := jsontext.Value(in).IsValid(jsontext.AllowDuplicateNames(true))
		var r Reader
		r.Reset(in)
		err := walk(&r, 0)
		if err == nil {
			err = r.End()
		}
		if (err == nil) != valid {
			t.Fatalf("%q is valid: %v, walk says %v", in, valid, err)
		}
	})
}

// walk reads everything, the deepest levels as whole values.
func walk(r *Reader, depth int) error {
	switch k := r.Kind(); {
	case k == '{' && depth < 5:
		return r.Object(func([]byte) error { return walk(r, depth+1) })
	case k == '[' && depth < 5:
		return r.Array(func(int) error { return walk(r, depth+1) })
	}
	v, err := r.Value()
	if err == nil && !v.IsValid(jsontext.AllowDuplicateNames(true)) {
		return fmt.Errorf("%q is not a value", v)
	}
	return err
}
