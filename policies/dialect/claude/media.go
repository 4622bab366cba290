package claude

import (
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
	"github.com/heald-proxy/heald/policies/dialect/internal/openai"
)

// source is where an image or document comes from, by its type.
type source struct {
	kind    string // base64, url, text, content
	mime    string
	data    conversation.Text // base64 or text
	url     conversation.Text
	content []conversation.Part
}

// readSource reads the source field of m.
func (d *decoder) readSource(m jsonwalk.Members) (src source, err error) {
	if m.Get("source") == nil {
		return src, d.Invalid("source", "Field required")
	}
	err = m.Object("source", func(m jsonwalk.Members) error {
		src, err = d.source(m)
		return err
	})
	return src, err
}

func (d *decoder) source(m jsonwalk.Members) (src source, err error) {
	kind, err := m.NeedText("type")
	if err != nil {
		return src, err
	}
	f := sourceTypes.Find([]byte(kind.String()))
	if f == nil {
		return src, d.Invalid("type", "Input should be 'base64', 'url', 'text', 'content' or 'file'")
	}
	if f.Action == jsonwalk.Refuse {
		return src, d.Unsupported("", f.Name+" ("+f.Why+")")
	}
	if err := m.Apply(sourceFields); err != nil {
		return src, err
	}
	src.kind = f.Name
	mime, err := m.Text("media_type")
	if err != nil {
		return src, err
	}
	src.mime = mime.String()
	switch src.kind {
	case "url":
		src.url, err = m.NeedText("url")
		return src, err
	case "content":
		err = d.Within("content", func() error { return d.nested(m.Get("content"), &src.content) })
		return src, err
	}
	src.data, err = m.NeedText("data")
	return src, err
}

func (d *decoder) readImage(m jsonwalk.Members, parts *[]conversation.Part) error {
	src, err := d.readSource(m)
	if err != nil {
		return err
	}
	if src.kind != "base64" && src.kind != "url" {
		return d.Invalid("source", "an image source should be 'base64', 'url' or 'file'")
	}
	*parts = append(*parts, d.file(src))
	return nil
}

// readDocument reads a document. Inline media keep their title as a name;
// documents of text get title and context as lines above them.
func (d *decoder) readDocument(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := d.warnCitations(m); err != nil {
		return err
	}
	title, err := m.Text("title")
	if err != nil {
		return err
	}
	context, err := m.Text("context")
	if err != nil {
		return err
	}
	src, err := d.readSource(m)
	if err != nil {
		return err
	}
	switch src.kind {
	case "text":
		addText(parts, joinLines(title, context, src.data))
	case "content":
		if head := joinLines(title, context); !head.Empty() {
			addText(parts, head)
		}
		*parts = append(*parts, src.content...)
	default:
		if !context.Empty() {
			addText(parts, context)
		}
		if src.kind == "url" && src.mime == "" {
			src.mime = "application/pdf" // the only documents that the original service fetches
		}
		p := d.file(src)
		if p.Media != nil {
			p.Media.Title = title.String()
		}
		*parts = append(*parts, p)
	}
	return nil
}

// file is the part for a source that is a file.
func (d *decoder) file(src source) conversation.Part {
	if src.kind == "url" {
		return openai.Address(d.Walker, "source.url", src.url, src.mime)
	}
	return conversation.Part{Kind: conversation.KindMedia, Media: &conversation.Media{MIME: src.mime, Data: src.data}}
}

// joinLines joins the texts that are not empty by newlines.
func joinLines(texts ...conversation.Text) conversation.Text {
	var lines []conversation.Text
	for _, t := range texts {
		if !t.Empty() {
			lines = append(lines, t)
		}
	}
	return conversation.Join("\n", lines...)
}

// warnCitations warns if m asks for citations.
func (d *decoder) warnCitations(m jsonwalk.Members) error {
	return m.Object("citations", func(m jsonwalk.Members) error {
		if err := m.Apply(citationsFields); err != nil {
			return err
		}
		enabled, err := m.Flag("enabled")
		if enabled {
			d.Warn("", "left out: "+noCitations)
		}
		return err
	})
}

func (d *decoder) readSearchResult(m jsonwalk.Members, parts *[]conversation.Part) error {
	if err := d.warnCitations(m); err != nil {
		return err
	}
	title, err := m.Text("title")
	if err != nil {
		return err
	}
	from, err := m.Text("source")
	if err != nil {
		return err
	}
	var content []conversation.Part
	if err := d.Within("content", func() error { return d.nested(m.Get("content"), &content) }); err != nil {
		return err
	}
	addText(parts, joinLines(title, from, joinTexts(content)))
	return nil
}
