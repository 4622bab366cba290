package jsonwalk

import (
	"errors"
	"fmt"
	"io"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Invalid is the error for a field of the current value that is not as it
// must be; name may be "" for the value itself.
func (w *Walker) Invalid(name, format string, args ...any) error {
	return w.fault(conversation.ErrInvalid, name, fmt.Sprintf(format, args...))
}

// Unsupported is the error for a field that cannot be honored.
func (w *Walker) Unsupported(name, why string) error {
	return w.fault(conversation.ErrUnsupported, name, "not supported: "+why)
}

func (w *Walker) fault(kind conversation.ErrorKind, name, message string) error {
	where := w.Where(name)
	if where != "" {
		message = where + ": " + message
	}
	return &conversation.Error{Kind: kind, Message: message, Param: where}
}

// Syntax converts an error of jsontext to one for the client, and returns other
// errors unchanged.
func Syntax(err error) error {
	if known := (*conversation.Error)(nil); errors.As(err, &known) {
		return err
	}
	message := "The request body is not valid JSON: " + err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "The request body is not valid JSON: it ends too early"
	}
	return &conversation.Error{Kind: conversation.ErrInvalid, Message: message}
}
