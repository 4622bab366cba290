package fakegemini

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	const path = "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse"
	for _, c := range []struct{ path, body, want string }{
		{path, `{"contents":[{"parts":[{"text":"hi"}]}]}`, ""},
		{path, `{"contents":[]}`, "contents is not specified"},
		{path, `{"content":[]}`, "Unknown name"},
		{path, `{`, "JSON"},
		{"/v1beta/models/nobody:generateContent", `{}`, "not found"},
		{"/elsewhere", `{}`, "no such route"},
		{"\x00", `{}`, "path"},
	} {
		_, err := Validate(c.path, []byte(c.body), Options{})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q %s: got %v, want %q", c.path, c.body, err, c.want)
		}
	}
	fixed := `{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"temperature":1}}`
	if marks, err := Validate(path, []byte(fixed), Options{}); err != nil || len(marks) != 1 {
		t.Errorf("got marks %v, %v; want the one for a setting that is ignored", marks, err)
	}
}
