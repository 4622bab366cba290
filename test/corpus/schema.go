package main

import "strings"

// schemaWords gathers the names of properties and the string choices of a JSON
// Schema, wherever a value that obeys it can have them. Definitions that
// nothing refers to count for nothing.
func schemaWords(schema value) map[string]bool {
	f := wordFinder{root: schema, words: map[string]bool{}, met: map[string]bool{}}
	f.look(schema)
	return f.words
}

type wordFinder struct {
	root  value
	words map[string]bool
	met   map[string]bool // references
}

func (f *wordFinder) look(s value) {
	m, _ := s.v.(map[string]any)
	for keyword, v := range m {
		switch keyword {
		case "properties":
			f.properties(value{v})
		case "items", "additionalProperties":
			f.look(value{v})
			f.each(value{v})
		case "anyOf", "oneOf", "allOf", "prefixItems":
			f.each(value{v})
		case "enum":
			for _, e := range (value{v}).elements() {
				f.choice(e)
			}
		case "const":
			f.choice(value{v})
		case "$ref", "ref":
			f.refer((value{v}).str())
		}
	}
}

func (f *wordFinder) each(list value) {
	for _, sub := range list.elements() {
		f.look(sub)
	}
}

func (f *wordFinder) choice(v value) {
	if v.str() != "" {
		f.words["choice "+v.str()] = true
	}
}

func (f *wordFinder) properties(v value) {
	props, _ := v.v.(map[string]any)
	for name, sub := range props {
		if sub != false { // a property that nothing satisfies
			f.words["property "+name] = true
			f.look(value{sub})
		}
	}
}

// refer follows a reference within the schema.
func (f *wordFinder) refer(ref string) {
	path, local := strings.CutPrefix(ref, "#")
	if !local || f.met[ref] {
		return
	}
	f.met[ref] = true
	at := f.root
	for name := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if name != "" {
			m, _ := at.v.(map[string]any)
			at = value{m[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]}
		}
	}
	f.look(at)
}
