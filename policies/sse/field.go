package sse

import "bytes"

// field is what the beginning of a line says about it.
type field uint8

const (
	fieldNone    field = iota // no line of server-sent events
	fieldBlank                // ends an event
	fieldComment              // ": text"
	fieldData                 // "data: text"
	fieldOther                // event, id, retry: nothing that heald needs
)

// split returns the field of a line and its value. One space after the colon is
// not part of the value. A line of white space alone counts as blank: JSON
// between events may leave one.
func split(line []byte) (field, []byte) {
	name, value, _ := bytes.Cut(line, []byte{':'})
	value = bytes.TrimPrefix(value, []byte{' '})
	switch string(name) {
	case "data":
		return fieldData, value
	case "event", "id", "retry":
		return fieldOther, nil
	}
	switch {
	case len(line) > 0 && len(name) == 0:
		return fieldComment, value
	case len(bytes.TrimSpace(line)) == 0:
		return fieldBlank, nil
	}
	return fieldNone, nil
}
