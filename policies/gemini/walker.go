package gemini

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// walker reads JSON once, token by token. A member of another type than the one
// asked foris skipped: proto3 JSON prints null for what is unset, and
// hand-written fakes print worse.
type walker struct {
	data []byte
	buf  bytes.Buffer
	dec  *jsontext.Decoder
}

// lenient accepts what Google's servers and gateways may send; texts are mended
// one by one.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// open starts reading data; values will be slices of it.
func (w *walker) open(data []byte) {
	w.data, w.buf = data, *bytes.NewBuffer(data)
	if w.dec == nil {
		w.dec = jsontext.NewDecoder(&w.buf, lenient...)
		return
	}
	w.dec.Reset(&w.buf, lenient...)
}

func (w *walker) kind() jsontext.Kind { return w.dec.PeekKind() }
func (w *walker) skip() error         { return w.dec.SkipValue() }

// offset is where the next value begins, if it is an object.
func (w *walker) offset() int {
	at := int(w.dec.InputOffset())
	if w.kind() != '{' { // do not look through the rest for one
		return at
	}
	return at + max(0, bytes.IndexByte(w.data[at:], '{'))
}

// since is what was read from an offset on.
func (w *walker) since(offset int) jsontext.Value {
	return jsontext.Value(w.data[offset:w.dec.InputOffset()])
}

// object calls member with each name of an object, still in its escapes;
// member must read the value.
func (w *walker) object(member func(name []byte) error) error {
	if w.kind() != '{' {
		return w.skip()
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.kind() != '}' {
		name, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		if err := member(name[1 : len(name)-1]); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

// array calls element before each element of an array; it must read it.
func (w *walker) array(element func() error) error {
	if w.kind() != '[' {
		return w.skip()
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	for w.kind() != ']' {
		if w.kind() == 0 { // broken; ReadToken returns the error
			break
		}
		if err := element(); err != nil {
			return err
		}
	}
	_, err := w.dec.ReadToken()
	return err
}

// value reads any value but null as it stands.
func (w *walker) value(dst *jsontext.Value) error {
	v, err := w.dec.ReadValue()
	if err == nil && v.Kind() != 'n' {
		*dst = v
	}
	return err
}

// rawObject reads an object, mended if necessary.
func (w *walker) rawObject(dst *conversation.Raw) error {
	v, err := w.dec.ReadValue()
	if err == nil && v.Kind() == '{' {
		*dst, err = cleanRaw(v)
	}
	return err
}

// text reads a string literal without unescaping it.
func (w *walker) text(dst *conversation.Text) error {
	v, err := w.dec.ReadValue()
	if err == nil && v.Kind() == '"' {
		*dst = cleanText(v)
	}
	return err
}

func (w *walker) string(dst *string) error {
	var t conversation.Text
	err := w.text(&t)
	if t != nil {
		*dst = t.String()
	}
	return err
}

// scalar reads a string, or a number as its digits.
func (w *walker) scalar(dst *string) error {
	if w.kind() == '"' {
		return w.string(dst)
	}
	v, err := w.dec.ReadValue()
	if err == nil && v.Kind() == '0' {
		*dst = string(v)
	}
	return err
}

// int reads a whole number, also one printed as a string, as proto3 JSON does
// with 64 bits.
func (w *walker) int(dst *int) error {
	v, err := w.dec.ReadValue()
	if err != nil {
		return err
	}
	s := strings.Trim(string(v), `"`)
	if n, err := strconv.ParseInt(s, 10, 32); err == nil {
		*dst = int(n)
	} else if x, err := strconv.ParseFloat(s, 64); err == nil && x >= 0 && x < 1<<31 {
		*dst = int(x)
	}
	return nil
}

func (w *walker) bool(dst *bool) error {
	v, err := w.dec.ReadValue()
	if err == nil {
		*dst = v.Kind() == 't'
	}
	return err
}

// cleanText returns a string literal as a Text: valid UTF-8, no half surrogate
// pairs. It is v itself unless there is something to mend.
func cleanText(v jsontext.Value) conversation.Text {
	if utf8.Valid(v) && (!bytes.Contains(v, []byte(`\u`)) || v.IsValid()) {
		return conversation.Text(v)
	}
	s, _ := jsontext.AppendUnquote(nil, v) // mends as it goes
	t, _ := jsontext.AppendQuote(nil, bytes.ToValidUTF8(s, []byte("\ufffd")))
	return t
}

// cleanRaw is cleanText for any value. It fails where the value cannot be
// mended.
func cleanRaw(v jsontext.Value) (conversation.Raw, error) {
	if utf8.Valid(v) && (!bytes.Contains(v, []byte(`\u`)) || v.IsValid(jsontext.AllowDuplicateNames(true))) {
		return conversation.Raw(v), nil
	}
	out, err := jsontext.AppendFormat(nil, v, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	return out, err
}
