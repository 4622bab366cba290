package gemini

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// schemaOptions says how a schema is compiled.
type schemaOptions struct {
	// object asks for a root that describes an object, as arguments are.
	object bool
	// relaxed also removes what makes the upstream refuse a schema for "too
	// many states" or "maximum allowed nesting depth": bounds, formats, long
	// enums and descriptions.
	relaxed bool
	// proto asks for the API's own schema type instead of JSON Schema.
	proto bool
	// native keeps what was written for the API and is fit for it, though no
	// other client's schema is compiled to it.
	native bool
	// vertex adds what Vertex AI alone has to the API's own schema type.
	vertex bool
}

// compileSchema rewrites a JSON Schema into the subset that the API reads in
// parametersJsonSchema and responseJsonSchema; any other keyword risks a 400
// that fails the whole request. What a removed keyword said is appended to the
// description, since the model reads that too. A schema without a fault comes
// back as the bytes it was, nil for one that says nothing.
//
// Compiling what was compiled changes nothing. told is the warning for the
// client, about required properties that became optional and about schemas that
// were nested too deeply.
func compileSchema(raw conversation.Raw, opts schemaOptions, budget *schemaBudget) (out conversation.Raw, told []string, err error) {
	if opts.native && opts.proto {
		root, err := parseSchema(raw)
		if root == nil {
			return nil, nil, err
		}
		shape := protoShape{vertex: opts.vertex, object: opts.object}
		if err == nil && (root.kind != jsontext.KindBeginObject || shape.fit(root)) {
			return raw, nil, nil
		}
		raw = shape.plain(root).appendTo(nil)
	}
	out, told, err = compileJSONSchema(raw, opts, budget)
	if err == nil && opts.proto {
		var cut bool
		if out, cut, err = protoSchema(out, opts.object, budget); cut && !slices.Contains(told, cutWarning) {
			told = append(told, cutWarning)
		}
	}
	return out, told, err
}

// cutWarning is what a client is told of a tool that is cut at maxSchemaLevels:
// it is only offered. The schema of an answer is refused, since the answer would
// not obey it.
var cutWarning = fmt.Sprintf("changed: its schema is nested more than %d levels deep, and says nothing of what is below", maxSchemaLevels)

func compileJSONSchema(raw conversation.Raw, opts schemaOptions, budget *schemaBudget) (_ conversation.Raw, told []string, err error) {
	if len(raw) == 0 {
		return nil, nil, nil
	}
	root, err := parseSchema(raw)
	if err != nil && (root == nil || !opts.object) {
		return nil, nil, err
	}
	if root.kind != jsontext.KindBeginObject {
		return nil, nil, nil // null, true, or no schema at all
	}
	c := newSchemaCompiler(root, opts, budget)
	out := c.compileRoot()
	if c.err != nil {
		return nil, nil, c.err
	}
	if out == nil {
		return nil, nil, nil
	}
	if mayLoop(raw) {
		var opened []string
		if out, opened, err = openLoops(out, opts.relaxed, budget); err != nil {
			return nil, nil, err
		}
		for _, name := range opened {
			told = append(told, loopWarning(name))
		}
	}
	if c.cut {
		told = append(told, cutWarning)
	}
	if out.raw != nil {
		return out.raw, told, nil
	}
	return out.appendTo(make([]byte, 0, len(raw)+len(raw)/8)), told, nil
}

// schemaCompiler compiles one schema.
type schemaCompiler struct {
	root    *schemaNode // with definitions renamed to $defs
	relaxed bool
	object  bool
	native  bool
	cut     bool  // something was nested too deep
	err     error // the first; it ends the work

	defs   map[string]bool        // names in the root's $defs
	active map[*schemaNode]bool   // schemas being compiled, to find recursion
	hoists map[*schemaNode]string // recursive schemas and their new name in $defs
	queue  []*schemaNode          // of hoists, those not yet compiled
	named  int                    // numbers that names of hoists have used

	budget *schemaBudget
	depth  int
}

func newSchemaCompiler(root *schemaNode, opts schemaOptions, budget *schemaBudget) *schemaCompiler {
	c := &schemaCompiler{
		root: renameDefinitions(root), relaxed: opts.relaxed, object: opts.object, native: opts.native && !opts.proto,
		defs: map[string]bool{}, active: map[*schemaNode]bool{}, hoists: map[*schemaNode]string{},
		budget: budget,
	}
	if defs := c.root.get("$defs"); defs != nil {
		for _, f := range defs.fields {
			c.defs[f.name] = true
		}
	}
	return c
}

// spend takes from the budget and reports whether work may go on.
func (c *schemaCompiler) spend(bytes int) bool {
	if !c.budget.spend(bytes) && c.err == nil {
		c.err = errSchemaSize
	}
	return c.err == nil
}

// schema compiles one schema: n itself if nothing had to change, nil if it
// allows nothing ("false"), so that references to it are dropped.
func (c *schemaCompiler) schema(n *schemaNode) *schemaNode {
	if !c.spend(1) {
		return n
	}
	switch n.kind {
	case jsontext.KindFalse:
		return nil
	case jsontext.KindBeginObject:
	default: // true, or nothing that a schema can be
		return objectNode()
	}
	c.depth++
	defer func() { c.depth-- }()
	if c.depth > maxSchemaLevels {
		return c.cutOff(n)
	}
	outer := c.active[n]
	c.active[n] = true
	out := c.fields(n, n.fields)
	c.active[n] = outer
	return out
}

// fields compiles a schema that has these fields; n is the schema they came
// from, and the result if they stay as they are.
func (c *schemaCompiler) fields(n *schemaNode, fields []schemaField) *schemaNode {
	merged, expanded := c.mergeAllOf(fields)
	defer c.leave(expanded)
	if !c.spend(ownSize(n, merged)) {
		return n
	}
	for i, f := range merged {
		if f.name == "$ref" {
			return c.reference(n, merged, i)
		}
	}
	b := schemaBuilder{c: c, changed: n.raw == nil || !sameFields(n.fields, merged)}
	return b.build(n, merged)
}

// cutOff keeps only the type of a schema that is nested too deeply.
func (c *schemaCompiler) cutOff(n *schemaNode) *schemaNode {
	if !c.object {
		c.err = errSchemaDepth
		return n
	}
	c.cut = true
	return cutOff(n)
}

func cutOff(n *schemaNode) *schemaNode {
	switch kind := n.get("type").text(); kind {
	case "string", "number", "integer", "boolean":
		return objectNode(member("type", stringNode(kind)))
	}
	return objectNode(member("type", stringNode("object")))
}

func sameFields(a, b []schemaField) bool {
	return slices.EqualFunc(a, b, func(x, y schemaField) bool { return x.node == y.node })
}

// leave ends the expansion of targets.
func (c *schemaCompiler) leave(targets []*schemaNode) {
	for _, t := range targets {
		delete(c.active, t)
	}
}

// hoist gives a recursive schema a name in $defs, where recursion is allowed,
// and returns the reference to it.
func (c *schemaCompiler) hoist(target *schemaNode) *schemaNode {
	name, ok := c.hoists[target]
	if !ok {
		for name == "" || c.defs[name] {
			c.named++
			name = "recursive" + strconv.Itoa(c.named)
		}
		c.hoists[target], c.defs[name] = name, true
		c.queue = append(c.queue, target)
	}
	return stringNode("#/$defs/" + name)
}
