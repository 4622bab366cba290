package jsonwalk

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// member is one field of an object.
type member struct {
	name  []byte
	value jsontext.Value
}

// Members are the fields of an object whose type field, which may stand
// anywhere, says how to read the others. Of fields with the same name the last
// one counts.
type Members struct {
	w    *Walker
	list []member
}

// Object runs f with the members of v, which a Reader must have read. They are
// valid only during the call.
func (w *Walker) Object(v jsontext.Value, f func(m Members) error) error {
	if v.Kind() != '{' {
		return w.Invalid("", "Input should be an object")
	}
	base := len(w.scratch)
	defer func() { w.scratch = w.scratch[:base] }()
	for name, v := range fields(v) {
		if err := w.keep(base, name, v); err != nil {
			return err
		}
	}
	return f(w.members(base))
}

// NextObject is Object for the next value of r; it reads each byte once less.
func (w *Walker) NextObject(r *Reader, f func(m Members) error) error {
	if r.Kind() != '{' {
		v, err := r.Value()
		if err != nil {
			return err
		}
		return w.Object(v, f)
	}
	base := len(w.scratch)
	defer func() { w.scratch = w.scratch[:base] }()
	err := r.Object(func(name []byte) error {
		v, err := r.Value()
		if err != nil {
			return err
		}
		return w.keep(base, name, v)
	})
	if err != nil {
		return err
	}
	return f(w.members(base))
}

// keep adds a member to those from base on.
func (w *Walker) keep(base int, name []byte, v jsontext.Value) error {
	for i := range w.scratch[base:] {
		if m := &w.scratch[base+i]; string(m.name) == string(name) {
			m.value = v
			return nil
		}
	}
	if len(w.scratch)-base == maxMembers {
		return w.Invalid("", "Input should have at most %d fields", maxMembers)
	}
	w.scratch = append(w.scratch, member{name, v})
	return nil
}

func (w *Walker) members(base int) Members {
	return Members{w, w.scratch[base:len(w.scratch):len(w.scratch)]}
}

// List runs f for each element of v, which a Reader must have read, with its
// index in the path.
func (w *Walker) List(v jsontext.Value, f func(i int, v jsontext.Value) error) error {
	if v.Kind() != '[' {
		return w.Invalid("", "Input should be a valid list")
	}
	for i, v := range elements(v) {
		if err := w.At(i, func() error { return f(i, v) }); err != nil {
			return err
		}
	}
	return nil
}

// Apply applies t: fields that it leaves out are absent from then on.
func (m Members) Apply(t *Table) error {
	for i := range m.list {
		f := &m.list[i]
		use, err := m.w.Field(t, f.name, f.value)
		if err != nil {
			return err
		}
		if !use {
			f.value = nil
		}
	}
	return nil
}

// Get returns the value of a field, nil if it is absent or null.
func (m Members) Get(name string) jsontext.Value {
	for _, f := range m.list {
		if string(f.name) == name && f.value.Kind() != 'n' {
			return f.value
		}
	}
	return nil
}

// Null reports whether a field is present and null.
func (m Members) Null(name string) bool {
	for _, f := range m.list {
		if string(f.name) == name {
			return f.value == nil || f.value.Kind() == 'n'
		}
	}
	return false
}

// Text returns a string field, nil if it is absent.
func (m Members) Text(name string) (conversation.Text, error) {
	v := m.Get(name)
	if v == nil {
		return nil, nil
	}
	return m.w.Text(name, v)
}

// NeedText returns a string field that must be there.
func (m Members) NeedText(name string) (conversation.Text, error) {
	if m.Get(name) == nil {
		return nil, m.w.Invalid(name, "Field required")
	}
	return m.Text(name)
}

// Flag returns a boolean field, false if it is absent.
func (m Members) Flag(name string) (bool, error) {
	v := m.Get(name)
	if v == nil {
		return false, nil
	}
	return m.w.Flag(name, v)
}

// Object runs f with the members of field name, which may be absent: then f
// does not run.
func (m Members) Object(name string, f func(m Members) error) error {
	v := m.Get(name)
	if v == nil {
		return nil
	}
	return m.w.Within(name, func() error { return m.w.Object(v, f) })
}

// Text reads v, the value of field name, as a string.
func (w *Walker) Text(name string, v jsontext.Value) (conversation.Text, error) {
	if v.Kind() != '"' {
		return nil, w.Invalid(name, "Input should be a valid string")
	}
	return conversation.Text(v), nil
}

// Flag reads v, the value of field name, as a boolean.
func (w *Walker) Flag(name string, v jsontext.Value) (bool, error) {
	if k := v.Kind(); k != 't' && k != 'f' {
		return false, w.Invalid(name, "Input should be a valid boolean")
	}
	return v.Kind() == 't', nil
}

// Number reads v, the value of field name, as a number.
func (w *Walker) Number(name string, v jsontext.Value) (float64, error) {
	n, err := strconv.ParseFloat(string(v), 64)
	if v.Kind() != '0' || err != nil {
		return 0, w.Invalid(name, "Input should be a valid number")
	}
	return n, nil
}

// Count reads v, the value of field name, as a whole number that is not
// negative. 4e3 and 4000.0 are whole.
func (w *Walker) Count(name string, v jsontext.Value) (int, error) {
	n, err := w.Number(name, v)
	const most = 1 << 40 // beyond any limit, below where floats get coarse
	if err != nil || n != float64(int(min(max(n, 0), most))) {
		return 0, w.Invalid(name, "Input should be a valid integer greater than or equal to 0")
	}
	return int(n), nil
}
