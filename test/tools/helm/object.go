package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// object is one of Kubernetes, as decoded from YAML.
type object map[string]any

// decode reads all objects of a text.
func decode(text string) ([]object, error) {
	var out []object
	d := yaml.NewDecoder(bytes.NewBufferString(text))
	for {
		var o object
		if err := d.Decode(&o); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		if len(o) > 0 {
			out = append(out, o)
		}
	}
}

func (o object) kind() string { return str(o["kind"]) }
func (o object) name() string { return str(o.at("metadata", "name")) }
func (o object) id() string   { return o.kind() + "/" + o.name() }

// at is what is below the keys, or nil.
func (o object) at(keys ...string) any {
	var v any = map[string]any(o)
	for _, k := range keys {
		m, ok := asMap(v)
		if !ok {
			return nil
		}
		v = m[k]
	}
	return v
}

// list is the objects of the list below the keys.
func (o object) list(keys ...string) []object {
	var out []object
	items, _ := o.at(keys...).([]any)
	for _, item := range items {
		if m, ok := asMap(item); ok {
			out = append(out, m)
		}
	}
	return out
}

func asMap(v any) (object, bool) {
	switch m := v.(type) {
	case object:
		return m, true
	case map[string]any:
		return m, true
	}
	return nil, false
}

// str is a scalar as text, "" for none.
func str(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func number(v any) int {
	n, err := strconv.Atoi(str(v))
	if err != nil {
		return -1
	}
	return n
}
