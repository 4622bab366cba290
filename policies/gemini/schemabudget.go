package gemini

// Replacing references by what they refer to multiplies schemas: thirty
// definitions that refer twice to the one before are 2^30. A request has one
// budget for all of its schemas, since there may be hundreds of them.
const (
	// schemaGrowth is what compiling may cost for each byte of the schemas.
	// Without references it is two to six.
	schemaGrowth = 8
	// schemaRoom is what it may cost beside that, in bytes: a few dozen tools
	// that share definitions.
	schemaRoom = 512 << 10
	// visitCost is what looking at a schema costs, beside its bytes.
	visitCost = 4
	// mergeCost is what putting a field beside others costs.
	mergeCost = 8
)

// schemaBudget is what is left, in bytes that are read or written. What is
// written is part of it, so it bounds the length of what comes out, too.
type schemaBudget struct{ left int }

// newSchemaBudget makes the budget for schemas that have so many bytes.
func newSchemaBudget(size int) *schemaBudget {
	return &schemaBudget{left: schemaGrowth*size + schemaRoom}
}

// add makes room for one more schema, of size bytes.
func (b *schemaBudget) add(size int) { b.left += schemaGrowth * size }

// spend takes n from the budget and reports whether there was so much.
func (b *schemaBudget) spend(n int) bool {
	b.left -= n
	return b.left >= 0
}

// holdsSchemas are the keywords whose values hold schemas.
var holdsSchemas = map[string]bool{
	"properties": true, "$defs": true, "items": true, "prefixItems": true,
	"anyOf": true, "oneOf": true, "allOf": true, "additionalProperties": true,
}

// ownSize is approximately the size of a schema in bytes, without the schemas
// in it, which are paid for when they are visited.
func ownSize(n *schemaNode, fields []schemaField) int {
	size := visitCost
	for _, f := range fields {
		size += len(f.name) + len(`"":,`)
		if holdsSchemas[f.name] {
			size += f.node.frame(f.name)
		} else {
			size += f.node.length
		}
	}
	if n.raw == nil {
		return size
	}
	return max(size, n.length-inner(n)) // spaces, too
}

// frame is approximately the size of a keyword's value in bytes, without the
// schemas in it.
func (n *schemaNode) frame(keyword string) int {
	switch {
	case n.length == 0: // made here
		size := len(`{}`) + len(n.items)
		for _, f := range n.fields {
			size += len(f.name) + len(`"":,`)
		}
		return size
	case n.items == nil && (keyword == "items" || keyword == "additionalProperties"):
		return 0 // it is the schema
	}
	return n.length - inner(n)
}

// inner is how many bytes the values in an object or array have.
func inner(n *schemaNode) (size int) {
	for _, f := range n.fields {
		size += f.node.length
	}
	for _, item := range n.items {
		size += item.length
	}
	return size
}
