package tool

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
)

// Function reads a tool that the client runs. Its fields stand in it, or in an
// object of the tool's type. freeform reports a tool that takes text; a tool of
// type custom is one unless it has a schema or custom is false, for an API
// where custom means a function.
func Function(w *jsonwalk.Walker, m jsonwalk.Members, custom bool) (t conversation.Tool, freeform bool, err error) {
	text := custom && string(jsonwalk.Chars(m.Get("type"))) == "custom"
	for _, kind := range []string{"function", "custom"} {
		if m.Get(kind) == nil {
			continue
		}
		if err := noStray(w, m, NestedFields); err != nil {
			return t, false, err
		}
		if err := m.Apply(NestedFields); err != nil {
			return t, false, err
		}
		err = m.Object(kind, func(m jsonwalk.Members) error {
			t, freeform, err = declared(w, m, kind == "custom")
			return err
		})
		return t, freeform, err
	}
	return declared(w, m, text)
}

// declared reads the declaration itself; text says that it is of a tool that
// takes text unless it has a schema.
func declared(w *jsonwalk.Walker, m jsonwalk.Members, text bool) (t conversation.Tool, freeform bool, err error) {
	schema := false
	for _, name := range schemaNames {
		schema = schema || m.Get(name) != nil
	}
	if freeform = !schema && (text || m.Get("format").Kind() == '{'); freeform {
		t, err = takesText(m)
		return t, true, err
	}
	if !schema {
		if err := noStray(w, m, FunctionFields); err != nil {
			return t, false, err
		}
	}
	if err := m.Apply(FunctionFields); err != nil {
		return t, false, err
	}
	if err := Head(m, &t); err != nil {
		return t, false, err
	}
	if t.Schema, err = schemaOf(w, m); err != nil {
		return t, false, err
	}
	return t, false, googleFunction(w, m, &t)
}

// Head reads what all functions have beside their schema, which typed tools do
// without. The description that t already has comes first.
func Head(m jsonwalk.Members, t *conversation.Tool) error {
	name, err := m.NeedText("name")
	if err != nil {
		return err
	}
	t.Name = name.String()
	description, err := m.Text("description")
	if err != nil {
		return err
	}
	if t.Description == nil {
		t.Description = description
	}
	if t.Strict, err = m.Flag("strict"); err != nil {
		return err
	}
	if examples := m.Get("input_examples"); examples != nil && !jsonwalk.AsksForNothing(examples) {
		lines := []conversation.Text{conversation.Quote("Examples of inputs:"), conversation.Quote(string(examples))}
		if !t.Description.Empty() {
			lines = append([]conversation.Text{t.Description}, lines...)
		}
		t.Description = conversation.Join("\n", lines...)
	}
	return nil
}

// schemaOf returns the schema of a function's arguments, nil for none. A client
// that sends it under two names must mean the same.
func schemaOf(w *jsonwalk.Walker, m jsonwalk.Members) (schema conversation.Raw, err error) {
	for _, name := range schemaNames {
		v := m.Get(name)
		switch {
		case v == nil:
			continue
		case v.Kind() != '{':
			return nil, w.Invalid(name, "Input should be an object")
		case schema == nil || jsonwalk.AsksForNothing(jsontext.Value(schema)):
			schema = conversation.Raw(v)
		case !jsonwalk.AsksForNothing(v) && !bytes.Equal(v, schema):
			return nil, w.Invalid(name, "the arguments have another schema too; send one")
		}
	}
	return schema, nil
}

// noStray refuses a tool with a schema in a field that no row of t names:
// without it the model would guess the arguments.
func noStray(w *jsonwalk.Walker, m jsonwalk.Members, t *jsonwalk.Table) error {
	if name := m.Stray(t, setting.IsSchema); name != "" {
		return w.Invalid(name, "not a known field there, and it is a schema; send it beside the name, as parameters or input_schema")
	}
	return nil
}

// takesText reads a tool that takes text.
func takesText(m jsonwalk.Members) (t conversation.Tool, err error) {
	if err := m.Apply(FreeformFields); err != nil {
		return t, err
	}
	if err := Head(m, &t); err != nil {
		return t, err
	}
	t.Schema = conversation.Raw(openai.FreeformSchema)
	return t, m.Object("format", func(m jsonwalk.Members) error {
		if err := m.Apply(freeformFormatFields); err != nil {
			return err
		}
		if m.Get("grammar") != nil {
			return m.Object("grammar", func(m jsonwalk.Members) error {
				if err := m.Apply(grammarFields); err != nil {
					return err
				}
				return addGrammar(m, &t.Description)
			})
		}
		if m.Get("definition") == nil {
			return nil // any text
		}
		return addGrammar(m, &t.Description)
	})
}

// addGrammar appends what the input must look like to a tool's description.
func addGrammar(m jsonwalk.Members, description *conversation.Text) error {
	definition, err := m.NeedText("definition")
	if err != nil {
		return err
	}
	syntax, err := m.Text("syntax")
	*description = openai.Grammar(*description, syntax, definition)
	return err
}

// Kind returns the type of tool m and its row in types, which has one for every
// type. A tool that cannot be called here, but has the name and the schema of
// what the client runs, is read as a function.
func Kind(w *jsonwalk.Walker, m jsonwalk.Members, types *jsonwalk.Table, absent string) (f *jsonwalk.Field, kind []byte, err error) {
	v, err := m.Text("type")
	switch {
	case err != nil:
		return nil, nil, err
	case v != nil:
		kind = jsonwalk.Chars(jsontext.Value(v))
	default:
		kind = []byte(absent)
	}
	f = types.Find(kind)
	if f.Action == jsonwalk.Warn && callable(m) {
		w.Warn("type", "'"+string(jsonwalk.Shorten(kind))+"' is not a type of tool that is known here; its schema makes it a function")
		f = types.Find([]byte("function"))
	}
	return f, kind, nil
}

// callable reports whether m says all that a function needs.
func callable(m jsonwalk.Members) bool {
	if m.Get("function").Kind() == '{' {
		return true
	}
	return m.Get("name") != nil && slices.ContainsFunc(schemaNames, func(name string) bool { return m.Get(name).Kind() == '{' })
}
