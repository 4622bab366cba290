package openai

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/dataurl"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// What tools of MCP servers return beside text and media; clients put it into
// results unchanged.

var resourcePartFields = &jsonwalk.Table{Name: "resource part, of MCP", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"resource", jsonwalk.Map, "text or media"},
	{"annotations", jsonwalk.Drop, hints},
	{"_meta", jsonwalk.Drop, hints},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

var resourceFields = &jsonwalk.Table{Name: "resource, of MCP", Fields: []jsonwalk.Field{
	{"uri", jsonwalk.Map, "a line above the text, or the name of the media"},
	{"text", jsonwalk.Map, "text"},
	{"blob", jsonwalk.Map, "inline media"},
	{"mimeType", jsonwalk.Map, "the MIME type of media"},
	{"name", jsonwalk.Drop, "the address names it"},
	{"title", jsonwalk.Drop, "the address names it"},
	{"annotations", jsonwalk.Drop, hints},
	{"_meta", jsonwalk.Drop, hints},
}}

var resourceLinkFields = &jsonwalk.Table{Name: "resource_link part, of MCP", Fields: []jsonwalk.Field{
	{"type", jsonwalk.Map, ""},
	{"name", jsonwalk.Map, "a line of text"},
	{"title", jsonwalk.Map, "the same line"},
	{"uri", jsonwalk.Map, "the same line"},
	{"description", jsonwalk.Map, "the same line"},
	{"mimeType", jsonwalk.Map, "the same line"},
	{"size", jsonwalk.Drop, hints},
	{"icons", jsonwalk.Drop, hints},
	{"annotations", jsonwalk.Drop, hints},
	{"_meta", jsonwalk.Drop, hints},
	{"cache_control", jsonwalk.Drop, noCacheMark},
}}

// resource reads a resource.
func (r media) resource(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := m.Apply(resourcePartFields); err != nil {
		return err
	}
	return r.within("resource", m, func(m jsonwalk.Members) error {
		if err := m.Apply(resourceFields); err != nil {
			return err
		}
		said, err := texts(m, "uri", "text")
		if err != nil {
			return err
		}
		if m.Get("blob") == nil {
			*parts = AppendText(*parts, conversation.Join("\n", said...))
			return nil
		}
		return r.blob(m, parts)
	})
}

// blob reads the blob of a resource.
func (r media) blob(m jsonwalk.Members, parts *[]conversation.Part) error {
	data, err := m.NeedText("blob")
	if err != nil {
		return err
	}
	mime, err := m.Text("mimeType")
	if err != nil {
		return err
	}
	uri, err := m.Text("uri")
	found := Address(r.Walker, "blob", data, dataurl.Type(mime.String()))
	if found.Media != nil {
		found.Media.Title = uri.String()
	}
	*parts = append(*parts, found)
	return err
}

// resourceLink reads the address of a resource, which only the client can read.
func (r media) resourceLink(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := m.Apply(resourceLinkFields); err != nil {
		return err
	}
	said, err := texts(m, "name", "title", "uri", "mimeType", "description")
	*parts = AppendText(*parts, conversation.Join(" ", said...))
	return err
}

// texts returns the fields that are not empty.
func texts(m jsonwalk.Members, names ...string) (said []conversation.Text, err error) {
	for _, name := range names {
		t, err := m.Text(name)
		if err != nil {
			return nil, err
		}
		if !t.Empty() {
			said = append(said, t)
		}
	}
	return said, nil
}
