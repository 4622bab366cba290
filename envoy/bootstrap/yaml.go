package bootstrap

import (
	"bytes"
	"fmt"
	"slices"

	bootstrapv3 "github.com/envoyproxy/go-control-plane/envoy/config/bootstrap/v3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
)

// YAML writes a bootstrap as Envoy reads it, the same bytes for the same
// bootstrap.
func YAML(b *bootstrapv3.Bootstrap) ([]byte, error) {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(b)
	if err != nil {
		return nil, fmt.Errorf("write Envoy configuration: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil { // JSON is YAML, and keeps the order
		return nil, fmt.Errorf("write Envoy configuration: %w", err)
	}
	tidy(&doc)
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(&doc); err != nil {
		return nil, fmt.Errorf("write Envoy configuration: %w", err)
	}
	if err := encoder.Close(); err != nil {
		return nil, fmt.Errorf("write Envoy configuration: %w", err)
	}
	return out.Bytes(), nil
}

// first are the keys that say what a mapping is about; the others follow in the
// order of Envoy's definitions.
var first = []string{"@type", "name", "stat_prefix", "cluster_name", "match", "type", "admin", "bootstrap_extensions"}

func tidy(n *yaml.Node) {
	n.Style = 0 // block style, quotes only where needed
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
		if _, ok := oldBool(n.Value); ok {
			n.Style = yaml.DoubleQuotedStyle // Envoy would read a boolean
		}
	}
	if n.Kind == yaml.MappingNode {
		n.Content = order(n.Content)
		if len(n.Content) == 0 {
			n.Style = yaml.FlowStyle
		}
	}
	for _, child := range n.Content {
		tidy(child)
	}
}

func order(content []*yaml.Node) []*yaml.Node {
	rank := func(key string) int {
		if i := slices.Index(first, key); i >= 0 {
			return i
		}
		return len(first)
	}
	type field struct{ key, value *yaml.Node }
	fields := make([]field, 0, len(content)/2)
	for i := 0; i+1 < len(content); i += 2 {
		fields = append(fields, field{content[i], content[i+1]})
	}
	slices.SortStableFunc(fields, func(a, b field) int { return rank(a.key.Value) - rank(b.key.Value) })
	sorted := make([]*yaml.Node, 0, len(content))
	for _, f := range fields {
		sorted = append(sorted, f.key, f.value)
	}
	return sorted
}
