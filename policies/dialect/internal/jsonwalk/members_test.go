package jsonwalk

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Each way to read a field, with values that fit and that do not; a field that
// is absent or null is no fault but where it must be there.
func TestMembers(t *testing.T) {
	reads := map[string]func(m Members, name string) (any, error){
		"get": func(m Members, name string) (any, error) {
			if v := m.Get(name); v != nil {
				return string(v), nil
			}
			return nil, nil
		},
		"text": func(m Members, name string) (any, error) { v, err := m.Text(name); return string(v), err },
		"need": func(m Members, name string) (any, error) { v, err := m.NeedText(name); return string(v), err },
		"flag": func(m Members, name string) (any, error) { v, err := m.Flag(name); return v, err },
		"object": func(m Members, name string) (out any, err error) {
			err = m.Object(name, func(m Members) error { out = string(m.Get("a")); return nil })
			return out, err
		},
	}
	const object = `{"null":null,"text":"t","true":true,"false":false,"number":1,"object":{"a":2},"list":[3],"twice":1,"twice":"last","esc\u0061ped":"e"}`
	for _, c := range []struct {
		read, name string
		want       any
		problem    string
	}{
		{"get", "absent", nil, ""}, {"get", "null", nil, ""}, {"get", "number", "1", ""}, {"get", "twice", `"last"`, ""}, {"get", "escaped", `"e"`, ""}, {"get", "list", "[3]", ""},
		{"text", "absent", "", ""}, {"text", "null", "", ""}, {"text", "text", `"t"`, ""}, {"text", "twice", `"last"`, ""},
		{"text", "number", "", "x.0.number: Input should be a valid string"}, {"text", "object", "", "x.0.object: Input should be a valid string"},
		{"need", "absent", "", "x.0.absent: Field required"}, {"need", "null", "", "x.0.null: Field required"}, {"need", "text", `"t"`, ""}, {"need", "true", "", "x.0.true: Input should be a valid string"},
		{"flag", "absent", false, ""}, {"flag", "null", false, ""}, {"flag", "true", true, ""}, {"flag", "false", false, ""},
		{"flag", "text", false, "x.0.text: Input should be a valid boolean"}, {"flag", "number", false, "x.0.number: Input should be a valid boolean"},
		{"object", "absent", nil, ""}, {"object", "null", nil, ""}, {"object", "object", "2", ""},
		{"object", "list", nil, "x.0.list: Input should be an object"}, {"object", "text", nil, "x.0.text: Input should be an object"},
	} {
		for _, off := range []bool{false, true} { // by Object, and by NextObject
			w := Walker{Req: &conversation.Request{}}
			var got any
			err := w.Within("x", func() error {
				return w.At(0, func() error {
					use := func(m Members) (err error) { got, err = reads[c.read](m, c.name); return err }
					if !off {
						return w.Object(jsontext.Value(object), use)
					}
					var r Reader
					r.Reset([]byte(object))
					if err := w.NextObject(&r, use); err != nil {
						return err
					}
					return r.End()
				})
			})
			var known *conversation.Error
			if got != c.want || (err != nil) != (c.problem != "") ||
				err != nil && (!errors.As(err, &known) || known.Message != c.problem || known.Kind != conversation.ErrInvalid) {
				t.Errorf("%s of %s, off %t: got %v, %v; want %v, %q", c.read, c.name, off, got, err, c.want, c.problem)
			}
			if len(w.scratch) != 0 || len(w.path) != 0 {
				t.Errorf("%s of %s: %d members and %d steps are left", c.read, c.name, len(w.scratch), len(w.path))
			}
		}
	}
}

// A value that is no object is an error, wherever it comes from; so is invalid
// JSON.
func TestObjectsOfOtherKinds(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`[1]`, "Input should be an object"}, {`"a"`, "Input should be an object"}, {`1`, "Input should be an object"},
		{`{"a":}`, "invalid character"}, {`{"a":1`, "unexpected EOF"}, {`}`, "invalid character"},
	} {
		w := Walker{Req: &conversation.Request{}}
		var r Reader
		r.Reset([]byte(c.in))
		err := w.NextObject(&r, func(Members) error { t.Errorf("%s was read", c.in); return nil })
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.in, err, c.want)
		}
	}
}

// An object has 64 fields at most, those of the same name being one.
func TestMostMembers(t *testing.T) {
	for _, c := range []struct {
		names, twice int
		ok           bool
	}{{64, 0, true}, {64, 10, true}, {65, 0, false}} {
		var b strings.Builder
		for i := range c.names + c.twice {
			fmt.Fprintf(&b, `,"%d":%d`, i%c.names, i)
		}
		object := "{" + b.String()[1:] + "}"
		w := Walker{Req: &conversation.Request{}}
		read := func(m Members) {
			if got, want := string(m.Get("1")), strconv.Itoa(1+min(c.twice, 1)*c.names); got != want {
				t.Errorf("%+v: field 1 is %s, want %s", c, got, want)
			}
		}
		// Twice within another: what is outside does not count.
		err := w.Object(jsontext.Value(`{"a":1,"b":2}`), func(Members) error {
			return w.Object(jsontext.Value(object), func(m Members) error { read(m); return nil })
		})
		if (err == nil) != c.ok || err != nil && err.Error() != "Input should have at most 64 fields" {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestList(t *testing.T) {
	w := Walker{Req: &conversation.Request{}}
	var got []string
	each := func(i int, v jsontext.Value) error {
		got = append(got, w.Where("")+"="+string(v))
		if string(v) == `"stop"` {
			return w.Invalid("", "stopped")
		}
		return nil
	}
	if err := w.List(jsontext.Value(`[1,"a",{"b":[2]}]`), each); err != nil {
		t.Error(err)
	}
	if err := w.List(jsontext.Value(`[3,"stop",4]`), each); err == nil || err.Error() != "1: stopped" {
		t.Errorf("got %v", err)
	}
	if err := w.List(jsontext.Value(`{}`), each); err == nil || err.Error() != "Input should be a valid list" {
		t.Errorf("got %v", err)
	}
	if want := `0=1 1="a" 2={"b":[2]} 0=3 1="stop"`; strings.Join(got, " ") != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWhereHasWholeIndexes(t *testing.T) {
	for brackets, want := range map[bool]string{false: "a.1234567890.b", true: "a[1234567890].b"} {
		w := Walker{Req: &conversation.Request{}, Brackets: brackets}
		_ = w.Within("a", func() error {
			return w.At(1234567890, func() error {
				if got := w.Where("b"); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
				return nil
			})
		})
	}
}

func TestAsksForNothing(t *testing.T) {
	for in, want := range map[string]bool{
		"[]": true, "{}": true, "[ \n\t\r]": true, "{ }": true, `""`: true, "false": true,
		"[0]": false, `{"a":1}`: false, `" "`: false, "true": false, "0": false, "null": false,
	} {
		if got := AsksForNothing(jsontext.Value(in)); got != want {
			t.Errorf("%q: %t", in, got)
		}
	}
}

// A client that has gone ends the walk, and an error leaves no step behind.
func TestGone(t *testing.T) {
	gone := errors.New("gone")
	w := Walker{Req: &conversation.Request{}, Gone: func() error { return gone }}
	ran := false
	for _, at := range []func(int, func() error) error{w.At, w.Message} {
		if err := at(0, func() error { ran = true; return nil }); !errors.Is(err, gone) || ran {
			t.Errorf("%v, ran %t", err, ran)
		}
	}
	w.Gone = func() error { return nil }
	if err := w.At(0, func() error { return gone }); !errors.Is(err, gone) || len(w.path) != 0 {
		t.Errorf("%v, %d steps are left", err, len(w.path))
	}
}

func TestMark(t *testing.T) {
	parts := []conversation.Part{{}, {At: conversation.Place{Root: "there"}}, {}}
	var w Walker
	_ = w.Within("messages", func() error { w.Mark("content", parts); return nil })
	for i, want := range []string{"messages", "there", "messages"} {
		if got := parts[i].At.Root; got != want {
			t.Errorf("part %d: %s, want %s", i, got, want)
		}
	}
}

func TestWriting(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{string(AppendString([]byte("x"), "a\"\n\xff")), `x"a\"\n` + "\uFFFD" + `"`},
		{string(AppendNullable(nil, "")), "null"}, {string(AppendNullable([]byte("x"), "a")), `x"a"`},
		{string(Separate(nil)), ""}, {string(Separate([]byte("x"))), "x,"},
		{string(Chars(jsontext.Value(`"a\u0062"`))), "ab"}, {string(Chars(jsontext.Value(`"ab"`))), "ab"}, {string(Chars(jsontext.Value(`1`))), ""},
		{Map.String() + Drop.String() + Warn.String() + Refuse.String() + Action(4).String(), "mapdropwarnrefuseunknown"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}

// A Reader stops at its caller's error, and where the text is no JSON.
func TestReaderStops(t *testing.T) {
	stop := errors.New("stop")
	for _, c := range []struct {
		in   string
		list bool
		want string
	}{
		{`{"a":1,"b":2}`, false, "stop"}, {`[1,2]`, true, "stop"},
		{`{"c":1`, false, "unexpected EOF"}, {`[3`, true, "unexpected EOF"}, {``, true, "EOF"}, {``, false, "EOF"}, {`{"c":1]`, false, "invalid"}, {`[3}`, true, "invalid"}, {`{c:1}`, false, "invalid"},
	} {
		var r Reader
		r.Reset([]byte(c.in))
		seen := 0
		read := func(name string) error {
			seen++
			v, err := r.Value()
			if name == "a" || string(v) == "1" && c.list {
				return stop
			}
			return err
		}
		var err error
		if c.list {
			err = r.Array(func(i int) error { return read(strconv.Itoa(i)) })
		} else {
			err = r.Object(func(name []byte) error { return read(string(name)) })
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || c.want == "stop" && seen > 1 {
			t.Errorf("%s: %v after %d values, want %q", c.in, err, seen, c.want)
		}
	}
}
