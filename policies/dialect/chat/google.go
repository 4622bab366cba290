package chat

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// maxThoughtTag bounds the name of the tags around thoughts.
const maxThoughtTag = 64

// google reads settings in the upstream's own form, as Google's compatibility
// layer for this API takes them. Their values are passed on unchanged.
func (d *decoder) google(m jsonwalk.Members) error {
	if err := m.Apply(googleFields); err != nil {
		return err
	}
	cached, err := m.Text("cached_content")
	if err != nil {
		return err
	}
	d.Req.Upstream.CachedContent = cached.String()
	for _, name := range []string{"thinking_config", "safety_settings"} {
		if v := m.Get(name); v != nil {
			if err := d.googleSetting(name, v); err != nil {
				return err
			}
		}
	}
	if err := m.Object("image_config", d.imageConfig); err != nil {
		return err
	}
	tag, err := m.Text("thought_tag_marker")
	if err != nil {
		return err
	}
	d.own.thoughtTag = strings.Trim(tag.String(), "<>/")
	if len(d.own.thoughtTag) > maxThoughtTag {
		return d.Invalid("thought_tag_marker", "String should have at most %d characters", maxThoughtTag)
	}
	return nil
}

// googleSetting reads a setting that is passed on as it is.
func (d *decoder) googleSetting(name string, v jsontext.Value) error {
	field, kind, what := &d.Req.Upstream.ThinkingConfig, jsontext.Kind('{'), "an object"
	if strings.HasPrefix(name, "safety") {
		field, kind, what = &d.Req.Upstream.SafetySettings, '[', "a list"
	}
	if v.Kind() != kind {
		return d.Invalid(name, "Input should be %s", what)
	}
	*field = conversation.Raw(v)
	if kind == '{' {
		return nil
	}
	return d.Within(name, func() error {
		return d.List(v, func(_ int, v jsontext.Value) error {
			if v.Kind() != '{' {
				return d.Invalid("", "Input should be an object")
			}
			return nil
		})
	})
}

// dropTagged removes the thoughts that earlier answers put into their texts
// between tags: they are not a part of the answer.
func (d *decoder) dropTagged() {
	if d.own.thoughtTag == "" {
		return
	}
	opening, closing := "<"+d.own.thoughtTag+">", "</"+d.own.thoughtTag+">"
	for _, m := range d.Req.Messages {
		for i := range m.Parts {
			if p := &m.Parts[i]; m.Role == conversation.Model && p.Kind == conversation.KindText {
				p.Text = cutTagged(p.Text, opening, closing)
			}
		}
	}
}

// cutTagged returns t without what stands between the tags; a tag that is not
// closed is text.
func cutTagged(t conversation.Text, opening, closing string) conversation.Text {
	rest := t.String()
	if !strings.Contains(rest, opening) {
		return t
	}
	var kept strings.Builder
	for {
		before, tagged, opened := strings.Cut(rest, opening)
		_, after, closed := strings.Cut(tagged, closing)
		if !opened || !closed {
			kept.WriteString(rest)
			return conversation.Quote(kept.String())
		}
		kept.WriteString(before)
		rest = after
	}
}
