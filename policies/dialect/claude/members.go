package claude

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

// members are the fields of an object whose type field, which may stand
// anywhere, says how to read the others. Of fields with the same name the last
// one counts.
type members struct {
	d    *decoder
	list []member
}

// object runs f with the members of v. They are gone when it returns.
func (d *decoder) object(v jsontext.Value, f func(m members) error) error {
	if v.Kind() != '{' {
		return d.invalid("", "Input should be an object")
	}
	base := len(d.scratch)
	defer func() { d.scratch = d.scratch[:base] }()
	r := d.borrow(v)
	defer d.giveBack(r)
	err := r.object(func(name []byte) error {
		v, err := r.value()
		if err != nil {
			return err
		}
		for i := range d.scratch[base:] {
			if m := &d.scratch[base+i]; string(m.name) == string(name) {
				m.value = v
				return nil
			}
		}
		if len(d.scratch)-base == maxMembers {
			return d.invalid("", "Input should have at most %d fields", maxMembers)
		}
		d.scratch = append(d.scratch, member{name, v})
		return nil
	})
	if err != nil {
		return err
	}
	return f(members{d, d.scratch[base:len(d.scratch):len(d.scratch)]})
}

// list runs f for each element of v, with its index in the path.
func (d *decoder) list(v jsontext.Value, f func(i int, v jsontext.Value) error) error {
	if v.Kind() != '[' {
		return d.invalid("", "Input should be a valid list")
	}
	r := d.borrow(v)
	defer d.giveBack(r)
	return r.array(func(i int) error {
		v, err := r.value()
		if err != nil {
			return err
		}
		return d.at(i, func() error { return f(i, v) })
	})
}

// obey applies t: what has no meaning here reads as absent from then on.
func (m members) obey(t *Table) error {
	for i := range m.list {
		f := &m.list[i]
		use, err := m.d.sort(t, f.name, f.value)
		if err != nil {
			return err
		}
		if !use {
			f.value = nil
		}
	}
	return nil
}

// get returns the value of a field, nil if it is absent or null.
func (m members) get(name string) jsontext.Value {
	for _, f := range m.list {
		if string(f.name) == name && f.value.Kind() != 'n' {
			return f.value
		}
	}
	return nil
}

// text returns a string field, nil if it is absent.
func (m members) text(name string) (conversation.Text, error) {
	v := m.get(name)
	if v == nil {
		return nil, nil
	}
	return m.d.text(name, v)
}

// needText returns a string field that must be there.
func (m members) needText(name string) (conversation.Text, error) {
	if m.get(name) == nil {
		return nil, m.d.invalid(name, "Field required")
	}
	return m.text(name)
}

// flag returns a boolean field, false if it is absent.
func (m members) flag(name string) (bool, error) {
	v := m.get(name)
	if v == nil {
		return false, nil
	}
	return m.d.flag(name, v)
}

func (d *decoder) text(name string, v jsontext.Value) (conversation.Text, error) {
	if v.Kind() != '"' {
		return nil, d.invalid(name, "Input should be a valid string")
	}
	return conversation.Text(v), nil
}

func (d *decoder) flag(name string, v jsontext.Value) (bool, error) {
	if k := v.Kind(); k != 't' && k != 'f' {
		return false, d.invalid(name, "Input should be a valid boolean")
	}
	return v.Kind() == 't', nil
}

func (d *decoder) number(name string, v jsontext.Value) (float64, error) {
	n, err := strconv.ParseFloat(string(v), 64)
	if v.Kind() != '0' || err != nil {
		return 0, d.invalid(name, "Input should be a valid number")
	}
	return n, nil
}

// count returns a whole number that is not negative. 4e3 and 4000.0 are whole.
func (d *decoder) count(name string, v jsontext.Value) (int, error) {
	n, err := d.number(name, v)
	const most = 1 << 40 // beyond any limit, below where floats get coarse
	if err != nil || n != float64(int(min(max(n, 0), most))) {
		return 0, d.invalid(name, "Input should be a valid integer greater than or equal to 0")
	}
	return int(n), nil
}
