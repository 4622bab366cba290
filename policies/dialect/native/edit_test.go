package native

import "testing"

// Members called x and elements "x" are cut, and "+" is appended where a list
// of members or elements ends.
func TestEditsKeepCommasRight(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"a":1}`, `{"a":1,"+":0}`},
		{`{}`, `{"+":0}`},
		{`{ }`, `{"+":0 }`},
		{`{"x":1}`, `{"+":0}`},
		{`{ "x" : 1 }`, `{"+":0 }`},
		{`{"x":1,"a":2}`, `{"a":2,"+":0}`},
		{`{ "x":1 , "x":1 , "a":2 }`, `{"a":2,"+":0 }`},
		{`{"a":2,"x":1}`, `{"a":2,"+":0}`},
		{`{"a":2 , "x":1 , "b":3 }`, `{"a":2 , "b":3,"+":0 }`},
		{`{"a":2,"x":1,"x":1,"b":3,"x":1}`, `{"a":2,"b":3,"+":0}`},
		{`{"a":{"x":{"x":1}},"x":{"a":1}}`, `{"a":{"+":0},"+":0}`},
		{`["x"]`, `["+"]`},
		{`[ ]`, `[ "+"]`},
		{`["x", "x", "a"]`, `["a","+"]`},
		{`["a" , "x"]`, `["a","+"]`},
		{`["a" , "x" , ["x",{"x":1}],"x"]`, `["a" , [{"+":0},"+"],"+"]`},
	} {
		var w rewriter
		w.reset([]byte(c.in))
		var walk func() error
		walk = func() error {
			switch w.kind() {
			case '{':
				return w.members(func(_ int, name []byte) (outcome, error) {
					return outcome(string(name) != "x"), walk()
				}, func(it items) {
					at, full := it.end()
					w.replace(at, at, map[bool]string{true: ","}[full]+`"+":0`)
				})
			case '[':
				return w.elements(func(int) (outcome, error) {
					if w.kind() == '"' {
						v, err := w.value()
						return outcome(string(v) != `"x"`), err
					}
					return keep, walk()
				}, func(it items) {
					at, full := it.end()
					w.replace(at, at, map[bool]string{true: ","}[full]+`"+"`)
				})
			}
			return w.skip()
		}
		if err := walk(); err != nil {
			t.Fatal(err)
		}
		if got := string(w.result()); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}
