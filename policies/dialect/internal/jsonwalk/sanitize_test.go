package jsonwalk

import (
	"bytes"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestSanitize(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"clean", `"a\n\u00e9é"`, `"a\n\u00e9é"`},
		{"pair", `"\ud83d\ude00 \uD83D\uDE00"`, `"\ud83d\ude00 \uD83D\uDE00"`},
		{"high alone", `"\ud83d"`, `"\ufffd"`},
		{"low alone", `"\uDE00x"`, `"\ufffdx"`},
		{"high twice", `"\ud83d\ud83d\ude00"`, `"\ufffd\ud83d\ude00"`},
		{"wrong order", `"\ude00\ud83d"`, `"\ufffd\ufffd"`},
		{"high then escape", `"\ud83d\n"`, `"\ufffd\n"`},
		{"escaped backslash", `"\\ud83d"`, `"\\ud83d"`},
		{"backslash then alone", `"\\\ud83d"`, `"\\\ufffd"`},
		{"cut", `"\ud8`, `"\ud8`},
		{"cut after backslash", `"\ud83d\`, `"\ufffd\`},
		{"no escape at all", "\"\\ud8\xffd\"", "\"\\ud8\uFFFDd\""},
		{"invalid utf-8", "\"a\xffb\"", "\"a\uFFFDb\""},
		{"raw surrogate", "\"\xed\xa0\x80\"", "\"\uFFFD\""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := []byte(tt.in)
			got := Sanitize(in)
			if string(got) != tt.want {
				t.Errorf("Sanitize(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if string(in) != tt.in {
				t.Error("the input was changed")
			}
		})
	}
}

func TestDecodeSanitized(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		tries    int
		ok       bool
	}{
		{"clean", `{"a":"b"}`, 1, true},
		{"half a pair", `{"a":"\ud800"}`, 2, true},
		{"not UTF-8", "{\"a\":\"\xff\"}", 2, true},
		{"beyond mending", `{"a":`, 1, false},
		{"still not JSON", "{\"a\":\"\xff\"", 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tries := 0
			req, err := DecodeSanitized([]byte(tt.in), func(body []byte) (*conversation.Request, error) {
				tries++
				w := Walker{Req: &conversation.Request{}}
				return w.Req, w.Body(body, func(r *Reader, _ []byte) error { _, err := r.Value(); return err })
			})
			if tries != tt.tries || (err == nil) != tt.ok || tt.ok && req == nil {
				t.Errorf("%d tries, error %v", tries, err)
			}
		})
	}
}

// JSON that is valid but for its characters becomes wholly valid, and what was
// valid already is not touched.
func FuzzSanitize(f *testing.F) {
	for _, s := range []string{`"\ud83d"`, `{"a":"\ude00\\ud800"}`, "\"\xff\"", `"\ud83d\ude00"`, "[1]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		dup := jsontext.AllowDuplicateNames(true)
		out := Sanitize(in)
		if jsontext.Value(in).IsValid(dup) && !bytes.Equal(in, out) {
			t.Errorf("%q became %q, but was valid", in, out)
		}
		if jsontext.Value(in).IsValid(dup, jsontext.AllowInvalidUTF8(true)) && !jsontext.Value(out).IsValid(dup) {
			t.Errorf("%q became %q, which is not valid", in, out)
		}
	})
}
