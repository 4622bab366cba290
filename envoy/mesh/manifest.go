package mesh

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Object is one Kubernetes object.
type Object struct {
	APIVersion, Kind, Namespace, Name string
	node                              *yaml.Node
}

// Manifests are objects in the order in which they are printed and applied.
type Manifests struct {
	// Head is what the reader should know first, printed as a comment.
	Head    string
	Objects []*Object
	// secrets are values that no message may hold.
	secrets []string
	// namespace and team are those of Params, for Diff.
	namespace, team string
}

func newManifests(p *Params) *Manifests {
	return &Manifests{secrets: p.secrets(), namespace: p.Namespace, team: p.Team}
}

// add appends an object; why is printed above it, body follows its metadata.
func (m *Manifests) add(why, apiVersion, kind, namespace, name string, body ...any) {
	metadata := tree("name", name)
	if namespace != "" {
		metadata = tree("name", name, "namespace", namespace)
	}
	node := tree(append([]any{"apiVersion", apiVersion, "kind", kind, "metadata", metadata}, body...)...)
	node.HeadComment = wrapped(why, 0)
	m.Objects = append(m.Objects, &Object{apiVersion, kind, namespace, name, node})
}

// YAML writes the manifests, the same bytes for the same manifests.
func (m *Manifests) YAML() ([]byte, error) {
	var out bytes.Buffer
	if m.Head != "" { // not a document of its own: egctl refuses empty ones
		out.WriteString(wrapped(m.Head, 0) + "\n\n")
	}
	for i, o := range m.Objects {
		if i > 0 {
			out.WriteString("---\n")
		}
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		if err := encoder.Encode(o.node); err != nil {
			return nil, fmt.Errorf("write %s %s: %w", o.Kind, o.Name, err)
		}
		if err := encoder.Close(); err != nil {
			return nil, fmt.Errorf("write %s %s: %w", o.Kind, o.Name, err)
		}
	}
	return out.Bytes(), nil
}

// because is a key with a comment above it.
type because struct{ key, why string }

// tree makes a mapping of keys (text or because) and values in turn. A value is
// text, a number, a boolean, a node, or a slice of text.
func tree(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(pairs); i += 2 {
		var key *yaml.Node
		switch k := pairs[i].(type) {
		case string:
			key = scalar(k)
		case because:
			key = scalar(k.key)
			key.HeadComment = wrapped(k.why, 8)
		}
		n.Content = append(n.Content, key, value(pairs[i+1]))
	}
	return n
}

// list makes a sequence.
func list(items ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	for _, item := range items {
		n.Content = append(n.Content, value(item))
	}
	return n
}

// noted puts a comment above an entry of a list.
func noted(why string, n *yaml.Node) *yaml.Node {
	n.HeadComment = wrapped(why, 8)
	return n
}

// inline has a list or mapping written on one line.
func inline(n *yaml.Node) *yaml.Node {
	n.Style = yaml.FlowStyle
	return n
}

func value(v any) *yaml.Node {
	switch v := v.(type) {
	case *yaml.Node:
		return v
	case string:
		return scalar(v)
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v)}
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(v)}
	case []string:
		n := list()
		for _, s := range v {
			n.Content = append(n.Content, scalar(s))
		}
		return n
	case []int:
		n := list()
		for _, i := range v {
			n.Content = append(n.Content, value(i))
		}
		return n
	}
	panic(fmt.Sprintf("mesh: no YAML for a %T", v))
}

// scalar is text, quoted where YAML would read something else.
func scalar(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	if s == "." {
		n.Style = yaml.DoubleQuotedStyle // not every reader of YAML takes it for text
	}
	return n
}

// wrapped makes a comment of at most 80 columns at an indentation.
func wrapped(text string, indent int) string {
	if text == "" {
		return ""
	}
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := "#"
		for word := range strings.FieldsSeq(paragraph) {
			if len(line)+1+len(word) > 80-indent && line != "#" {
				lines = append(lines, line)
				line = "#"
			}
			line += " " + word
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
