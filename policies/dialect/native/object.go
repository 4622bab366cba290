package native

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// object is a JSON object being written.
type object struct {
	dst  []byte
	full bool
}

func open(dst []byte) *object { return &object{dst: append(dst, '{')} }

// key appends a name and returns the buffer for its value.
func (o *object) key(name string) []byte {
	if o.full {
		o.dst = append(o.dst, ',')
	}
	o.full = true
	o.dst = jsonwalk.AppendString(o.dst, name)
	return append(o.dst, ':')
}

func (o *object) fields(list []field) {
	for _, f := range list {
		if o.dst = o.key(f.name); f.more == nil {
			o.dst = append(o.dst, f.value...)
		} else {
			o.dst = appendJoined(o.dst, f)
		}
	}
}

func (o *object) close() []byte { return append(o.dst, '}') }

// joined is a member of a value that came in pieces.
type joined struct {
	name  string
	list  bool
	value []byte // of a list, what stands between its brackets
}

// appendJoined appends the pieces of f as one object, lists of one name put
// together: each frame cites, and gives probabilities of, its own text.
func appendJoined(dst []byte, f field) []byte {
	var members []joined
	var at places
	add := func(name string, v jsontext.Value) {
		next := joined{name: name, value: v}
		if next.list = v.Kind() == '['; next.list {
			next.value = bytes.TrimSpace(v[1 : len(v)-1])
		}
		next.value = bytes.Clone(next.value) // it may grow
		i, known := at.of(name)
		if !known {
			members = append(members, next)
			return
		}
		m := &members[i]
		if !m.list || !next.list {
			*m = next
			return
		}
		if len(m.value) > 0 && len(next.value) > 0 {
			m.value = append(m.value, ',')
		}
		m.value = append(m.value, next.value...)
	}
	var s scan
	for _, piece := range append([][]byte{f.value}, f.more...) {
		s.reset(piece)
		_ = s.object(func(name []byte) error { // valid: it was decoded before
			key := string(name)
			v, err := s.value()
			if err == nil {
				add(key, v)
			}
			return err
		})
	}
	o := open(dst)
	for _, m := range members {
		if o.dst = o.key(m.name); m.list {
			o.dst = append(append(append(o.dst, '['), m.value...), ']')
		} else {
			o.dst = append(o.dst, m.value...)
		}
	}
	return o.close()
}
