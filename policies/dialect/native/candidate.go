package native

import (
	"bytes"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// candidate is one answer, folded so far.
type candidate struct {
	fields fields // content aside
	said   bool   // a content was seen
	parts  []part
	extra  fields // of the content, parts aside
}

// part is a part of the answer: a run of unsigned text, or any other part as it
// came.
type part struct {
	text    []byte // escaped, without the quotes; counts if run is set
	run     bool
	thought bool
	raw     []byte
}

// content folds a content in.
func (c *candidate) content(v jsontext.Value) {
	if v.Kind() != '{' {
		return
	}
	c.said = true
	var s scan
	s.reset(v)
	_ = s.object(func(name []byte) error {
		if string(name) == "parts" {
			return s.array(func() error {
				v, err := s.value()
				if err == nil {
					c.add(v)
				}
				return err
			})
		}
		key := string(name)
		v, err := s.value()
		if err == nil {
			c.extra.follow(key, v)
		}
		return err
	})
}

// add folds a part in. Texts of one kind that follow each other are one part,
// as in a unary answer. A signed part stays by itself: its signature may not be
// put on other text, and it goes back with the history.
func (c *candidate) add(v jsontext.Value) {
	p := partOf(v)
	last := len(c.parts) - 1
	if p.run && last >= 0 {
		if l := &c.parts[last]; l.run && (l.thought == p.thought || len(p.text) == 0) {
			l.text = append(l.text, p.text...)
			return
		}
		if len(p.text) == 0 {
			return // the empty text of a last frame
		}
	}
	if last >= 0 && c.parts[last].run && len(c.parts[last].text) == 0 {
		c.parts = c.parts[:last] // had no content
	}
	if p.run {
		p.text = slices.Clone(p.text)
	} else {
		p.raw = bytes.Clone(p.raw)
	}
	c.parts = append(c.parts, p)
}

// partOf classifies a part. The result refers to v.
func partOf(v jsontext.Value) part {
	p := part{raw: v}
	var s scan
	s.reset(v)
	text, other := false, false
	_ = s.object(func(name []byte) error {
		key := string(name)
		v, err := s.value()
		switch {
		case key == "text" && v.Kind() == '"':
			p.text, text = v[1:len(v)-1], true
		case key == "thought" && (v.Kind() == 't' || v.Kind() == 'f'):
			p.thought = v.Kind() == 't'
		default:
			other = true
		}
		return err
	})
	p.run = text && !other
	return p
}

func (c *candidate) append(dst []byte) []byte {
	o := open(dst)
	if c.said {
		o.dst = c.appendContent(o.key("content"))
	}
	o.fields(c.fields.list)
	return o.close()
}

func (c *candidate) appendContent(dst []byte) []byte {
	o := open(dst)
	if len(c.parts) > 0 {
		o.dst = append(o.key("parts"), '[')
		for i, p := range c.parts {
			if i > 0 {
				o.dst = append(o.dst, ',')
			}
			o.dst = p.append(o.dst)
		}
		o.dst = append(o.dst, ']')
	}
	o.fields(c.extra.list)
	return o.close()
}

func (p part) append(dst []byte) []byte {
	if !p.run {
		return append(dst, p.raw...)
	}
	dst = append(append(append(dst, `{"text":"`...), p.text...), '"')
	if p.thought {
		dst = append(dst, `,"thought":true`...)
	}
	return append(dst, '}')
}
