package jsonwalk

import (
	"errors"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func TestBody(t *testing.T) {
	tests := []struct{ name, body, fields, problem string }{
		{"fields in order", `{"a":1,"b":[{"c":2}],"a":"é"}`, `a=1 b=[{"c":2}] a="é"`, ""},
		{"to be mended", `{"a":"\ud800"}`, "", "not valid JSON"},
		{"empty", ``, "", "ends too early"},
		{"no object", `[]`, "", "should be a JSON object"},
		{"no JSON", `x`, "", "not valid JSON"},
		{"cut", `{"a":1,`, "a=1", "ends too early"},
		{"two", `{"a":1} {}`, "a=1", "something follows"},
		{"of the caller", `{"a":1,"bad":2}`, "a=1", "bad: no"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := Walker{Req: &conversation.Request{}}
			var fields []string
			err := w.Body([]byte(tt.body), func(r *Reader, name []byte) error {
				v, err := r.Value()
				if err != nil {
					return err
				}
				if string(name) == "bad" {
					return w.Invalid("bad", "no")
				}
				fields = append(fields, string(name)+"="+string(v))
				return nil
			})
			if got := strings.Join(fields, " "); got != tt.fields {
				t.Errorf("fields %s, want %s", got, tt.fields)
			}
			var known *conversation.Error
			switch {
			case tt.problem == "" && err != nil:
				t.Error(err)
			case tt.problem != "" && (!errors.As(err, &known) || !strings.Contains(known.Message, tt.problem)):
				t.Errorf("error %v, want %q", err, tt.problem)
			}
		})
	}
}
