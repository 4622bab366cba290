package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

func (d *decoder) tools(v jsontext.Value) error {
	d.Req.Tools, d.own.freeform = nil, nil
	return d.List(v, func(i int, v jsontext.Value) error {
		if i == conversation.MaxTools {
			return d.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
		}
		return d.Object(v, func(m jsonwalk.Members) error {
			t, err := d.tool(m)
			t.At = d.Place("")
			d.Req.Tools = append(d.Req.Tools, t)
			return err
		})
	})
}

// tool reads one tool. Some clients leave the type out, others the nesting
// within function.
func (d *decoder) tool(m jsonwalk.Members) (t conversation.Tool, err error) {
	kind := []byte("function")
	if v := m.Get("type"); v != nil {
		kind = jsonwalk.Chars(v)
	} else if m.Get("custom") != nil {
		kind = []byte("custom")
	}
	f := toolTypes.Find(kind)
	if f == nil {
		return t, d.Invalid("type", "'%s' is not a known type of tool", jsonwalk.Shorten(kind))
	}
	if f.Name == "function" && m.Get("function") == nil {
		return d.function(m)
	}
	if err := m.Obey(toolFields); err != nil {
		return t, err
	}
	switch f.Name {
	case "function":
		err = m.Object("function", func(m jsonwalk.Members) error { t, err = d.function(m); return err })
	case "custom":
		if m.Get("custom") == nil {
			return t, d.Invalid("custom", "Field required")
		}
		err = m.Object("custom", func(m jsonwalk.Members) error { t, err = d.freeformTool(m); return err })
	default:
		t.Kind = conversation.WebSearch
	}
	return t, err
}

// function reads a function.
func (d *decoder) function(m jsonwalk.Members) (t conversation.Tool, err error) {
	if err := m.Obey(functionFields); err != nil {
		return t, err
	}
	name, err := m.NeedText("name")
	if err != nil {
		return t, err
	}
	t.Name = name.String()
	if t.Description, err = m.Text("description"); err != nil {
		return t, err
	}
	if schema := m.Get("parameters"); schema != nil {
		if schema.Kind() != '{' {
			return t, d.Invalid("parameters", "Input should be an object")
		}
		t.Schema = conversation.Raw(schema)
	}
	t.Strict, err = m.Flag("strict")
	return t, err
}

// legacyFunctions reads functions, which tools replaced.
func (d *decoder) legacyFunctions(v jsontext.Value) error {
	d.functions = nil
	return d.List(v, func(i int, v jsontext.Value) error {
		if i == conversation.MaxTools {
			return d.Invalid("", "at most %d functions are allowed", conversation.MaxTools)
		}
		return d.Object(v, func(m jsonwalk.Members) error {
			t, err := d.function(m)
			t.At = d.Place("")
			d.functions = append(d.functions, t)
			return err
		})
	})
}

// searchOptions reads web_search_options, which asks for a search by being
// there.
func (d *decoder) searchOptions(m jsonwalk.Members) error {
	d.search = &conversation.Tool{Kind: conversation.WebSearch}
	return m.Obey(searchFields)
}

// joinTools puts together what can be called, and settles the shape of calls.
// A client that declares functions but no tools knows function_call alone,
// which there is one of in an answer.
func (d *decoder) joinTools() {
	if len(d.functions) > 0 && len(d.Req.Tools) == 0 {
		d.own.legacy, d.Req.OneCall = true, true
	}
	d.Req.Tools = append(d.Req.Tools, d.functions...)
	if d.search != nil {
		d.Req.Tools = append(d.Req.Tools, *d.search)
	}
	for _, t := range d.Req.Tools {
		d.own.cites = d.own.cites || t.Kind == conversation.WebSearch
	}
}
