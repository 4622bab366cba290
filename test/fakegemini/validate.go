package fakegemini

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// violation is one entry of google.rpc.BadRequest.
type violation struct {
	Field       string `json:"field,omitzero"`
	Description string `json:"description"`
}

// checker walks a request along the field table and gathers every violation,
// as Google's transcoder does.
type checker struct {
	table      messages
	namespace  string // of messages and enums, in type errors
	violations []violation
}

// checkMessage validates a whole request body.
func checkMessage(table messages, namespace, name string, n *node) []violation {
	c := &checker{table: table, namespace: namespace}
	if n.kind != '{' {
		return []violation{{Description: "Invalid JSON payload received. The request must be an object."}}
	}
	c.message(n, name, "")
	return c.violations
}

func (c *checker) fail(path, format string, args ...any) {
	c.violations = append(c.violations, violation{path, fmt.Sprintf(format, args...)})
}

func (c *checker) unknown(path, name, why string) {
	at := ""
	if path != "" {
		at = " at '" + path + "'"
	}
	c.fail(path, "Invalid JSON payload received. Unknown name %q%s: %s", name, at, why)
}

func (c *checker) invalid(path, kind string, n *node) {
	c.fail(path, "Invalid value at '%s' (%s), %s", path, kind, clip(n.json()))
}

func (c *checker) message(n *node, name, path string) {
	m := c.table[name]
	seen := map[string]string{}
	for _, mem := range n.members {
		camel, f, ok := m.lookup(mem.name)
		if !ok {
			c.unknown(path, mem.name, "Cannot find field.")
			continue
		}
		if seen[camel] != "" {
			c.fail(path, "%s", duplicateText(mem.name, path))
			continue
		}
		seen[camel] = mem.name
		if mem.value.kind == 'n' && f.base != "any" {
			delete(seen, camel)
			continue // null is absence
		}
		c.value(mem.value, f, path, mem.name)
	}
	c.oneof(m.oneof, seen, n, path)
	for _, group := range m.exclusive {
		c.exclusive(group, seen, path)
	}
}

// lookup finds a field by either of its JSON names.
func (m *message) lookup(name string) (string, field, bool) {
	if f, ok := m.fields[name]; ok {
		return name, f, true
	}
	for camel, f := range m.fields {
		if snake(camel) == name {
			return camel, f, true
		}
	}
	return "", field{}, false
}

func (c *checker) oneof(group []string, seen map[string]string, n *node, path string) {
	first := ""
	for _, mem := range n.members {
		for _, name := range group {
			if seen[name] != mem.name {
				continue
			}
			if first != "" {
				c.fail(path, "Invalid value at '%s' (oneof), oneof field 'data' is already set. Cannot set '%s'", path, name)
			}
			first = name
		}
	}
}

func (c *checker) exclusive(group []string, seen map[string]string, path string) {
	var set []string
	for _, name := range group {
		if seen[name] != "" {
			set = append(set, snake(name))
		}
	}
	if len(set) > 1 {
		c.fail(path, "%s: only one of %s may be set.", path, strings.Join(set, ", "))
	}
}

func (c *checker) value(n *node, f field, parent, name string) {
	path := join(parent, snake(name))
	switch {
	case f.repeated && n.kind == '[':
		for i, e := range n.elems {
			c.single(e, f, fmt.Sprintf("%s[%d]", path, i))
		}
	case f.repeated && f.message && n.kind == '{':
		c.single(n, f, path) // recorded: a lone object passes for a list of one
	case f.repeated:
		c.invalid(path, "repeated "+c.typeName(f, name), n)
	case f.mapped && n.kind != '{':
		c.invalid(path, "type.googleapis.com/google.protobuf.Struct", n)
	case f.mapped:
		for i, m := range n.members {
			if f.base != "any" {
				c.single(m.value, f, fmt.Sprintf("%s[%d].value", path, i))
			}
		}
	case n.kind == '[' && f.base != "any":
		c.unknown(parent, name, "Proto field is not repeating, cannot start list.")
	default:
		c.single(n, f, path)
	}
}

func (c *checker) single(n *node, f field, path string) {
	if f.message {
		if n.kind != '{' {
			c.invalid(path, "type.googleapis.com/"+c.namespace+"."+f.base, n)
			return
		}
		c.message(n, f.base, path)
		return
	}
	if f.base == "enum" {
		n.nameEnum(f.enum)
	}
	if f.base == "bytes" && n.kind == '"' {
		if _, err := decodeBytes(n.text); err != nil {
			c.fail(path, "Invalid value at '%s' (TYPE_BYTES), Base64 decoding failed for %s", path, clip(n.json()))
		}
		return
	}
	if !f.accepts(n) {
		c.invalid(path, c.typeName(f, path[strings.LastIndexByte(path, '.')+1:]), n)
	}
}

// numberText is JSON's number grammar: Go's parsers also take hexadecimal,
// infinities and fractions written as 1/2.
var numberText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

var durationText = regexp.MustCompile(`^-?[0-9]{1,12}(\.[0-9]{1,9})?s$`)

// accepts reports whether a scalar fits. Numbers may come as strings, as the
// proto3 JSON mapping says; booleans may not.
func (f field) accepts(n *node) bool {
	switch f.base {
	case "any":
		return true
	case "string":
		return n.kind == '"' // a pattern is a rule of its own, in its own words
	case "bool":
		return n.kind == 't' || n.kind == 'f'
	case "int32":
		return fitsInt(n, math.MinInt32, math.MaxInt32)
	case "int64":
		return fitsInt(n, math.MinInt64, math.MaxInt64)
	case "number":
		v, err := strconv.ParseFloat(n.text, 64)
		return numberText.MatchString(n.text) && err == nil && !math.IsInf(v, 0)
	case "duration":
		return n.kind == '"' && durationText.MatchString(n.text)
	case "datetime":
		_, err := time.Parse(time.RFC3339Nano, n.text)
		return n.kind == '"' && err == nil
	case "enum":
		return n.kind == '"' && hasFold(f.enum, n.text)
	}
	return false
}

// fitsInt accepts integral values in any spelling: 5, 5.0, 5e0, "5".
func fitsInt(n *node, low, high int64) bool {
	if len(n.text) > 40 || !numberText.MatchString(n.text) {
		return false
	}
	if v, err := strconv.ParseFloat(n.text, 64); err != nil || math.Abs(v) > 1e19 {
		return false // also keeps the exact check below small
	}
	r, ok := new(big.Rat).SetString(n.text)
	if !ok || !r.IsInt() || !r.Num().IsInt64() {
		return false
	}
	v := r.Num().Int64()
	return v >= low && v <= high
}

// nameEnum replaces an enum's number by its name, so that rules read names only.
// Clients with enum-encoding=int send numbers, and Google takes them anywhere.
func (n *node) nameEnum(names []string) {
	if n.kind != '0' || !fitsInt(n, 0, int64(len(names)-1)) {
		return
	}
	i, err := strconv.Atoi(n.text)
	if err != nil {
		return
	}
	n.kind, n.text = '"', names[i]
	n.raw = jsontext.Value(quote(names[i]))
}

func hasFold(list []string, s string) bool {
	for _, e := range list {
		if strings.EqualFold(e, s) {
			return true
		}
	}
	return false
}

// decodeBytes takes both base64 alphabets, padded or not.
func decodeBytes(s string) ([]byte, error) {
	s = strings.TrimRight(s, "=")
	if strings.ContainsAny(s, "-_") {
		return base64.RawURLEncoding.DecodeString(s)
	}
	return base64.RawStdEncoding.DecodeString(s)
}

// typeName names a type as Google's type errors do.
func (c *checker) typeName(f field, name string) string {
	switch f.base {
	case "number":
		return "TYPE_FLOAT"
	case "enum":
		name, _, _ = strings.Cut(name, "[")
		return "type.googleapis.com/" + c.namespace + "." + pascal(name)
	case "duration", "datetime":
		return "type.googleapis.com/google.protobuf." + map[string]string{"duration": "Duration", "datetime": "Timestamp"}[f.base]
	}
	if f.message {
		return "type.googleapis.com/" + c.namespace + "." + f.base
	}
	return "TYPE_" + strings.ToUpper(f.base)
}

func pascal(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(snake(name), "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}

// clip keeps quoted client values short in error texts.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
