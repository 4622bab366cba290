package conversation

import (
	"encoding/json"
	"testing"
)

func TestText(t *testing.T) {
	for _, c := range []struct{ text, literal string }{
		{"", `""`},
		{"a", `"a"`},
		{" ~", `" ~"`},
		{"\x1f", `"\u001f"`},
		{"\x7f", "\"\x7f\""},
		{`a"b\c`, `"a\"b\\c"`},
		{"<&>", `"<&>"`},
		{"ä", `"ä"`},
		{"a\xff", `"a\ufffd"`},
	} {
		q := Quote(c.text)
		if string(q) != c.literal {
			t.Errorf("Quote(%q) = %s, want %s", c.text, q, c.literal)
		}
		if got := string(q.Inner()); got != c.literal[1:len(c.literal)-1] {
			t.Errorf("%s: inner %s", c.literal, got)
		}
		if q.Empty() != (c.text == "") {
			t.Errorf("%s: empty is %v", c.literal, q.Empty())
		}
		var want string
		if err := json.Unmarshal([]byte(c.literal), &want); err != nil {
			t.Fatal(err)
		}
		if got := q.String(); got != want {
			t.Errorf("%s: string %q, want %q", c.literal, got, want)
		}
	}
	if none := Text(nil); !none.Empty() || none.Inner() != nil || none.String() != "" {
		t.Error("a nil text has characters")
	}
	if broken := Text(`"\x"`); broken.String() != "" {
		t.Errorf("a broken literal became %q", broken.String())
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		sep   string
		texts []Text
		want  string
	}{
		{", ", nil, `""`},
		{", ", []Text{Quote("a")}, `"a"`},
		{"\n", []Text{Quote("a"), nil, Quote(`"`)}, `"a\n\n\""`},
		{"", []Text{Quote("a"), Quote("b"), Quote("c")}, `"abc"`},
	} {
		got := Join(c.sep, c.texts...)
		if string(got) != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
	texts := []Text{Quote("one"), Quote("two"), Quote("three")}
	if n := testing.AllocsPerRun(10, func() { Join(", ", texts...) }); n > 3 {
		t.Errorf("%v allocations: the length is not known beforehand", n)
	}
}
