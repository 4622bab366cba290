package claude

import (
	"github.com/heald-proxy/heald/policies/conversation"
)

// source is where an image or document comes from, by its type.
type source struct {
	kind    string // base64, url, text, content
	mime    string
	data    conversation.Text // base64 or text
	url     string
	content []conversation.Part
}

// readSource reads the source field of m.
func readSource(m members) (src source, err error) {
	d := m.d
	v := m.get("source")
	if v == nil {
		return src, d.invalid("source", "Field required")
	}
	err = d.within("source", func() error {
		return d.object(v, func(m members) error {
			src, err = d.source(m)
			return err
		})
	})
	return src, err
}

func (d *decoder) source(m members) (src source, err error) {
	kind, err := m.needText("type")
	if err != nil {
		return src, err
	}
	f := sourceTypes.find([]byte(kind.String()))
	if f == nil {
		return src, d.invalid("type", "Input should be 'base64', 'url', 'text', 'content' or 'file'")
	}
	if f.Action == Refuse {
		return src, d.unsupported("", f.Name+" ("+f.Why+")")
	}
	if err := m.obey(sourceFields); err != nil {
		return src, err
	}
	src.kind = f.Name
	mime, err := m.text("media_type")
	if err != nil {
		return src, err
	}
	src.mime = mime.String()
	switch src.kind {
	case "url":
		url, err := m.needText("url")
		src.url = url.String()
		return src, err
	case "content":
		err = d.within("content", func() error { return d.nested(m.get("content"), &src.content) })
		return src, err
	case "base64":
		if src.mime == "" {
			return src, d.invalid("media_type", "Field required")
		}
	}
	src.data, err = m.needText("data")
	return src, err
}

func readImage(m members, parts *[]conversation.Part) error {
	src, err := readSource(m)
	if err != nil {
		return err
	}
	p := conversation.Part{Kind: conversation.KindMedia}
	switch src.kind {
	case "base64":
		p.Media = conversation.Media{MIME: src.mime, Data: src.data}
	case "url":
		p.Media = conversation.Media{MIME: src.mime, URI: src.url}
	default:
		return m.d.invalid("source", "an image source should be 'base64', 'url' or 'file'")
	}
	*parts = append(*parts, p)
	return nil
}

// readDocument reads a document. Inline media keep their title as a name;
// documents of text get title and context as lines above them.
func readDocument(m members, parts *[]conversation.Part) error {
	d := m.d
	if err := d.warnCitations(m); err != nil {
		return err
	}
	title, err := m.text("title")
	if err != nil {
		return err
	}
	context, err := m.text("context")
	if err != nil {
		return err
	}
	src, err := readSource(m)
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
		*parts = append(*parts, conversation.Part{Kind: conversation.KindMedia, Media: documentMedia(src, title)})
	}
	return nil
}

func documentMedia(src source, title conversation.Text) conversation.Media {
	media := conversation.Media{MIME: src.mime, Data: src.data, URI: src.url, Title: title.String()}
	if media.MIME == "" {
		media.MIME = "application/pdf" // the only documents that the original service fetches
	}
	return media
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
func (d *decoder) warnCitations(m members) error {
	v := m.get("citations")
	if v == nil {
		return nil
	}
	return d.within("citations", func() error {
		return d.object(v, func(m members) error {
			if err := m.obey(citationsFields); err != nil {
				return err
			}
			enabled, err := m.flag("enabled")
			if enabled {
				d.warn("", "left out: "+noCitations)
			}
			return err
		})
	})
}

func readSearchResult(m members, parts *[]conversation.Part) error {
	d := m.d
	if err := d.warnCitations(m); err != nil {
		return err
	}
	title, err := m.text("title")
	if err != nil {
		return err
	}
	from, err := m.text("source")
	if err != nil {
		return err
	}
	var content []conversation.Part
	if err := d.within("content", func() error { return d.nested(m.get("content"), &content) }); err != nil {
		return err
	}
	addText(parts, joinLines(title, from, joinTexts(content)))
	return nil
}
