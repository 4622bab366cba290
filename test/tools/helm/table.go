package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one of values.yaml: its path, its default and the comment above it.
// A section with a comment has no default.
type value struct{ Path, Default, About string }

// leaves lists the values of values.yaml. A mapping whose entries have comments is
// a section of values, any other node is one value.
func leaves(n *yaml.Node, path string) []value {
	var out []value
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at := strings.TrimPrefix(path+"."+key.Value, ".")
		about := strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(key.HeadComment, "# "), "\n# ", " "))
		if section(val) {
			if about != "" {
				out = append(out, value{Path: at, About: about})
			}
			out = append(out, leaves(val, at)...)
			continue
		}
		out = append(out, value{at, inline(val), about})
	}
	return out
}

func section(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].HeadComment != "" || section(n.Content[i+1]) {
			return true
		}
	}
	return false
}

// inline writes a node in one line.
func inline(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		var parts []string
		for i := 0; i+1 < len(n.Content); i += 2 {
			parts = append(parts, n.Content[i].Value+": "+inline(n.Content[i+1]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case yaml.SequenceNode:
		var parts []string
		for _, c := range n.Content {
			parts = append(parts, inline(c))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	if n.Style == yaml.DoubleQuotedStyle {
		return `"` + n.Value + `"`
	}
	return n.Value
}

// chartValues reads those of the chart.
func chartValues(root string) ([]value, error) {
	text, err := os.ReadFile(filepath.Join(chartDir(root), "values.yaml"))
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	return leaves(doc.Content[0], ""), nil
}

// Where the table of values is in the README.
const tableBegin, tableEnd = "<!-- values -->\n", "<!-- end of values -->"

// withTable is the README with the table that values.yaml gives.
func withTable(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "envoy/helm/README.md"))
	if err != nil {
		return "", err
	}
	before, rest, ok := strings.Cut(string(text), tableBegin)
	_, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return "", fmt.Errorf("envoy/helm/README.md has no %q and %q", tableBegin, tableEnd)
	}
	values, err := chartValues(root)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| Value | Default | Meaning |\n|---|---|---|\n")
	for _, v := range values {
		def := ""
		if v.Default != "" {
			def = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Path, def, v.About)
	}
	return before + tableBegin + b.String() + tableEnd + after, nil
}
