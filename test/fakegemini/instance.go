package fakegemini

import (
	"math"
	"strconv"
	"strings"
)

// instanceDepth ends recursive schemas, instanceNodes those that multiply.
const (
	instanceDepth = 16
	instanceNodes = 2000
)

// samples are strings for the formats that have a grammar.
var samples = map[string]string{
	"date-time": "2026-01-02T03:04:05Z", "date": "2026-01-02", "time": "03:04:05Z", "duration": "P1D",
	"uuid": "00000000-0000-4000-8000-000000000000", "email": "a@example.com", "uri": "https://example.com/", "ipv4": "192.0.2.1",
}

// shellCommand is what the auto model asks a shell to do.
const shellCommand = "echo heald-tool-ok"

// instance makes a small JSON value that conforms to a schema, in either form
// (JSON Schema or the Schema message).
func instance(schema *node) string {
	m := maker{root: schema, left: instanceNodes}
	return m.value(schema, "", 0)
}

// maker makes one instance.
type maker struct {
	root *node
	left int // nodes that may still be made
}

// value makes the value of the property with that name.
func (k *maker) value(n *node, name string, depth int) string {
	k.left--
	if n == nil || n.kind != '{' || depth > instanceDepth || k.left < 0 {
		return "{}"
	}
	if ref := n.member("$ref").str(); ref != "" {
		return k.value((schemaWalk{root: k.root}).resolve(ref), name, depth+1)
	}
	if values := n.get("enum").list(); len(values) > 0 {
		return values[0].json()
	}
	for _, union := range []string{"anyOf", "oneOf"} {
		for _, option := range n.get(union).list() {
			if kindOf(option) != "null" {
				return k.value(option, name, depth+1)
			}
		}
	}
	switch kindOf(n) {
	case "object":
		return k.object(n, depth)
	case "array":
		return k.array(n, name, depth)
	case "integer", "number":
		return numberInstance(n)
	case "boolean":
		return "true"
	case "null":
		return "null"
	}
	return stringInstance(n, name)
}

// kindOf is the schema's first type that is not null, in lower case.
func kindOf(n *node) string {
	for _, t := range n.get("type").list() {
		if kind := strings.ToLower(t.str()); kind != "null" || n.get("type").kind == '"' {
			return kind
		}
	}
	switch {
	case n.get("properties") != nil:
		return "object"
	case n.get("items") != nil:
		return "array"
	}
	return "string"
}

func (k *maker) object(n *node, depth int) string {
	required := map[string]bool{"command": true, "cmd": true}
	for _, r := range n.get("required").list() {
		required[r.str()] = true
	}
	var out []string
	if properties := n.get("properties"); properties != nil {
		for _, p := range properties.members {
			if required[p.name] {
				out = append(out, quote(p.name)+":"+k.value(p.value, p.name, depth+1))
			}
		}
	}
	return "{" + strings.Join(out, ",") + "}"
}

func (k *maker) array(n *node, name string, depth int) string {
	if isCommand(name) && kindOf(n.get("items")) == "string" {
		return `["bash","-lc",` + quote(shellCommand) + `]`
	}
	var out []string
	for _, p := range n.get("prefixItems").list() {
		out = append(out, k.value(p, "", depth+1))
	}
	least, _ := strconv.Atoi(n.get("minItems").literal())
	for len(out) < min(least, 100) {
		out = append(out, k.value(n.get("items"), "", depth+1))
	}
	return "[" + strings.Join(out, ",") + "]"
}

func numberInstance(n *node) string {
	low, lowErr := strconv.ParseFloat(n.get("minimum").literal(), 64)
	high, highErr := strconv.ParseFloat(n.get("maximum").literal(), 64)
	v := 1.0
	if lowErr == nil {
		v = math.Ceil(low)
	}
	if highErr == nil && v > high {
		v = high
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

func stringInstance(n *node, name string) string {
	if isCommand(name) {
		return quote(shellCommand)
	}
	if s, ok := samples[n.get("format").str()]; ok {
		return quote(s)
	}
	s := "text"
	if least, err := strconv.Atoi(n.get("minLength").literal()); err == nil && least > len(s) {
		s = strings.Repeat("x", min(least, 10_000))
	}
	if most, err := strconv.Atoi(n.get("maxLength").literal()); err == nil && most >= 0 && most < len(s) {
		s = s[:most]
	}
	return quote(s)
}

func isCommand(name string) bool { return name == "command" || name == "cmd" }
