package conversation

import "strconv"

// Place says where in the client's body something stood: in element Item of the
// list Root, there in element Index of its field Field. A deeper value has the
// place of the element around it.
type Place struct {
	Root string // "messages", "input" or "tools"; "" if unknown
	// Field is "content" or "tool_calls", for example; "" for the whole
	// element.
	Field string
	// Item and Index are -1 where Root or Field is no list.
	Item, Index int32
}

// FieldNames maps the neutral names of fields to the client's, so that errors
// and warnings name the field that the client wrote. nil maps each name to
// itself.
type FieldNames struct {
	// Dots writes places as messages.3.content.0; otherwise they are written
	// messages[3].content[0].
	Dots bool
	// Fields are the client's names of fields that have another name here.
	Fields map[string]string
}

// Field returns the client's name of a field of the request.
func (w *FieldNames) Field(name string) string {
	if w != nil && w.Fields[name] != "" {
		return w.Fields[name]
	}
	return name
}

// Place returns p as the client writes it.
func (w *FieldNames) Place(p Place) string {
	if p.Root == "" {
		return w.Field("messages")
	}
	b := w.index([]byte(p.Root), p.Item)
	if p.Field != "" {
		b = w.index(append(append(b, '.'), p.Field...), p.Index)
	}
	return string(b)
}

func (w *FieldNames) index(b []byte, i int32) []byte {
	switch {
	case i < 0:
		return b
	case w != nil && w.Dots:
		return strconv.AppendInt(append(b, '.'), int64(i), 10)
	}
	return append(strconv.AppendInt(append(b, '['), int64(i), 10), ']')
}
