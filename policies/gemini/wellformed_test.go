package gemini

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

func TestWellFormed(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"plain", `{"a":"b\n\\"}`, `{"a":"b\n\\"}`},
		{"pair", `"\ud83d\ude00\uD83D\uDE00"`, `"\ud83d\ude00\uD83D\uDE00"`},
		{"half at the end", `"a\ud83d"`, `"a\ufffd"`},
		{"half before text", `"\ud83dabcdef"`, `"\ufffdabcdef"`},
		{"second half alone", `"\uDE00 x"`, `"\ufffd x"`},
		{"two first halves", `"\ud83d\ud83d\ude00"`, `"\ufffd\ud83d\ude00"`},
		{"escaped backslash", `"\\ud83d \ud83d"`, `"\\ud83d \ufffd"`},
		{"other escapes", `"\u00e9\ud7ff\ue000 \ud800"`, `"\u00e9\ud7ff\ue000 \ufffd"`},
		{"not UTF-8", "\"a\xffb\"", "\"a\uFFFDb\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(wellFormed([]byte(c.in))); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// What was valid stays valid and means the same; what comes out is UTF-8.
func FuzzWellFormed(f *testing.F) {
	f.Add([]byte(`{"a":"\ud83d\ude00\\\ud83d"}`))
	f.Add([]byte("[\"\\uDE00\xff\"]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var before, after any
		valid := json.Unmarshal(in, &before) == nil
		out := wellFormed(append([]byte(nil), in...))
		if !utf8.Valid(out) {
			t.Fatalf("%q became %q", in, out)
		}
		if !valid {
			return
		}
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		// encoding/json reads both faults as U+FFFD, so that the meaning must
		// be the same, but for how many stand for a run of bad bytes.
		if utf8.Valid(in) {
			a, _ := json.Marshal(before)
			b, _ := json.Marshal(after)
			if string(a) != string(b) {
				t.Fatalf("%q became %q", in, out)
			}
		}
	})
}
