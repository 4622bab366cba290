package jsonwalk

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	maxMembers = 64 // fields of one object that is walked; the largest known has 40
	// MaxWarnings bounds the warnings about fields that were left out. It is below
	// the bound of a request, so that later steps have room for theirs.
	MaxWarnings = 64
	// maxName bounds the names that messages and warnings repeat.
	maxName = 64
)

// Walker reads one request. It knows where in the body it is, so that errors
// and warnings can name the field.
type Walker struct {
	// Req gets the warnings.
	Req *conversation.Request
	// Brackets writes places as messages[3].content; without it they are
	// written messages.3.content.
	Brackets bool
	// Gone is dialect.Route.Gone; nil if the client cannot leave.
	Gone func() error

	tally Tally
	path  []step
	// scratch holds the members of the objects being read, outer ones first.
	scratch []member
}

// step is a field name or, where name is empty, an index.
type step struct {
	name  string
	index int
}

// Within runs f with name appended to the path.
func (w *Walker) Within(name string, f func() error) error {
	w.path = append(w.path, step{name: name})
	err := f()
	w.path = w.path[:len(w.path)-1]
	return err
}

// Message runs f with index i appended to the path, for element i of the list
// of messages. It fails where there are too many of them.
func (w *Walker) Message(i int, f func() error) error { return w.at(i, w.tally.Message, f) }

// At runs f with index i appended to the path, for element i of any other
// list. It fails where there are too many in all lists together.
func (w *Walker) At(i int, f func() error) error { return w.at(i, w.tally.Part, f) }

// at runs f with index i appended to the path, unless count fails or the client
// has left.
func (w *Walker) at(i int, count func(where func() string) error, f func() error) error {
	if w.Gone != nil {
		if err := w.Gone(); err != nil {
			return err
		}
	}
	w.path = append(w.path, step{index: i})
	err := count(w.here)
	if err == nil {
		err = f()
	}
	w.path = w.path[:len(w.path)-1]
	return err
}

// here is the path to the current value.
func (w *Walker) here() string { return w.Where("") }

// Where returns the path to field name of the current value; name may be "".
func (w *Walker) Where(name string) string {
	var b []byte
	for _, s := range w.path {
		switch {
		case s.name == "" && w.Brackets:
			b = append(strconv.AppendInt(append(b, '['), int64(s.index), 10), ']')
			continue
		case len(b) > 0:
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
	return string(append(b, Shorten(name)...))
}

// Place returns the place of field name of the current value; name may be "".
func (w *Walker) Place(name string) conversation.Place {
	p := conversation.Place{Root: name, Item: -1, Index: -1}
	for i, s := range w.path[:min(len(w.path), 4)] {
		switch {
		case i == 0:
			p.Root, p.Field = s.name, name
		case i == 1 && s.name == "":
			p.Item = int32(s.index) //nolint:gosec // bodies are far below 2^31 bytes
		case i == 2 && s.name != "":
			p.Field = s.name
		case i == 3 && s.name == "":
			p.Index = int32(s.index) //nolint:gosec // see above
		}
	}
	return p
}

// Mark sets the place of parts that have none yet to field name of the current
// value.
func (w *Walker) Mark(name string, parts []conversation.Part) {
	for i := range parts {
		if parts[i].At.Root == "" {
			parts[i].At = w.Place(name)
		}
	}
}

// Shorten cuts a client's name to the length that a message may repeat.
func Shorten[T ~string | ~[]byte](name T) T { return name[:min(len(name), maxName)] }

// Warn tells the client that field name of the current value was changed or
// left out.
func (w *Walker) Warn(name, why string) {
	if len(w.Req.Warnings) == MaxWarnings {
		w.Req.OmittedWarnings++
		return
	}
	w.Req.Warn(w.Where(name), why)
}

// Field decides about a field by its table, and warns of a field that is left
// out. use reports that the caller has to read the value. A null counts as
// absent everywhere.
func (w *Walker) Field(t *Table, name []byte, v jsontext.Value) (use bool, err error) {
	if v.Kind() == 'n' {
		return false, nil
	}
	f := t.Find(name)
	switch {
	case f == nil:
		w.Warn(string(name), "unknown field, left out")
	case f.Action == Map:
		return true, nil
	case f.Action == Warn && !AsksForNothing(v):
		w.Warn(f.Name, "left out: "+f.Why)
	case f.Action == Refuse && !AsksForNothing(v):
		return false, w.Unsupported(f.Name, f.Why)
	}
	return false, nil
}

// AsksForNothing reports whether v asks for nothing: [], {}, "" or false.
func AsksForNothing(v jsontext.Value) bool {
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
