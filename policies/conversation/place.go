package conversation

import "strconv"

// Place says where in the client's body something stood: in element Item of
// the list Root, there in element Index of its field Field. What lies deeper
// has the place of what it lies in.
type Place struct {
	Root string // "messages", "input" or "tools"; "" if unknown
	// Field is "content" or "tool_calls", for example; "" for the whole
	// element.
	Field string
	// Item and Index are -1 where Root or Field is no list.
	Item, Index int32
}

// FieldNames are a dialect's own words for what the request says, so that whoever
// finds a fault in it names the field that the client wrote. nil is a dialect
// whose words are those of this package.
type FieldNames struct {
	// Dots writes places as messages.3.content.0; otherwise they are written
	// messages[3].content[0].
	Dots bool
	// Fields are the client's names of fields that have another name here.
	Fields map[string]string
}

// Field words the name of a field of the request.
func (w *FieldNames) Field(name string) string {
	if w != nil && w.Fields[name] != "" {
		return w.Fields[name]
	}
	return name
}

// Place words p.
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
