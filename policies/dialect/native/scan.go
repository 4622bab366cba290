package native

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// scan walks JSON text once. What it returns are slices of the text. A value of
// another type than the one asked foris skipped: telling the client is the
// upstream's business.
type scan struct {
	text []byte
	src  bytes.Buffer
	dec  jsontext.Decoder
}

// reset points s at text, which jsontext parses in place. Invalid UTF-8 is let
// through: requests were sanitized before, and replies are passed on unchanged.
func (s *scan) reset(text []byte) {
	s.text = text
	s.src = *bytes.NewBuffer(text)
	s.dec.Reset(&s.src, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// kind is the kind of the next value, 0 where there is a syntax error, which
// the next read then returns.
func (s *scan) kind() jsontext.Kind { return s.dec.PeekKind() }

// at is the offset behind what was read last.
func (s *scan) at() int { return int(s.dec.InputOffset()) }

// value reads the next value whole.
func (s *scan) value() (jsontext.Value, error) {
	v, err := s.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := s.at()
	return s.text[end-len(v) : end : end], nil
}

func (s *scan) skip() error { return s.dec.SkipValue() }

// object reads an object; each must read one value. Names are unescaped.
func (s *scan) object(each func(name []byte) error) error {
	if s.kind() != '{' {
		return s.skip()
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return err
	}
	for s.kind() != '}' {
		name, err := s.value()
		if err != nil {
			return err
		}
		if err := each(jsonwalk.Unquote(name)); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return err
}

// array reads an array; each must read one value. Google takes an object in
// place of a list of one.
func (s *scan) array(each func() error) error {
	if s.kind() == '{' {
		return each()
	}
	if s.kind() != '[' {
		return s.skip()
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return err
	}
	for s.kind() != ']' {
		if s.kind() == 0 { // broken or cut short; the next read returns the error
			_, err := s.value()
			if err == nil {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	_, err := s.dec.ReadToken()
	return err
}

var errTrailing = errors.New("something follows the request")

// end returns an error unless nothing but space follows.
func (s *scan) end() error {
	switch _, err := s.dec.ReadToken(); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return err
	}
	return errTrailing
}
