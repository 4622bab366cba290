package claude

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Calls and results of another service's own tools become text: the upstream
// takes only calls that it made.

func (d *decoder) readServerCall(m jsonwalk.Members, parts *[]conversation.Part) error {
	name, err := m.NeedText("name")
	if err != nil {
		return err
	}
	server, err := m.Text("server_name")
	if err != nil {
		return err
	}
	if !server.Empty() {
		name = conversation.Join(".", server, name)
	}
	digest := conversation.Join("", conversation.Quote("["), name,
		conversation.Quote(" was called with "), rawText(m.Get("input")), conversation.Quote("]"))
	_, carrier := d.splitID(string(jsonwalk.Chars(m.Get("id"))))
	addServerPart(parts, digest, carrier)
	return nil
}

// addServerPart adds the upstream's own part, or its digest where there is no
// carrier. With a carrier the digest is kept too, in case it does not verify.
func addServerPart(parts *[]conversation.Part, digest conversation.Text, carrier string) {
	kind := conversation.KindText
	if carrier != "" {
		kind = conversation.KindUpstream
	}
	*parts = append(*parts, conversation.Part{Kind: kind, Text: digest, Carrier: carrier})
}

// rawText is JSON as text to read.
func rawText(v jsontext.Value) conversation.Text { return conversation.Quote(string(v)) }

// heading is the line above a result: what it is a result of.
func heading(m jsonwalk.Members) conversation.Text {
	return conversation.Join("", conversation.Quote("["),
		conversation.Text(m.Get("type")), conversation.Quote("]"))
}

func (d *decoder) readServerResult(m jsonwalk.Members, parts *[]conversation.Part) error {
	addText(parts, joinLines(heading(m), rawText(m.Get("content"))))
	return nil
}

// readServerText reads a result whose content is text or blocks. Where it holds
// blocks that are unknown it is JSON.
func (d *decoder) readServerText(m jsonwalk.Members, parts *[]conversation.Part) error {
	if v := m.Get("content"); v != nil && !Readable(v) {
		return d.readServerResult(m, parts)
	}
	var content []conversation.Part
	if err := d.Within("content", func() error { return d.nested(m.Get("content"), &content) }); err != nil {
		return err
	}
	failed, err := m.Flag("is_error")
	head := heading(m)
	if failed {
		head = conversation.Join(" ", head, conversation.Quote("failed"))
	}
	nameMedia(content)
	addText(parts, joinLines(head, joinTexts(content)))
	return err
}

// readWebSearch keeps titles and addresses. The content is encrypted for the
// original service, unless the result is the upstream's.
func (d *decoder) readWebSearch(m jsonwalk.Members, parts *[]conversation.Part) error {
	content := m.Get("content")
	if content.Kind() != '[' { // an error
		return d.readServerResult(m, parts)
	}
	lines, carrier := []conversation.Text{heading(m)}, ""
	err := d.Within("content", func() error {
		return d.List(content, func(_ int, v jsontext.Value) error {
			return d.Object(v, func(m jsonwalk.Members) error {
				lines = append(lines, conversation.Join(" ", textOr(m.Get("title")), textOr(m.Get("url"))))
				if sealed := jsonwalk.Chars(m.Get("encrypted_content")); bytes.HasPrefix(sealed, []byte(carrierPrefix)) {
					carrier = string(sealed)
				}
				return nil
			})
		})
	})
	addServerPart(parts, joinLines(lines...), carrier)
	return err
}

// textOr returns v if it is a string, else nil.
func textOr(v jsontext.Value) conversation.Text {
	if v.Kind() != '"' {
		return nil
	}
	return conversation.Text(v)
}

// nameMedia replaces media by their type: the upstream does not read media in
// model turns.
func nameMedia(parts []conversation.Part) {
	for i, p := range parts {
		if p.Kind == conversation.KindMedia {
			parts[i] = conversation.Part{Text: conversation.Quote("[" + p.Media.MIME + "]")}
		}
	}
}

// readWebFetch keeps the address and the text of the page. Of a page that is
// not text only the name is kept.
func (d *decoder) readWebFetch(m jsonwalk.Members, parts *[]conversation.Part) error {
	if m.Get("content").Kind() != '{' {
		return d.readServerResult(m, parts)
	}
	title, outer := heading(m), m
	return m.Object("content", func(m jsonwalk.Members) error {
		page := m.Get("content")
		if page.Kind() != '{' || !Readable(page) { // an error, or another type
			return d.readServerResult(outer, parts)
		}
		var inner []conversation.Part
		err := d.Within("content", func() error {
			return d.Object(page, func(m jsonwalk.Members) error { return d.block(m, &inner) })
		})
		if err != nil {
			return err
		}
		nameMedia(inner)
		addText(parts, joinLines(title, textOr(m.Get("url")), joinTexts(inner)))
		return nil
	})
}

// readUpload reads a file that was put into a container of the original
// service. The model is told that there was one.
func (d *decoder) readUpload(m jsonwalk.Members, parts *[]conversation.Part) error {
	d.Warn("", "container_upload: "+blockTypes.Find([]byte("container_upload")).Why)
	addText(parts, heading(m))
	return nil
}

// readBrowser reads what the tabs of a browser show.
func (d *decoder) readBrowser(m jsonwalk.Members, parts *[]conversation.Part) error {
	lines := []conversation.Text{heading(m)}
	for _, name := range []string{"tabs", "state_changes"} {
		if v := m.Get(name); v != nil {
			lines = append(lines, rawText(v))
		}
	}
	addText(parts, joinLines(lines...))
	return nil
}
