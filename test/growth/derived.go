package main

import (
	"fmt"
	"strings"
)

// table is a table of a decoder: what it is called, and its fields.
type table struct {
	name   string
	fields []string
}

// here marks the place in a holder where a member goes.
const here = "@@"

// shapes are the long values that every field gets, whatever it should be.
var shapes = []struct {
	name  string
	value func(n int) []byte
}{
	{"strings", list("[", func(i int) string { return fmt.Sprintf(`"s%d.example"`, i) }, "]")},
	{"objects", list("[", func(i int) string { return fmt.Sprintf(`{"type":"text","text":"t%d"}`, i) }, "]")},
	{"members", list("{", func(i int) string { return fmt.Sprintf(`"m%d":%d`, i, i) }, "}")},
}

// derived are the samples of every field of every table.
func derived(a *api) []sample {
	if a.tables == nil {
		return nil
	}
	var out []sample
	for _, t := range a.tables() {
		holder := a.holders[t.name]
		if holder == "" {
			continue // the values of a type field; growth_test.go knows them
		}
		before, after, _ := strings.Cut(holder, here)
		for _, field := range t.fields {
			for _, shape := range shapes {
				out = append(out, sample{
					name: fmt.Sprintf("%s %s.%s (%s)", a.name, t.name, field, shape.name), api: a,
					body: func(n int) []byte {
						value := shape.value(n)
						body := make([]byte, 0, len(value)+len(holder)+len(field)+8)
						body = append(append(append(body, before...), `,"`+field+`":`...), value...)
						return append(body, after...)
					},
				})
			}
		}
		// Unknown fields.
		out = append(out, sample{name: fmt.Sprintf("%s %s (unknown fields)", a.name, t.name), api: a,
			body: list(before+",", func(i int) string { return fmt.Sprintf(`"unknown%d":%d`, i, i) }, after)})
	}
	return out
}
