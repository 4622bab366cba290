package mesh

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// at is the node under keys; "name=x" is the entry of a list with that name, "0"
// its first one. It is nil if there is none.
func at(n *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if n == nil {
			return nil
		}
		n = child(n, key)
	}
	return n
}

func child(n *yaml.Node, key string) *yaml.Node {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				return n.Content[i+1]
			}
		}
	case n.Kind == yaml.SequenceNode && key == "0" && len(n.Content) > 0:
		return n.Content[0]
	case n.Kind == yaml.SequenceNode:
		name, _ := strings.CutPrefix(key, "name=")
		for _, item := range n.Content {
			if x := child(item, "name"); x != nil && x.Value == name {
				return item
			}
		}
	}
	return nil
}

// text is the scalar under keys, "" if there is none.
func text(n *yaml.Node, keys ...string) string {
	if x := at(n, keys...); x != nil {
		return x.Value
	}
	return ""
}

// number is the whole number under keys, which envoy.yaml has.
func number(n *yaml.Node, keys ...string) int {
	i, err := strconv.Atoi(text(n, keys...))
	if err != nil {
		panic(fmt.Sprintf("mesh: envoy.yaml has no number at %s: %v", strings.Join(keys, "."), err))
	}
	return i
}

// texts are the entries of the list under keys.
func texts(n *yaml.Node, keys ...string) []string {
	var out []string
	if x := at(n, keys...); x != nil {
		for _, item := range x.Content {
			out = append(out, item.Value)
		}
	}
	return out
}

// clone copies a node, so that a change of the copy leaves the original.
func clone(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, x := range n.Content {
		c.Content[i] = clone(x)
	}
	return &c
}

// set replaces the value of a key of a mapping, or appends it.
func set(n *yaml.Node, key string, v any) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1] = value(v)
			return
		}
	}
	n.Content = append(n.Content, scalar(key), value(v))
}

// explain puts a comment above a key of a mapping, if there is such a key.
func explain(n *yaml.Node, key, why string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i].HeadComment = wrapped(why, 8)
		}
	}
}

// only keeps the named keys of a mapping.
func only(n *yaml.Node, keys ...string) *yaml.Node {
	out := tree()
	for i := 0; i+1 < len(n.Content); i += 2 {
		if slices.Contains(keys, n.Content[i].Value) {
			out.Content = append(out.Content, n.Content[i], clone(n.Content[i+1]))
		}
	}
	return out
}
