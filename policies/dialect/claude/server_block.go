package claude

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Blocks that another service's own tools left in the history become text: the
// upstream has no place for calls that it did not make.

func readServerCall(m members, parts *[]conversation.Part) error {
	name, err := m.needText("name")
	if err != nil {
		return err
	}
	server, err := m.text("server_name")
	if err != nil {
		return err
	}
	if !server.Empty() {
		name = conversation.Join(".", server, name)
	}
	digest := conversation.Join("", conversation.Quote("["), name,
		conversation.Quote(" was called with "), rawText(m.get("input")), conversation.Quote("]"))
	_, carrier := splitCallID(string(unquoteIf(m.get("id"))))
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
func heading(m members) conversation.Text {
	return conversation.Join("", conversation.Quote("["),
		conversation.Text(m.get("type")), conversation.Quote("]"))
}

func readServerResult(m members, parts *[]conversation.Part) error {
	addText(parts, joinLines(heading(m), rawText(m.get("content"))))
	return nil
}

// readServerText reads a result whose content is text or blocks.
func readServerText(m members, parts *[]conversation.Part) error {
	var content []conversation.Part
	if err := m.d.within("content", func() error { return m.d.nested(m.get("content"), &content) }); err != nil {
		return err
	}
	failed, err := m.flag("is_error")
	head := heading(m)
	if failed {
		head = conversation.Join(" ", head, conversation.Quote("failed"))
	}
	addText(parts, joinLines(head, joinTexts(content)))
	return err
}

// readWebSearch keeps titles and addresses. What was found is encrypted for
// the original service, unless the result is the upstream's own.
func readWebSearch(m members, parts *[]conversation.Part) error {
	d := m.d
	content := m.get("content")
	if content.Kind() != '[' { // an error
		return readServerResult(m, parts)
	}
	lines, carrier := []conversation.Text{heading(m)}, ""
	err := d.within("content", func() error {
		return d.list(content, func(_ int, v jsontext.Value) error {
			return d.object(v, func(m members) error {
				lines = append(lines, conversation.Join(" ", textOr(m.get("title")), textOr(m.get("url"))))
				if sealed := unquoteIf(m.get("encrypted_content")); bytes.HasPrefix(sealed, []byte(carrierPrefix)) {
					carrier = string(sealed)
				}
				return nil
			})
		})
	})
	addServerPart(parts, joinLines(lines...), carrier)
	return err
}

// textOr returns v if it is a string, no text otherwise.
func textOr(v jsontext.Value) conversation.Text {
	if v.Kind() != '"' {
		return nil
	}
	return conversation.Text(v)
}

// readWebFetch keeps the address and the text of the page. A page that is not
// text is named only: the upstream reads media of users, not of its own.
func readWebFetch(m members, parts *[]conversation.Part) error {
	d := m.d
	content := m.get("content")
	if content.Kind() != '{' {
		return readServerResult(m, parts)
	}
	title, outer := heading(m), m
	return d.within("content", func() error {
		return d.object(content, func(m members) error {
			page := m.get("content")
			if page.Kind() != '{' { // an error
				return readServerResult(outer, parts)
			}
			var inner []conversation.Part
			if err := d.within("content", func() error { return d.block(page, &inner) }); err != nil {
				return err
			}
			for i, p := range inner {
				if p.Kind == conversation.KindMedia {
					inner[i] = conversation.Part{Text: conversation.Quote("[" + p.Media.MIME + "]")}
				}
			}
			addText(parts, joinLines(title, textOr(m.get("url")), joinTexts(inner)))
			return nil
		})
	})
}
