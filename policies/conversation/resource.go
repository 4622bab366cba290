package conversation

// Resource is what a request asks the provider to read, run or record with the
// rights of the account that serves it.
type Resource struct {
	Kind ResourceKind
	// Field is where the client named it, such as contents[0].parts[1].fileUri.
	Field string
	// Name is the URI, the name of the cache, the tool or the tier; "" for other
	// kinds.
	Name string
}

// ResourceKind is what kind of resource it is.
type ResourceKind uint8

// The kinds of resources.
const (
	ResourceFile   ResourceKind = iota // a file by its URI
	ResourceCache                      // cached content
	ResourceTool                       // a tool that runs upstream, by its field's name in snake_case
	ResourceArmor                      // a Model Armor template
	ResourceSafety                     // safety settings
	ResourceLabels                     // labels, logging: what is recorded
	ResourceTier                       // a service tier, in lower case
)

// storeTools are the tools that read what the account's project may read.
var storeTools = map[string]bool{"retrieval": true, "file_search": true}

// Runs reports whether the provider runs something for the request, or may,
// since cached content may have tools. Errors of what it runs look like its
// own.
func (r *Resource) Runs() bool { return r.Kind == ResourceTool || r.Kind == ResourceCache }

// Read reports whether the provider looks the resource up: one that is missing
// or not readable fails the request, whichever account serves it.
func (r *Resource) Read() bool {
	switch r.Kind {
	case ResourceFile, ResourceCache, ResourceArmor:
		return true
	case ResourceTool:
		return storeTools[r.Name]
	}
	return false
}
