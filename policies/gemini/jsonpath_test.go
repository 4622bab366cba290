package gemini

import (
	"reflect"
	"testing"
)

func TestParsePath(t *testing.T) {
	name := func(s string) step { return step{name: s} }
	at := func(i int) step { return step{index: i, indexed: true} }
	for _, c := range []struct {
		path string
		want []step
	}{
		{"$.a", []step{name("a")}},
		{"$.foo.bar[0].data", []step{name("foo"), name("bar"), at(0), name("data")}},
		{"$['a']", []step{name("a")}},
		{`$["a.b"][12]['c[0]']`, []step{name("a.b"), at(12), name("c[0]")}},
		{`$['it\'s']["\"\\\/"]`, []step{name("it's"), name(`"\/`)}},
		{`$['\b\f\n\r\t']`, []step{name("\b\f\n\r\t")}},
		{`$['\u00e9\ud83d\ude00\ud83dx']`, []step{name("é😀\ufffdx")}},
		{`$['']`, []step{name("")}},
		{"$.größe", []step{name("größe")}},
	} {
		got, err := parsePath(c.path)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v, %v; want %v", c.path, got, err, c.want)
		}
	}
}
