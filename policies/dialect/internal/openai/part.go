package openai

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// Part reads a content part of either API. known is false for a type that
// neither has.
func Part(w *jsonwalk.Walker, m jsonwalk.Members, parts *[]conversation.Part) (known bool, err error) {
	f := PartTypes.Find(jsonwalk.Chars(m.Get("type")))
	switch {
	case f == nil:
		return false, nil
	case f.Action == jsonwalk.Drop:
		return true, nil
	case f.Action == jsonwalk.Refuse:
		return true, w.Unsupported("", f.Name+" ("+f.Why+")")
	}
	if read := ownFields(f.Name, m); read != nil {
		return true, read(media{w}, m, parts)
	}
	if err := m.Apply(partFields); err != nil {
		return true, err
	}
	switch f.Name {
	case "refusal":
		return true, text(m, "refusal", parts)
	case "text", "input_text", "output_text":
		return true, text(m, "text", parts)
	}
	r := media{w}
	before := len(*parts)
	switch f.Name {
	case "image_url", "input_image":
		err = r.image(m, parts)
	case "input_audio":
		err = r.sound(m, parts)
	case "input_file":
		err = r.file(m, parts)
	case "file":
		if m.Get("file") == nil {
			err = r.file(m, parts)
			break
		}
		err = r.within("file", m, func(m jsonwalk.Members) error {
			if err := m.Apply(fileFields); err != nil {
				return err
			}
			return r.file(m, parts)
		})
	default: // video_url, document_url, audio_url
		err = r.linked(f.Name, linkFields, m, parts)
	}
	w.Mark("", (*parts)[before:])
	if extra := m.Get("extra_content"); extra != nil && err == nil && len(*parts) > before && (*parts)[before].Media != nil {
		(*parts)[before].Carrier, err = ExtraContent(w, "extra_content", extra)
	}
	return true, err
}

// ownFields returns what reads a type of part that has fields of its own; nil
// for the others.
func ownFields(kind string, m jsonwalk.Members) func(r media, m jsonwalk.Members, parts *[]conversation.Part) error {
	switch kind {
	case "computer_screenshot":
		return media.screenshot
	case "resource":
		return media.resource
	case "resource_link":
		return media.resourceLink
	case "file":
		if m.Get("file").Kind() == '{' || m.Get("file_data") != nil || m.Get("file_url") != nil || m.Get("file_id") != nil {
			return nil
		}
		fallthrough
	case "audio", "video", "media", "input_video":
		return func(r media, m jsonwalk.Members, parts *[]conversation.Part) error { return r.bare(m, false, parts) }
	}
	return nil
}

// text adds field name, which is text; null, which some clients write, is no
// text.
func text(m jsonwalk.Members, name string, parts *[]conversation.Part) error {
	if m.Null(name) {
		return nil
	}
	t, err := m.NeedText(name)
	*parts = AppendContent(*parts, t)
	return err
}

// AppendContent adds t, also if it is empty: [DropEmptyTexts] removes empty
// texts at the end of the message.
func AppendContent(parts []conversation.Part, t conversation.Text) []conversation.Part {
	if t == nil {
		return parts
	}
	return append(parts, conversation.Part{Kind: conversation.KindText, Text: t})
}

// DropEmptyTexts removes the empty texts of a message or result. If there is nothing else
// and asks is set, one stays: it is the user's turn.
func DropEmptyTexts(parts []conversation.Part, asks bool) []conversation.Part {
	empty := func(p conversation.Part) bool { return p.Kind == conversation.KindText && p.Text.Empty() }
	switch {
	case slices.ContainsFunc(parts, func(p conversation.Part) bool { return !empty(p) }):
		return slices.DeleteFunc(parts, empty)
	case asks && len(parts) > 0:
		return parts[:1]
	}
	return nil
}

// AppendText adds t unless it is empty.
func AppendText(parts []conversation.Part, t conversation.Text) []conversation.Part {
	if t.Empty() {
		return parts
	}
	return append(parts, conversation.Part{Kind: conversation.KindText, Text: t})
}
