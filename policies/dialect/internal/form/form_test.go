package form

import (
	"bytes"
	"errors"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

// made is a form with a file and values.
func made(t testing.TB) (contentType string, body []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	file, err := w.CreateFormFile("file", `a "b".wav`)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write([]byte("RIFF\x00\xff"))
	_ = w.WriteField("model", "whisper-1")
	_ = w.WriteField("include[]", "logprobs")
	_ = w.WriteField("prompt", "")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

func TestParse(t *testing.T) {
	fields, err := Parse(made(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(fields) != 4 || fields[0].File == nil || fields[0].File.Name != `a "b".wav` || fields[0].File.MIME != "application/octet-stream" || string(fields[0].File.Data) != "RIFF\x00\xff" {
		t.Errorf("got %+v", fields)
	}
	if fields[1] != (Field{Name: "model", Value: "whisper-1"}) || fields[2].Name != "include" || fields[3] != (Field{Name: "prompt"}) {
		t.Errorf("got %+v", fields[1:])
	}
}

func TestParseRefuses(t *testing.T) {
	contentType, body := made(t)
	part := func(head, value string) string {
		return "--b\r\n" + head + "\r\n\r\n" + value + "\r\n"
	}
	const value, form = `Content-Disposition: form-data; name="v"`, "multipart/form-data; boundary=b"
	for _, c := range []struct{ name, contentType, body, want string }{
		{"JSON", "application/json", `{}`, "multipart/form-data"},
		{"no type", "", "", "multipart/form-data"},
		{"no boundary", "multipart/form-data", "x", "no boundary"},
		{"cut in a file", contentType, string(body[:len(body)/3]), "cut"},
		{"cut before the end", contentType, string(body[:len(body)-10]), "cut"},
		{"another boundary", "multipart/form-data; boundary=other", string(body), "boundary is not"},
		{"no name", form, part(`Content-Disposition: form-data`, "x") + "--b--\r\n", "no name"},
		{"not UTF-8", form, part(value, "\xff") + "--b--\r\n", "v: the value is not UTF-8"},
		{"too many fields", form, strings.Repeat(part(value, "x"), maxFields+1) + "--b--\r\n", "more than 128 fields"},
		{"too long a value", form, part(value, strings.Repeat("x", maxValue+1)) + "--b--\r\n", "v: the value has more than"},
	} {
		_, err := Parse(c.contentType, []byte(c.body))
		var e *conversation.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// Wherever a form is cut, it is none.
func TestParseCut(t *testing.T) {
	contentType, body := made(t)
	end := bytes.LastIndex(body, []byte("--")) + len("--")
	for n := range end {
		if fields, err := Parse(contentType, body[:n]); err == nil {
			t.Errorf("%d bytes of %d are read: %+v", n, end, fields)
		}
	}
	if _, err := Parse(contentType, body[:end]); err != nil {
		t.Errorf("without its last line break: %v", err)
	}
}

// Whatever comes, it is read or refused, and nothing more is held than came.
func FuzzParse(f *testing.F) {
	contentType, body := made(f)
	f.Add(contentType, body)
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		fields, err := Parse(contentType, body)
		if known := (*conversation.Error)(nil); err != nil && !errors.As(err, &known) {
			t.Fatalf("error of another kind: %v", err)
		}
		size := 0
		for _, field := range fields {
			size += len(field.Value)
			if field.File != nil {
				size += len(field.File.Data)
			}
		}
		if size > len(body) || len(fields) > maxFields {
			t.Errorf("%d fields of %d bytes from a body of %d", len(fields), size, len(body))
		}
	})
}
