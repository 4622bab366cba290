package fakegemini

import (
	"fmt"
	"slices"
)

// ListField is a repeated field or a map of a request: the shortest request in
// which it stands is Before, elements between commas, and After.
type ListField struct {
	// Path is where it stands: contents.parts.
	Path          string
	Before, After string
	// Element is one element; # is its number.
	Element string
}

// ListFields returns every repeated field and map that a GenerateContentRequest
// can hold, of Vertex AI's API or AI Studio's, each message at its first place.
func ListFields(vertex bool) []ListField {
	w := listWalk{table: tables()[dialect{vertex: vertex, callIDs: vertex}], seen: map[string]bool{}}
	w.message("GenerateContentRequest", "", `{"contents":[{"role":"user","parts":[{"text":"hi"}]}],`, `}`)
	return w.found
}

// listWalk goes through the messages.
type listWalk struct {
	table messages
	seen  map[string]bool
	found []ListField
}

// message checks the fields of a message, whose members are between before and
// after.
func (w *listWalk) message(name, path, before, after string) {
	if w.seen[name] || w.table[name] == nil {
		return
	}
	w.seen[name] = true
	m := w.table[name]
	names := make([]string, 0, len(m.fields))
	for f := range m.fields {
		names = append(names, f)
	}
	slices.Sort(names)
	for _, f := range names {
		w.field(f, m.fields[f], path, before, after)
	}
}

func (w *listWalk) field(name string, f field, path, before, after string) {
	at, head := path+name, before+`"`+name+`":`
	element := sampleOf(&f)
	switch {
	case f.repeated:
		w.found = append(w.found, ListField{Path: at, Before: head + "[", Element: element, After: "]" + after})
		if f.message {
			w.message(f.base, at+".", head+"[{", "}]"+after)
		}
	case f.mapped:
		w.found = append(w.found, ListField{Path: at, Before: head + "{", Element: `"m#":` + sampleValue(&f), After: "}" + after})
		if f.message {
			w.message(f.base, at+".", head+`{"m":{`, "}}"+after)
		}
	case f.message:
		w.message(f.base, at+".", head+"{", "}"+after)
	}
}

// sampleOf is an element of a list, numbered where it can be.
func sampleOf(f *field) string {
	if f.base == "string" || f.base == "any" {
		return `"s#"`
	}
	return sampleValue(f)
}

// sampleValue is some value of a type.
func sampleValue(f *field) string {
	switch f.base {
	case "string", "bytes", "any":
		return `"s"`
	case "bool":
		return "true"
	case "enum":
		return fmt.Sprintf("%q", f.enum[0])
	case "int32", "int64", "number":
		return "1"
	}
	return "{}"
}
