package config

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/heald-proxy/heald/policies/record/price"
	"github.com/heald-proxy/heald/policies/redact"
	"github.com/heald-proxy/heald/policies/setting"
	"github.com/heald-proxy/heald/policies/tenant"
)

// shape compares a document with the types that it is read into, so that each
// problem is reported with the path of its setting and in words for operators.
// The YAML library's own errors name Go types and quote values, which may be
// credentials.
//
// The tag `secret:"…"` of a field names where a credential belongs that was pasted into
// it. The tag `zero:"…"` of a field says that 0 is a value; in other fields an explicit
// 0 is refused, since it would mean the default.
type shape struct {
	problems []error
	nodes    int
}

// mostNodes and longestPath, in bytes, bound the work where aliases repeat or
// contain themselves.
const (
	mostNodes   = 100_000
	longestPath = 1000
)

var (
	durationType    = reflect.TypeFor[time.Duration]()
	timeType        = reflect.TypeFor[time.Time]()
	sizeType        = reflect.TypeFor[Size]()
	priceType       = reflect.TypeFor[price.Price]()
	sourceType      = reflect.TypeFor[Source]()
	unmarshalerType = reflect.TypeFor[interface {
		UnmarshalYAML(unmarshal func(any) error) error
	}]()
)

func (s *shape) bad(n *yaml.Node, path, found, consequence, fix string) {
	s.problems = append(s.problems, &setting.Problem{Path: path, Found: fmt.Sprintf("%s (line %d)", found, n.Line), Consequence: consequence, Fix: fix})
}

// check compares a node with a type; tag is that of the field.
func (s *shape) check(n *yaml.Node, t reflect.Type, path string, tag reflect.StructTag) {
	if s.nodes++; s.nodes > mostNodes || len(path) > longestPath {
		if s.nodes <= mostNodes+1 {
			s.nodes = mostNodes + 1
			s.bad(n, redact.Bound(path, 100), "the file has too many parts, or aliases that repeat themselves", "", "write it out, or shorten it")
		}
		return
	}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	custom := reflect.PointerTo(t).Implements(unmarshalerType)
	switch {
	case t == sourceType:
		s.source(n, path)
	case n.Kind == yaml.ScalarNode && pastedInto(tag, n.Value) && t != reflect.TypeFor[Sources]():
		s.bad(n, place(path), pasted+"what belongs here", exposed, sourceForm+", under "+cmp.Or(tag.Get("secret"), "accounts[].secret"))
	case n.Tag == "!!null":
		if t == reflect.TypeFor[Sources]() {
			s.source(n, path)
		}
	case t == durationType:
		s.duration(n, path, tag)
	case t == sizeType:
		s.size(n, path, tag)
	case t == priceType:
		s.price(n, path, tag)
	case t == timeType:
		s.time(n, path)
	case t.Kind() == reflect.Pointer:
		s.check(n, t.Elem(), path, tag)
	case t.Kind() == reflect.Struct && custom && n.Kind == yaml.ScalarNode:
		s.text(n, path)
	case t.Kind() == reflect.Struct:
		s.mapping(n, t, path)
	case t.Kind() == reflect.Map:
		s.dictionary(n, t, path)
	case t.Kind() == reflect.Slice && custom && n.Kind != yaml.SequenceNode:
		s.check(n, t.Elem(), path, tag)
	case t.Kind() == reflect.Slice:
		s.list(n, t, path, tag)
	case n.Kind != yaml.ScalarNode:
		s.bad(n, path, kindOf(n)+" stands where a single value belongs", "", "write one value")
	case t.Kind() == reflect.String:
		s.text(n, path)
	case t.Kind() == reflect.Bool:
		if n.Decode(new(bool)) != nil {
			s.bad(n, path, redact.Quote(n.Value)+" is neither true nor false", "", "write true or false")
		}
	case t.Kind() == reflect.Float64:
		if n.Decode(new(float64)) != nil {
			s.bad(n, path, redact.Quote(n.Value)+" is not a number", "", "write digits, with a decimal point if need be")
		}
	default:
		s.number(n, t, path, tag)
	}
}

// mapping checks the keys and values of a struct.
func (s *shape) mapping(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		s.bad(n, place(path), found(n)+" stands where a mapping belongs", "", "write one of "+strings.Join(keysOf(t), ", ")+" and its value")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Tag == "!!merge" {
			s.merged(value, t, path)
			continue
		}
		at, ok := s.key(key, path, seen)
		if !ok {
			continue
		}
		field, ok := fieldOf(t, key.Value)
		if !ok {
			s.bad(key, at, "there is no such setting"+setting.DidYouMean(key.Value, keysOf(t)), "", "write one of "+strings.Join(keysOf(t), ", "))
			continue
		}
		s.check(value, field.Type, at, field.Tag)
	}
}

// merged checks the keys that a merge key (<<) adds.
func (s *shape) merged(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind == yaml.SequenceNode {
		for _, one := range n.Content {
			s.check(one, t, path, "")
		}
		return
	}
	s.check(n, t, path, "")
}

// dictionary checks a mapping whose keys are names.
func (s *shape) dictionary(n *yaml.Node, t reflect.Type, path string) {
	if n.Kind != yaml.MappingNode {
		s.bad(n, path, found(n)+" stands where a mapping belongs", "", "write a name, ':' and what belongs to it")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Tag == "!!merge" {
			s.merged(n.Content[i+1], t, path)
		} else if at, ok := s.key(n.Content[i], path, seen); ok {
			s.check(n.Content[i+1], t.Elem(), at, "")
		}
	}
}

// key checks the key of a mapping and returns the path of its value.
func (s *shape) key(n *yaml.Node, path string, seen map[string]bool) (at string, ok bool) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind != yaml.ScalarNode:
		s.bad(n, place(path), kindOf(n)+" stands where the name of a setting belongs", "", "write a name")
	case redact.Secret(n.Value):
		s.bad(n, place(path), "the name of a setting looks like a credential", exposed, sourceForm)
	case seen[n.Value]:
		s.bad(n, join(path, n.Value), "is there twice", "one of the two would not count", "join them")
	default:
		seen[n.Value] = true
		return join(path, n.Value), true
	}
	return "", false
}

func (s *shape) list(n *yaml.Node, t reflect.Type, path string, tag reflect.StructTag) {
	if n.Kind != yaml.SequenceNode {
		s.bad(n, path, found(n)+" stands where a list belongs", "", "write each entry on a line of its own after '-', or all in [ ]")
		return
	}
	for i, one := range n.Content {
		s.check(one, t.Elem(), fmt.Sprintf("%s[%d]", path, i), tag)
	}
}

// source checks the place of a secret. It never repeats the value: it may be
// the secret.
func (s *shape) source(n *yaml.Node, path string) {
	if n.Kind != yaml.MappingNode {
		what := "a single value stands where {env: VARIABLE} or {file: /path} belongs"
		consequence := ""
		if n.Kind == yaml.ScalarNode && redact.Secret(n.Value) {
			what, consequence = pasted+"where to find one", exposed
		} else if n.Kind != yaml.ScalarNode {
			what = kindOf(n) + " stands where {env: VARIABLE} or {file: /path} belongs"
		} else if n.Tag == "!!null" {
			what = "is empty"
		}
		s.bad(n, path, what, consequence, sourceForm)
		return
	}
	var src Source
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		for value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if key.Value != "env" && key.Value != "file" {
			s.bad(key, path, "has a key that is neither env nor file", "", sourceForm)
			return
		}
		if value.Kind != yaml.ScalarNode {
			s.bad(value, path+"."+key.Value, kindOf(value)+" stands where a single value belongs", "", sourceForm)
			return
		}
		if key.Value == "env" {
			src.Env = value.Value
		} else {
			src.File = value.Value
		}
	}
	if p := src.check(path); p != nil {
		p.Found = fmt.Sprintf("%s (line %d)", p.Found, n.Line)
		s.problems = append(s.problems, p)
	} else if src == (Source{}) {
		s.bad(n, path, "say where the secret is", "", sourceForm)
	}
}

// text checks a value that is a text.
func (s *shape) text(n *yaml.Node, path string) {
	if strings.HasSuffix(path, ".repair_prompt") && n.Value == "" {
		s.bad(n, path, "is empty", "it would be taken for the default, a sentence", `write "none" for no sentence, or leave the line out`)
	}
}

func (s *shape) number(n *yaml.Node, t reflect.Type, path string, tag reflect.StructTag) {
	v := reflect.New(t)
	var f float64 // the YAML library cuts fractions off
	fraction := n.Decode(&f) == nil && f != math.Trunc(f)
	if fraction || n.Decode(v.Interface()) != nil {
		s.bad(n, path, redact.Quote(n.Value)+" is not a whole number", "", "write digits only")
		return
	}
	s.zero(n, v.Elem().IsZero(), path, tag)
}

func (s *shape) duration(n *yaml.Node, path string, tag reflect.StructTag) {
	d, err := time.ParseDuration(n.Value)
	_, digits := strconv.ParseFloat(n.Value, 64)
	switch {
	case n.Kind != yaml.ScalarNode:
		s.bad(n, path, kindOf(n)+" stands where a duration belongs", "", "write one such as 15s or 2m")
	case digits == nil && n.Value != "0":
		s.bad(n, path, redact.Quote(n.Value)+" has no unit", "", "write it as in "+redact.Bound(n.Value, 20)+"s, with ms, s, m or h")
	case err != nil:
		s.bad(n, path, redact.Quote(n.Value)+" is not a duration", "", "write one such as 15s or 2m")
	default:
		s.zero(n, d == 0, path, tag)
	}
}

func (s *shape) time(n *yaml.Node, path string) {
	if n.Kind != yaml.ScalarNode || n.Decode(new(time.Time)) != nil {
		s.bad(n, path, found(n)+" stands where a time belongs", "", "write one such as 2027-01-31T12:00:00Z")
	}
}

func (s *shape) size(n *yaml.Node, path string, tag reflect.StructTag) {
	if n.Kind != yaml.ScalarNode {
		s.bad(n, path, kindOf(n)+" stands where a size belongs", "", sizeForm)
		return
	}
	size, err := ParseSize(n.Value)
	if err != nil {
		s.bad(n, path, redact.Quote(n.Value)+" is no size", "", sizeForm)
		return
	}
	s.zero(n, size == 0, path, tag)
}

func (s *shape) price(n *yaml.Node, path string, tag reflect.StructTag) {
	if n.Kind != yaml.ScalarNode {
		s.bad(n, path, kindOf(n)+" stands where a price belongs", "", "write the price of a million tokens, as in 1.25")
		return
	}
	p, err := price.Parse(n.Value)
	if err != nil {
		s.bad(n, path, redact.Quote(n.Value)+" "+err.Error(), "", "write the price of a million tokens, as in 1.25")
		return
	}
	s.zero(n, p == 0, path, tag)
}

// zero refuses a 0 that would mean the default.
func (s *shape) zero(n *yaml.Node, is bool, path string, tag reflect.StructTag) {
	if _, means := tag.Lookup("zero"); is && !means {
		s.bad(n, path, redact.Quote(n.Value)+" is not possible here", "it would be taken for the default, not for none", "write a value above 0, or leave the line out for the default")
	}
}

// found describes a node for messages.
func found(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return redact.Quote(n.Value)
	}
	return kindOf(n)
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "a mapping"
	}
	return "a single value"
}

// place is a path for messages, in which the whole file has a name, too.
func place(path string) string {
	if path == "" {
		return "the file"
	}
	return path
}

func join(path, key string) string {
	return tenant.Field(path, redact.Bound(key, 100))
}

// fieldOf finds the field for a key.
func fieldOf(t reflect.Type, key string) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) { // those of inlined structs, too
		if yamlName(f) == key {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// keysOf lists the keys of a mapping.
func keysOf(t reflect.Type) []string {
	var out []string
	for _, f := range reflect.VisibleFields(t) {
		if name := yamlName(f); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// yamlName is the key of a field; "" for fields that are not read.
func yamlName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	if name == "-" || !f.IsExported() {
		return ""
	}
	return name
}
