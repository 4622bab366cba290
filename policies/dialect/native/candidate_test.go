package native

import "testing"

// Only a part that has a text, and nothing but whether it is a thought, may be
// joined with its neighbors; every other goes on as it came.
func TestPartOf(t *testing.T) {
	for _, c := range []struct {
		in           string
		run, thought bool
		text         string
	}{
		{`{"text":"a"}`, true, false, "a"},
		{`{"text":""}`, true, false, ""},
		{`{"thought":true,"text":"a"}`, true, true, "a"},
		{`{"text":"a","thought":false}`, true, false, "a"},
		{`{}`, false, false, ""},
		{`{"thought":true}`, false, true, ""},
		{`{"text":"a","thoughtSignature":"QQ=="}`, false, false, "a"},
		{`{"text":1}`, false, false, ""},
		{`{"text":"a","thought":"yes"}`, false, false, "a"},
		{`{"functionCall":{"name":"f"}}`, false, false, ""},
	} {
		p := partOf([]byte(c.in))
		if p.run != c.run || p.thought != c.thought || string(p.text) != c.text || string(p.raw) != c.in {
			t.Errorf("%s: %+v", c.in, p)
		}
	}
}
