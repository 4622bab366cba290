package claude

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// reader walks one JSON text. What it returns are slices of that text, valid
// as long as the text is.
type reader struct {
	text []byte
	src  bytes.Buffer
	dec  jsontext.Decoder
}

// reset points r at text. jsontext parses a bytes.Buffer in place.
func (r *reader) reset(text []byte) {
	r.text = text
	r.src = *bytes.NewBuffer(text)
	r.dec.Reset(&r.src, jsontext.AllowDuplicateNames(true))
}

// kind is the kind of the next value, 0 where there is a syntax error, which
// the next read then returns.
func (r *reader) kind() jsontext.Kind { return r.dec.PeekKind() }

// value reads the next value whole.
func (r *reader) value() (jsontext.Value, error) {
	v, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(r.dec.InputOffset())
	return r.text[end-len(v) : end : end], nil
}

// object reads the next value, which must be an object. For each name, each
// must read exactly one value. Names are unescaped.
func (r *reader) object(each func(name []byte) error) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.kind() != '}' {
		name, err := r.value()
		if err != nil {
			return err
		}
		if err := each(unquote(name)); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// array reads the next value, which must be an array. For each index, each
// must read exactly one value.
func (r *reader) array(each func(i int) error) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; r.kind() != ']'; i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// end returns an error unless nothing but space follows.
func (r *reader) end() error {
	_, err := r.dec.ReadToken()
	if err == io.EOF {
		return nil
	}
	if err == nil {
		return errTrailing
	}
	return err
}

// unquote returns the characters of a string literal, in place if it has no
// escapes.
func unquote(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	s, _ := jsontext.AppendUnquote(nil, literal) // valid: it was just read
	return s
}
