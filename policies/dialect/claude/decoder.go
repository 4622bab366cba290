package claude

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Limits on what a request may hold, besides the limit on its size.
const (
	maxMessages = 100_000 // as the original service has it
	maxTools    = 4096
	maxMembers  = 64 // fields of one object that is walked; the largest known has 20
	// maxNesting bounds content within content: a message's tool result's
	// document's blocks. Each level is read once more.
	maxNesting = 4
	// maxWarnings bounds what is told of fields that were left out.
	maxWarnings = 64
	// maxName bounds the names that messages and warnings repeat.
	maxName = 64
)

var errTrailing = errors.New("something follows the request")

// decoder reads one request. It knows where in the body it is, so that errors
// and warnings can name the field.
type decoder struct {
	req  *conversation.Request
	path []step
	// idle are readers for values within values; scratch holds the members of
	// the objects being read. Both grow to the nesting's depth and are reused.
	idle    []*reader
	scratch []member
	nesting int

	// What is put together once all fields are known.
	thinking   thinking
	effort     string              // output_config.effort
	turnEffort string              // the last message's
	added      []conversation.Tool // tools defined in mid-conversation
	deferred   int                 // tools with defer_loading
}

// step is a field name or, where name is empty, an index.
type step struct {
	name  string
	index int
}

// within runs f with name appended to the path.
func (d *decoder) within(name string, f func() error) error {
	d.path = append(d.path, step{name: name})
	err := f()
	d.path = d.path[:len(d.path)-1]
	return err
}

// at runs f with index i appended to the path.
func (d *decoder) at(i int, f func() error) error {
	d.path = append(d.path, step{index: i})
	err := f()
	d.path = d.path[:len(d.path)-1]
	return err
}

// where words the path to field name of the current value; name may be "". The
// form is that of the original service: messages.3.content.0.source.
func (d *decoder) where(name string) string {
	var b []byte
	for _, s := range d.path {
		if len(b) > 0 {
			b = append(b, '.')
		}
		if s.name == "" {
			b = strconv.AppendInt(b, int64(s.index), 10)
		} else {
			b = append(b, s.name...)
		}
	}
	if name != "" && len(b) > 0 {
		b = append(b, '.')
	}
	if len(name) > maxName {
		name = name[:maxName]
	}
	return string(append(b, name...))
}

// invalid is the error for a field that is not as it must be.
func (d *decoder) invalid(name, format string, args ...any) error {
	return d.fault(conversation.ErrInvalid, name, fmt.Sprintf(format, args...))
}

// unsupported is the error for a field that cannot be honored.
func (d *decoder) unsupported(name, why string) error {
	return d.fault(conversation.ErrUnsupported, name, "not supported: "+why)
}

func (d *decoder) fault(kind conversation.ErrorKind, name, message string) error {
	where := d.where(name)
	if where != "" {
		message = where + ": " + message
	}
	return &conversation.Error{Kind: kind, Message: message, Param: where}
}

// syntax makes the client's error of one that jsontext reported.
func syntax(err error) error {
	var known *conversation.Error
	if errors.As(err, &known) {
		return err
	}
	message := "The request body is not valid JSON: " + err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "The request body is not valid JSON: it ends too early"
	}
	return &conversation.Error{Kind: conversation.ErrInvalid, Message: message}
}

// warn tells the client that a field was left out. The last warning that fits
// says that there were more.
func (d *decoder) warn(name, why string) {
	switch n := len(d.req.Warnings); {
	case n < maxWarnings-1:
		d.req.Warn(d.where(name), why)
	case n == maxWarnings-1:
		d.req.Warn("...", "more fields were left out")
	}
}

// sort decides about a field by its table. use says that it has a meaning; a
// null is as good as absent everywhere.
func (d *decoder) sort(t *Table, name []byte, v jsontext.Value) (use bool, err error) {
	if v.Kind() == 'n' {
		return false, nil
	}
	f := t.find(name)
	switch {
	case f == nil:
		d.warn(string(name), "unknown field, left out")
	case f.Action == Map:
		return true, nil
	case f.Action == Warn && !hollow(v):
		d.warn(f.Name, "left out: "+f.Why)
	case f.Action == Refuse && !hollow(v):
		return false, d.unsupported(f.Name, f.Why)
	}
	return false, nil
}

// hollow reports whether v asks for nothing: [], {}, "" or false.
func hollow(v jsontext.Value) bool {
	switch v.Kind() {
	case '[', '{':
		for _, c := range v[1 : len(v)-1] {
			if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
				return false
			}
		}
		return true
	case '"':
		return len(v) == len(`""`)
	}
	return v.Kind() == 'f'
}

// borrow returns a reader for text, which must be given back.
func (d *decoder) borrow(text []byte) *reader {
	var r *reader
	if n := len(d.idle); n > 0 {
		r, d.idle = d.idle[n-1], d.idle[:n-1]
	} else {
		r = &reader{}
	}
	r.reset(text)
	return r
}

func (d *decoder) giveBack(r *reader) { d.idle = append(d.idle, r) }
