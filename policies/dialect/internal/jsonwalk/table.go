package jsonwalk

import "strings"

// Action says what happens to a field.
type Action uint8

// The actions.
const (
	Map    Action = iota // it has an equivalent
	Drop                 // left out: the answer does not depend on it
	Warn                 // left out with a warning
	Refuse               // the request fails: without it the answer would be wrong
)

var actionNames = [...]string{"map", "drop", "warn", "refuse"}

// String returns the word that the documentation uses.
func (a Action) String() string {
	if int(a) < len(actionNames) {
		return actionNames[a]
	}
	return "unknown"
}

// Field is one row of a Table. It is an alias so that tables elsewhere can be
// written as rows, without naming the columns.
type Field = struct {
	// Name is the field's name, or the value of a type field. A * at the end or
	// at the start stands for anything, such as the date that versioned types
	// end with.
	Name   string
	Action Action
	// Why says what the field becomes, or why it is left out or refused.
	Why string
}

// Table says what happens to each field of one object. Decoders follow it; a
// field that is in no table is left out with a warning.
type Table struct {
	Name   string
	Fields []Field
}

// Find returns the row for name, or nil. Tables are short: a scan is as quick
// as a map and keeps them plain data.
func (t *Table) Find(name []byte) *Field {
	for i := range t.Fields {
		if f := &t.Fields[i]; matches(f.Name, name) {
			return f
		}
	}
	return nil
}

func matches(pattern string, name []byte) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(string(name), prefix)
	}
	if suffix, ok := strings.CutPrefix(pattern, "*"); ok {
		return strings.HasSuffix(string(name), suffix)
	}
	return pattern == string(name)
}
