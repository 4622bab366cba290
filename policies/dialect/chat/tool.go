package chat

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/setting"
	"github.com/heald-proxy/heald/policies/dialect/internal/tool"
)

// tools reads tools, or functions of older clients, into list.
func (d *decoder) tools(v jsontext.Value, list *[]conversation.Tool) error {
	*list = nil
	return d.List(v, func(_ int, v jsontext.Value) error {
		return d.Object(v, func(m jsonwalk.Members) error { return d.tool(m, list) })
	})
}

// tool reads one tool. Some clients leave the type out, others the nesting
// within function.
func (d *decoder) tool(m jsonwalk.Members, list *[]conversation.Tool) error {
	if len(*list) == conversation.MaxTools {
		return d.Invalid("", "at most %d tools are allowed", conversation.MaxTools)
	}
	known, err := tool.Google(d.Walker, m, list, func(m jsonwalk.Members) error { return d.tool(m, list) })
	if known {
		return err
	}
	if known, err := tool.Hosted(d.Walker, m, list); known {
		return err
	}
	f, kind, err := tool.Kind(d.Walker, m, toolTypes, "function")
	if err != nil {
		return err
	}
	if f.Action == jsonwalk.Warn {
		*list = append(*list, setting.Unavailable(d.Walker, kind, m.Get("name"), f.Why))
		return nil
	}
	t, freeform, err := tool.Function(d.Walker, m, true)
	if freeform {
		d.takesText(t.Name)
	}
	t.At = d.Place("")
	*list = append(*list, t)
	return err
}

// takesText marks a tool whose calls are delivered as text.
func (d *decoder) takesText(name string) {
	if d.own.freeform == nil {
		d.own.freeform = map[string]bool{}
	}
	d.own.freeform[name] = true
}

// searchOptions reads web_search_options, whose presence asks for a search.
func (d *decoder) searchOptions(m jsonwalk.Members) error {
	d.search = &conversation.Tool{Kind: conversation.WebSearch, At: d.Place("")}
	return m.Apply(searchFields)
}

// joinTools combines all tools, and decides the shape of calls. A client that
// declares functions but no tools knows only function_call, of which an answer
// has one.
func (d *decoder) joinTools() {
	if len(d.functions) > 0 && len(d.Req.Tools) == 0 {
		d.own.legacy, d.Req.OneCall = true, true
	}
	d.Req.Tools = append(append(d.Req.Tools, d.functions...), d.added...)
	if d.search != nil {
		d.Req.Tools = append(d.Req.Tools, *d.search)
	}
	d.own.cites = d.Req.Upstream.CachedContent != "" // may hold tools
	for i := range d.Req.Tools {
		d.own.cites = d.own.cites || d.Req.Tools[i].Cites()
	}
}
