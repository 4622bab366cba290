package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"unicode/utf8"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Limits on what is read, beside the size of the body.
const (
	maxFields = 128
	// maxValue bounds a value that is not a file, in bytes; the longest are
	// prompts.
	maxValue = 1 << 20
	maxName  = 64
)

// Field is one field of a form, in the order of the body.
type Field struct {
	// Name is without the brackets that some clients put behind the names of
	// lists, as in include[].
	Name string
	// Value is that of a field which is no file; it is valid UTF-8.
	Value string
	// File is nil for a value.
	File *File
}

// File is one that came with a form.
type File struct {
	// Name is the client's; it is never used as a path.
	Name string
	// MIME is the type that the client declared, without parameters; "" if none.
	MIME string
	Data []byte
}

// Parse reads a body of a content type. Errors are *conversation.Error.
func Parse(contentType string, body []byte) ([]Field, error) {
	kind, params, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil || kind != "multipart/form-data":
		return nil, invalid("", "the request body must be a form: send it as multipart/form-data")
	case params["boundary"] == "":
		return nil, invalid("", "the content-type multipart/form-data names no boundary; let the HTTP library set the header")
	}
	var fields []Field
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := r.NextRawPart()
		switch {
		case errors.Is(err, io.EOF) && len(fields) == 0:
			return nil, invalid("", "the form has no whole field: it is cut, or its boundary is not the one that the content-type names")
		case errors.Is(err, io.EOF) && !bytes.Contains(body, []byte("--"+params["boundary"]+"--")):
			return nil, broken(io.ErrUnexpectedEOF) // the reader reports no error for a head that is cut
		case errors.Is(err, io.EOF):
			return fields, nil
		case err != nil:
			return nil, broken(err)
		case len(fields) == maxFields:
			return nil, &conversation.Error{Kind: conversation.ErrTooLarge, Message: fmt.Sprintf("the form has more than %d fields", maxFields)}
		}
		f, err := read(part)
		if err != nil {
			return nil, err
		}
		fields = append(fields, f)
	}
}

// read reads one field.
func read(part *multipart.Part) (Field, error) {
	f := Field{Name: strings.TrimSuffix(part.FormName(), "[]")}
	at := f.Name[:min(len(f.Name), maxName)]
	if f.Name == "" {
		return f, invalid("", "a part of the form has no name")
	}
	data, err := io.ReadAll(part)
	if err != nil {
		return f, broken(err)
	}
	_, params, _ := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if name, file := params["filename"]; file {
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		f.File = &File{Name: name, MIME: kind, Data: data}
		return f, nil
	}
	switch {
	case len(data) > maxValue:
		return f, &conversation.Error{Kind: conversation.ErrTooLarge, Param: at, Message: fmt.Sprintf("%s: the value has more than %d bytes", at, maxValue)}
	case !utf8.Valid(data):
		return f, invalid(at, at+": the value is not UTF-8")
	}
	f.Value = string(data)
	return f, nil
}

func broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return invalid("", "the form is cut: it ends before its last boundary")
	}
	return invalid("", "the form cannot be read: "+err.Error())
}

func invalid(param, message string) error {
	return &conversation.Error{Kind: conversation.ErrInvalid, Param: param, Message: message}
}
