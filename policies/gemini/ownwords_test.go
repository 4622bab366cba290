package gemini

import (
	"strings"
	"testing"
)

func TestWithoutClientText(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Corrupted thought signature.", "Corrupted thought signature."},
		{`Unknown name "a" at 'contents[0]': Cannot find field.`, `Unknown name "": Cannot find field.`},
		{`Unknown name "a": x" at 'b': Cannot find field.`, `Unknown name "": Cannot find field.`},
		{"The model's thought signature isn't valid.", "The model's thought signature isn't valid."},
		{"The model's 'x' isn't valid.", `The model's "" isn't valid.`},
		{"never closed: 'a b c", `never closed: ""`},
		{"Unsupported MIME type: a b c", `Unsupported MIME type: ""`},
		{"* GenerateContentRequest.tools[0].function_declarations[0].parameters.properties[a b].type: must be specified", `* "" must be specified`},
		{"* GenerateContentRequest.contents[0].parts: contents must not be empty", "* GenerateContentRequest.contents[0].parts: contents must not be empty"},
		{"at https://x.example/a: no", `at "" no`},
		{"Invalid JSON payload received. Expected a value.\nraw text\n^", "Invalid JSON payload received. Expected a value."},
		{strings.Repeat("a ", mostWords) + "end", strings.Repeat("a ", mostWords/2)},
		{"a 'b' " + strings.Repeat("c ", mostWords) + "' end", `a ""`},
		{"", ""},
	} {
		if got := WithoutClientText(c.in); got != c.want {
			t.Errorf("%.100q: %.100q, want %.100q", c.in, got, c.want)
		}
	}
}

// Whatever stands between quotes is cut out, also if it has quotes in it.
func FuzzWithoutClientText(f *testing.F) {
	f.Add("API key not valid", uint8(0))
	f.Add(`" API key not valid "`, uint8(1))
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		marks := []string{`""`, "''", "``", "“”", "‘’", "«»", "[]"}
		mark := []rune(marks[int(kind)%len(marks)])
		before := "Field "
		if mark[0] == '[' {
			before = "properties"
		}
		got := WithoutClientText(before + string(mark[0]) + text + string(mark[1]) + " is wrong.")
		if want := before + `""` + " is wrong."; len(text) < 1000 && got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	})
}
