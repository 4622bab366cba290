package gemini

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// A schema that holds itself through nothing but required properties describes
// a value without an end, and the API refuses it: "ref loops are only supported
// if they include optional or nullable property values, or a
// potentially-zero-length array items". Measured on Gemini 3.8, an optional
// property ends a loop, and so do the items of an array without minItems, also
// as a member of anyOf. A type list with null, null beside a reference and
// additionalProperties do not, whatever the text says; the documentation says
// so, too ("nullable properties are not sufficient"). So each such loop is
// opened at one edge, the one nearest to where it closes: a property is no
// longer required, or if the loop has none, something else lets it end.

// loopWarning is the warning for a property that became optional.
func loopWarning(name string) string {
	return strconv.Quote(name[:min(len(name), longestTold)]) +
		" is not required any more: its schema holds itself through required properties, which the API refuses; make it optional"
}

// LoopsLeft is the warning for a schema that is too large to be searched for
// loops.
const LoopsLeft = "the schemas are too large to be searched for required properties that hold themselves; Gemini may refuse them: use fewer references"

const (
	mostTold    = 10 // properties of one schema that a client is told of
	longestTold = 64 // bytes of a name
)

// loopEdge leads from a schema to one that it holds.
type loopEdge struct {
	from, to *schemaNode
	keyword  string      // properties, additionalProperties, items, prefixItems, anyOf, oneOf, $ref
	name     string      // of a property
	list     *schemaNode // of anyOf or oneOf
	at       int         // in the list
}

// opens ranks edges: a loop is opened at its last edge of the highest rank.
func (e loopEdge) opens() int {
	switch e.keyword {
	case "properties":
		return 4
	case "items", "prefixItems":
		return 3
	case "additionalProperties":
		return 2
	case "anyOf", "oneOf":
		return 1
	}
	return 0 // nothing but references
}

// loopFinder looks for loops in one schema.
type loopFinder struct {
	root *schemaNode
	// strict lets only optional properties end a loop, for the second try
	// after a refusal.
	strict bool
	budget *schemaBudget
	err    error

	path   []loopEdge
	opened map[*schemaNode]int // where on the path a schema stands, plus one; done if 0
	queue  []*schemaNode       // schemas to be looked at for themselves
	drop   map[*schemaNode]dropped
	cut    map[*schemaNode]map[int]bool // members of lists
	told   []string
}

// dropped are edges of one schema.
type dropped map[loopEdge]bool

// openLoops opens the loops of required properties in a schema, which stays as
// it is where there are none. told names the properties that are optional now.
func openLoops(root *schemaNode, strict bool, budget *schemaBudget) (out *schemaNode, told []string, err error) {
	f := loopFinder{root: root, strict: strict, budget: budget,
		opened: map[*schemaNode]int{}, drop: map[*schemaNode]dropped{}, cut: map[*schemaNode]map[int]bool{},
		queue: []*schemaNode{root}}
	for len(f.queue) > 0 && f.err == nil {
		n := f.queue[0]
		f.queue = f.queue[1:]
		if _, seen := f.opened[n]; !seen {
			f.visit(n)
		}
	}
	if f.err != nil || len(f.drop) == 0 {
		return root, nil, f.err
	}
	return f.rewrite(root), f.told, nil
}

// LoopOpener opens the loops in the schemas of one request as a client of the
// native API wrote them, JSON Schema or the API's own type. They have one budget.
type LoopOpener struct {
	// Strict is for the second try after a refusal.
	Strict bool
	budget *schemaBudget
}

// Open returns raw itself if nothing had to change. told is the warning for the
// client.
func (l *LoopOpener) Open(raw conversation.Raw) (out conversation.Raw, told []string) {
	if !mayLoop(raw) {
		return raw, nil
	}
	if l.budget == nil {
		l.budget = newSchemaBudget(0)
	}
	l.budget.add(len(raw))
	root, err := parseSchema(raw)
	if errors.Is(err, errSchemaValues) {
		return raw, []string{LoopsLeft}
	}
	if err != nil || root.kind != jsontext.KindBeginObject {
		return raw, nil // the upstream says what is wrong with it
	}
	opened, names, err := openLoops(root, l.Strict, l.budget)
	switch {
	case err != nil:
		return raw, []string{LoopsLeft}
	case opened == root:
		return raw, nil
	}
	for _, name := range names {
		told = append(told, loopWarning(name))
	}
	return opened.appendTo(make([]byte, 0, len(raw))), told
}

// mayLoop reports whether a schema has references at all.
func mayLoop(raw []byte) bool { return bytes.Contains(raw, []byte(`ref"`)) }

// visit follows the edges that may form a refused loop. It returns where on the
// path an edge was dropped; -1 if none was.
func (f *loopFinder) visit(n *schemaNode) int {
	if f.spend(visitCost); f.err != nil {
		return -1
	}
	if at, seen := f.opened[n]; seen {
		if at > 0 {
			return f.open(at - 1)
		}
		return -1
	}
	depth := len(f.path)
	f.opened[n] = depth + 1
	for _, e := range f.edges(n) {
		f.path = append(f.path[:depth], e)
		if at := f.visit(e.to); at >= 0 && at < depth {
			delete(f.opened, n) // it may be reached on another way
			return at
		}
	}
	f.path = f.path[:depth]
	f.opened[n] = 0
	return -1
}

// spend takes n from the budget.
func (f *loopFinder) spend(n int) {
	if !f.budget.spend(n) {
		f.err = errSchemaSize
	}
}

// open drops an edge of the loop that the path from at on is.
func (f *loopFinder) open(at int) int {
	best := at
	f.spend(len(f.path) - at)
	for i := at; i < len(f.path); i++ {
		if f.path[i].opens() >= f.path[best].opens() {
			best = i
		}
	}
	e := f.path[best]
	if f.drop[e.from] == nil {
		f.drop[e.from] = dropped{}
	}
	f.drop[e.from][e] = true
	f.queue = append(f.queue, e.to)
	if e.list != nil {
		if f.cut[e.list] == nil {
			f.cut[e.list] = map[int]bool{}
		}
		f.cut[e.list][e.at] = true
	}
	if e.keyword == "properties" && len(f.told) < mostTold && !slices.Contains(f.told, e.name) {
		f.told = append(f.told, e.name)
	}
	return best
}

// edges returns the edges of n that do not end a loop. Schemas behind the
// others are visited later.
func (f *loopFinder) edges(n *schemaNode) (out []loopEdge) {
	if n.kind != jsontext.KindBeginObject {
		return nil
	}
	f.spend(len(n.fields))
	for _, field := range n.fields {
		switch v := field.node; field.name {
		case "$ref", "ref":
			if to := f.resolve(v.text()); to != nil {
				out = append(out, loopEdge{from: n, to: to, keyword: field.name})
			}
		case "anyOf", "oneOf":
			f.spend(len(v.items))
			for i, to := range v.items {
				out = append(out, loopEdge{from: n, to: to, keyword: field.name, list: v, at: i})
			}
		case "additionalProperties":
			out = append(out, loopEdge{from: n, to: v, keyword: field.name})
		case "items":
			f.add(&out, loopEdge{from: n, to: v, keyword: field.name}, f.strict || !mayBeEmpty(n))
		case "prefixItems":
			f.spend(len(v.items))
			for i, to := range v.items {
				f.add(&out, loopEdge{from: n, to: to, keyword: field.name, at: i}, f.strict || !mayBeEmpty(n))
			}
		case "properties":
			required := requiredNames(n)
			f.spend(len(v.fields) + len(required))
			for _, p := range v.fields {
				f.add(&out, loopEdge{from: n, to: p.node, keyword: field.name, name: p.name}, required[p.name])
			}
		case "$defs", "defs":
			f.spend(len(v.fields))
			for _, d := range v.fields {
				f.queue = append(f.queue, d.node)
			}
		}
	}
	if dropped := f.drop[n]; len(dropped) > 0 {
		out = slices.DeleteFunc(out, func(e loopEdge) bool { return dropped[e] })
	}
	return out
}

// add adds an edge that is needed, and notes the schema behind another one.
func (f *loopFinder) add(out *[]loopEdge, e loopEdge, needed bool) {
	if needed {
		*out = append(*out, e)
	} else {
		f.queue = append(f.queue, e.to)
	}
}

func requiredNames(n *schemaNode) map[string]bool {
	list := n.get("required")
	if list == nil {
		return nil
	}
	names := make(map[string]bool, len(list.items))
	for _, item := range list.items {
		names[item.text()] = true
	}
	return names
}

// mayBeEmpty reports whether an array of this schema may have no items. One
// that may also be null was refused anyway.
func mayBeEmpty(n *schemaNode) bool {
	if least := n.get("minItems"); least != nil && strings.Trim(string(least.raw), `"0`) != "" {
		return false
	}
	kind := n.get("type")
	return kind == nil || kind.kind == jsontext.KindString
}

// resolve follows the references that the API knows.
func (f *loopFinder) resolve(ref string) *schemaNode {
	if ref == "#" {
		return f.root
	}
	for keyword, pointer := range map[string]string{"$defs": defsPointer, "defs": "#/defs/"} {
		if name, ok := strings.CutPrefix(ref, pointer); ok {
			if defs := f.root.get(keyword); defs != nil {
				return defs.get(unescapePointer(name))
			}
		}
	}
	return nil
}
