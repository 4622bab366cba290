package jsonwalk

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

var errTrailing = errors.New("something follows the request")

// Reader walks one JSON text. What it returns are slices of that text, valid
// as long as the text is. The zero value must be Reset before use.
type Reader struct {
	text []byte
	src  bytes.Buffer
	dec  jsontext.Decoder
}

// Reset points r at text. jsontext parses a bytes.Buffer in place.
func (r *Reader) Reset(text []byte) {
	r.text = text
	r.src = *bytes.NewBuffer(text)
	r.dec.Reset(&r.src, jsontext.AllowDuplicateNames(true))
}

// Kind is the kind of the next value, 0 where there is a syntax error, which
// the next read then returns.
func (r *Reader) Kind() jsontext.Kind { return r.dec.PeekKind() }

// Value reads the next value whole.
func (r *Reader) Value() (jsontext.Value, error) {
	v, err := r.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(r.dec.InputOffset())
	return r.text[end-len(v) : end : end], nil
}

// Object reads the next value, which must be an object. For each name, each
// must read exactly one value. Names are unescaped.
func (r *Reader) Object(each func(name []byte) error) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for r.Kind() != '}' {
		name, err := r.Value()
		if err != nil {
			return err
		}
		if err := each(Unquote(name)); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// Array reads the next value, which must be an array. For each index, each
// must read exactly one value.
func (r *Reader) Array(each func(i int) error) error {
	if _, err := r.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; r.Kind() != ']'; i++ {
		if err := each(i); err != nil {
			return err
		}
	}
	_, err := r.dec.ReadToken()
	return err
}

// Offset is how far r has read.
func (r *Reader) Offset() int { return int(r.dec.InputOffset()) }

// Since returns the value that was read last, which began behind offset.
func (r *Reader) Since(offset int) jsontext.Value {
	v := bytes.TrimLeft(r.text[offset:r.Offset()], ", \t\r\n:")
	return v[:len(v):len(v)]
}

// End returns an error unless nothing but space follows.
func (r *Reader) End() error {
	_, err := r.dec.ReadToken()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		return errTrailing
	}
	return err
}

// Unquote returns the characters of a valid string literal, in place if it
// has no escapes.
func Unquote(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	s, _ := jsontext.AppendUnquote(nil, literal)
	return s
}

// Chars returns the characters of a string, nothing of any other value.
func Chars(v jsontext.Value) []byte {
	if v.Kind() != '"' {
		return nil
	}
	return Unquote(v)
}
