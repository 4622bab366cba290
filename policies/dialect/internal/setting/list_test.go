package setting

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

func TestStrings(t *testing.T) {
	tests := []struct {
		name, value string
		want        []string
		message     string // of the error; "" for none
	}{
		{"none", `[]`, nil, ""},
		{"as many as may be", `["a","b\n"]`, []string{"a", "b\n"}, ""},
		{"one more", `["a","b","c"]`, nil, "list.2: at most 2 words are allowed"},
		{"no text", `["a",1]`, nil, "list.1: Input should be a valid string"},
		{"no list", `"a"`, nil, "list: Input should be a valid list"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := jsonwalk.Walker{Req: &conversation.Request{}}
			var got []string
			err := w.Within("list", func() (err error) {
				got, err = Strings(&w, jsontext.Value(tt.value), 2, "words")
				return err
			})
			var fault *conversation.Error
			switch {
			case errors.As(err, &fault) && fault.Message == tt.message:
			case err != nil || tt.message != "":
				t.Errorf("error %v, want %q", err, tt.message)
			case strings.Join(got, "|") != strings.Join(tt.want, "|"):
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
