package tenant

import (
	"fmt"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/policies/setting"
)

// mapping is a mapping in a file.
type mapping struct{ *yaml.Node }

// onlyComments marks a document for a file that has no YAML yet.
const onlyComments = "\x00"

// find reads a file and returns the mapping of a tenant in it. If there is none
// it is made: whole says that the file has only this tenant, else it is an
// entry of tenants.
func find(text []byte, file, name string, whole bool) (doc *yaml.Node, m mapping, err error) {
	doc = &yaml.Node{}
	if err := yaml.Unmarshal(text, doc); err != nil {
		return nil, m, fmt.Errorf("%s: %w", file, err)
	}
	if doc.Kind == 0 || doc.Content[0].Tag == "!!null" {
		*doc = yaml.Node{Kind: yaml.DocumentNode, HeadComment: onlyComments, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	root := mapping{doc.Content[0]}
	if whole {
		return doc, root, root.plain(file)
	}
	if err := root.plain(file); err != nil {
		return nil, m, err
	}
	list := root.get("tenants")
	if list == nil || list.Tag == "!!null" {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		root.put("tenants", list)
	}
	for _, one := range list.Content {
		m := mapping{one}
		if one.Kind == yaml.AliasNode && (mapping{one.Alias}).text("name") == name || m.text("name") == name {
			return doc, m, m.plain(file)
		}
	}
	m = mapping{&yaml.Node{Kind: yaml.MappingNode}}
	m.put("name", scalar(name))
	list.Content = append(list.Content, m.Node)
	return doc, m, nil
}

// plain refuses a mapping that cannot be changed without changing another.
func (m mapping) plain(file string) error {
	byHand := &setting.Problem{Path: file, Fix: "change it by hand"}
	switch {
	case m.Kind != yaml.MappingNode:
		byHand.Found = fmt.Sprintf("line %d is written as an alias, or is no mapping", m.Line)
	case m.get("<<") != nil:
		byHand.Found = fmt.Sprintf("the mapping at line %d takes settings from another one (<<)", m.Line)
	default:
		return nil
	}
	return byHand
}

// get returns the value of a key; nil if there is none.
func (m mapping) get(key string) *yaml.Node {
	for i := 0; m.Kind == yaml.MappingNode && i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

func (m mapping) text(key string) string {
	if n := m.get(key); n != nil {
		return n.Value
	}
	return ""
}

// put sets a key, behind the others if it is new.
func (m mapping) put(key string, value *yaml.Node) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			value.LineComment = m.Content[i+1].LineComment
			m.Content[i+1] = value
			return
		}
	}
	m.Content = append(m.Content, scalar(key), value)
}

// encode sets a key to a value in its YAML form.
func (m mapping) encode(key string, value any) error {
	n := &yaml.Node{}
	if err := n.Encode(value); err != nil {
		return err
	}
	m.put(key, n)
	return nil
}

func (m mapping) remove(key string) {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			m.Content = append(m.Content[:i], m.Content[i+2:]...)
			return
		}
	}
}

// keys is the list of the tenant's n keys, made if there is none.
func (m mapping) keys(n int) (*yaml.Node, error) {
	list := m.get("keys")
	if list == nil || list.Tag == "!!null" {
		list = &yaml.Node{Kind: yaml.SequenceNode}
		m.put("keys", list)
	}
	if list.Kind != yaml.SequenceNode || len(list.Content) != n {
		return nil, &setting.Problem{Path: "keys", Found: fmt.Sprintf("line %d is written as an alias, or is no list", list.Line), Fix: "change it by hand"}
	}
	return list, nil
}

func scalar(text string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(text)
	return n
}

func instant(t time.Time) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!timestamp", Value: t.UTC().Format(time.RFC3339)}
}
