package bootstrap

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const (
	// maxLines bounds what aliases may expand to.
	maxLines = 1 << 20
	// maxDepth bounds nesting; aliases could make it endless.
	maxDepth = 200
)

// jsonWriter writes a YAML tree as JSON, each key and each scalar on a line of
// its own, and remembers where each line came from.
type jsonWriter struct {
	out     bytes.Buffer
	origins []origin
	depth   int
}

// origin is the place in the YAML file that a line of JSON came from.
type origin struct {
	path string
	line int
}

func (w *jsonWriter) line(n *yaml.Node, path, text string) error {
	if len(w.origins) == maxLines {
		return fmt.Errorf("line %d: %s: more than %d values; check the aliases", n.Line, path, maxLines)
	}
	w.origins = append(w.origins, origin{path: path, line: n.Line})
	w.out.WriteString(text)
	w.out.WriteByte('\n')
	return nil
}

func (w *jsonWriter) value(n *yaml.Node, path string) error {
	w.depth++
	defer func() { w.depth-- }()
	if w.depth > maxDepth {
		return fmt.Errorf("line %d: %s: nested deeper than %d", n.Line, path, maxDepth)
	}
	switch n.Kind {
	case yaml.AliasNode:
		return w.value(n.Alias, path)
	case yaml.MappingNode:
		return w.mapping(n, path)
	case yaml.SequenceNode:
		return w.sequence(n, path)
	case yaml.ScalarNode:
		text, err := scalar(n)
		if err != nil {
			return fmt.Errorf("line %d: %s: %w", n.Line, path, err)
		}
		return w.line(n, path, text)
	}
	return fmt.Errorf("line %d: %s: unexpected YAML", n.Line, path)
}

func (w *jsonWriter) mapping(n *yaml.Node, path string) error {
	if url := typeURL(n); url != "" && !known(url) {
		return w.opaque(n, path, url)
	}
	return w.fields(n, path, "")
}

// opaque keeps an extension whose type heald does not have.
func (w *jsonWriter) opaque(n *yaml.Node, path, url string) error {
	head := `{"@type":"` + typedStruct + `","typeUrl":` + quote(url) + `,"value":`
	if err := w.line(n, path, head); err != nil {
		return err
	}
	if err := w.fields(n, path, "@type"); err != nil {
		return err
	}
	return w.line(n, path, "}")
}

// fields writes a mapping's entries, except the key without.
func (w *jsonWriter) fields(n *yaml.Node, path, without string) error {
	if err := w.line(n, path, "{"); err != nil {
		return err
	}
	seen := make(map[string]bool, len(n.Content)/2)
	comma := ""
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, val := n.Content[i], n.Content[i+1]
		at := join(path, key.Value)
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: %s: a key must be plain text", key.Line, path)
		}
		if key.Tag == "!!merge" {
			return fmt.Errorf("line %d: %s: Envoy does not know merge keys (<<); write the fields out", key.Line, path)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %s: given twice", key.Line, at)
		}
		seen[key.Value] = true
		if key.Value == without {
			continue
		}
		if err := w.line(key, at, comma+quote(key.Value)+":"); err != nil {
			return err
		}
		if err := w.value(val, at); err != nil {
			return err
		}
		comma = ","
	}
	return w.line(n, path, "}")
}

func (w *jsonWriter) sequence(n *yaml.Node, path string) error {
	if err := w.line(n, path, "["); err != nil {
		return err
	}
	for i, item := range n.Content {
		at := fmt.Sprintf("%s[%s]", path, label(item, i))
		if i > 0 {
			if err := w.line(item, at, ","); err != nil {
				return err
			}
		}
		if err := w.value(item, at); err != nil {
			return err
		}
	}
	return w.line(n, path, "]")
}

// label names an item of a list: by its name if it has one, else its number.
func label(n *yaml.Node, i int) string {
	if name := entry(n, "name"); name != "" {
		return name
	}
	return strconv.Itoa(i)
}

func typeURL(n *yaml.Node) string { return entry(n, "@type") }

// entry returns a mapping's scalar under key, or "". A null counts as missing.
func entry(n *yaml.Node, key string) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key && n.Content[i+1].Kind == yaml.ScalarNode && n.Content[i+1].Tag != "!!null" {
			return n.Content[i+1].Value
		}
	}
	return ""
}

func known(url string) bool {
	name := protoreflect.FullName(url[strings.LastIndexByte(url, '/')+1:])
	_, err := protoregistry.GlobalTypes.FindMessageByName(name)
	return err == nil
}

// scalar returns the JSON of a scalar as Envoy's YAML reader understands it:
// like YAML 1.1, it takes a plain yes, no, on, off, y or n for a boolean.
func scalar(n *yaml.Node) (string, error) {
	plain := n.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	if plain && n.Tag == "!!str" {
		if value, ok := oldBool(n.Value); ok {
			return strconv.FormatBool(value), nil
		}
	}
	switch n.Tag {
	case "!!null":
		return "null", nil
	case "!!bool":
		var v bool
		err := n.Decode(&v)
		return strconv.FormatBool(v), err
	case "!!int":
		var v int64
		if err := n.Decode(&v); err != nil {
			var u uint64
			err := n.Decode(&u)
			return strconv.FormatUint(u, 10), err
		}
		return strconv.FormatInt(v, 10), nil
	case "!!float":
		var v float64
		if err := n.Decode(&v); err != nil {
			return "", err
		}
		if v != v || v > maxFloat || v < -maxFloat {
			return quote(n.Value), nil
		}
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	return quote(n.Value), nil
}

const maxFloat = 1.7976931348623157e308

func oldBool(text string) (value, ok bool) {
	switch strings.ToLower(text) {
	case "yes", "on", "y":
		return true, true
	case "no", "off", "n":
		return false, true
	}
	return false, false
}

func quote(s string) string {
	// The YAML reader has already refused invalid UTF-8.
	text, err := jsontext.AppendQuote(nil, s)
	if err != nil {
		return strconv.QuoteToASCII(s)
	}
	return string(text)
}

func join(path, field string) string {
	if path == "" {
		return field
	}
	return path + "." + field
}
