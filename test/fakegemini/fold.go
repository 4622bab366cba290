package fakegemini

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// folded gathers the chunks of a stream into the document that the unary
// method would have sent.
type folded struct {
	members    []member // of the response, the last of each name
	candidates []*foldedCandidate
}

type foldedCandidate struct {
	index   string
	parts   []foldedPart
	members []member // content and index aside
	content bool     // a content was seen
}

// foldedPart is a part; adjacent text of one kind joins.
type foldedPart struct {
	text      string
	thought   bool
	plain     bool // only text, perhaps thought or signed
	signature string
	raw       string
}

// fold merges documents. An error document replaces the whole; documents that
// are not JSON stay as they are, one after the other.
func fold(documents []string) string {
	var f folded
	for _, d := range documents {
		n, err := parseNode([]byte(d))
		if err != nil || n.kind != '{' {
			return strings.Join(documents, "\n")
		}
		if n.member("error") != nil {
			return d
		}
		f.add(n)
	}
	return f.json()
}

func (f *folded) add(n *node) {
	for _, m := range n.members {
		if m.name == "candidates" && m.value.kind == '[' {
			for _, c := range m.value.elems {
				f.candidate(c)
			}
			continue
		}
		f.members = setMember(f.members, m)
	}
}

func setMember(list []member, m member) []member {
	for i := range list {
		if list[i].name == m.name {
			list[i] = m
			return list
		}
	}
	return append(list, m)
}

func (f *folded) candidate(n *node) {
	index := "0"
	if i := n.member("index"); i != nil && i.kind == '0' {
		index = i.text
	}
	var c *foldedCandidate
	for _, known := range f.candidates {
		if known.index == index {
			c = known
		}
	}
	if c == nil {
		c = &foldedCandidate{index: index}
		f.candidates = append(f.candidates, c)
	}
	for _, m := range n.members {
		if m.name == "index" {
			continue
		}
		if m.name != "content" {
			c.members = setMember(c.members, m)
			continue
		}
		c.content = true
		for _, p := range m.value.member("parts").list() {
			c.add(p)
		}
	}
}

func (c *foldedCandidate) add(p *node) {
	part := foldedPart{raw: p.json(), plain: p.member("text") != nil, text: p.member("text").str(),
		thought: p.member("thought").isTrue(), signature: p.member("thoughtSignature").str()}
	for _, m := range p.members {
		if m.name != "text" && m.name != "thought" && m.name != "thoughtSignature" {
			part.plain = false
		}
	}
	if n := len(c.parts); n > 0 && part.plain {
		last := &c.parts[n-1]
		if last.plain && last.thought == part.thought && last.signature == "" {
			last.text += part.text
			last.signature = part.signature
			return
		}
		if part.text == "" && part.signature == "" {
			return // the empty text of a finish chunk
		}
	}
	c.parts = append(c.parts, part)
}

func (p foldedPart) json() string {
	if !p.plain {
		return p.raw
	}
	out := `{"text":` + quote(p.text)
	if p.thought {
		out += `,"thought":true`
	}
	if p.signature != "" {
		out += `,"thoughtSignature":` + quote(p.signature)
	}
	return out + `}`
}

func (f *folded) json() string {
	var out []string
	if len(f.candidates) > 0 {
		list := make([]string, len(f.candidates))
		for i, c := range f.candidates {
			list[i] = c.json()
		}
		out = append(out, `"candidates":[`+strings.Join(list, ",")+`]`)
	}
	for _, m := range f.members {
		out = append(out, quote(m.name)+":"+m.value.json())
	}
	return "{" + strings.Join(out, ",") + "}"
}

func (c *foldedCandidate) json() string {
	var out []string
	if c.content {
		content := `{"role":"model"}`
		if len(c.parts) > 0 {
			list := make([]string, len(c.parts))
			for i, p := range c.parts {
				list[i] = p.json()
			}
			content = `{"parts":[` + strings.Join(list, ",") + `],"role":"model"}`
		}
		out = append(out, `"content":`+content)
	}
	for _, m := range c.members {
		out = append(out, quote(m.name)+":"+m.value.json())
	}
	out = append(out, `"index":`+c.index)
	return "{" + strings.Join(out, ",") + "}"
}

// spaced lays a document out as Google's streams do: a blank after colons,
// none after commas. What is not JSON stays as it is.
func spaced(document string) []byte {
	v := jsontext.Value(document)
	if err := v.Format(jsontext.SpaceAfterColon(true), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)); err != nil {
		return []byte(document)
	}
	return v
}

// indented lays a document out as Google's unary replies do.
func indented(document string) []byte {
	v := jsontext.Value(document)
	if err := v.Indent(jsontext.WithIndent("  "), jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)); err != nil {
		return []byte(document)
	}
	return append(v, '\n')
}
