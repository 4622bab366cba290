package mesh

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxDifferences bounds what is listed of one object.
const maxDifferences = 40

// Diff compares what somebody has (one or more YAML documents, in any order,
// Lists of kubectl too) with the manifests. A line says the object, the field,
// what is there and what it should be. Objects that only text has are told if they
// are heald's (see leftovers). Other objects, comments, and what a cluster adds
// (status, uid, managedFields, the defaults of the kind) do not matter. No line
// holds a hop secret, on either side. A text that is no YAML, no Kubernetes object
// or has one twice is an error.
func (m *Manifests) Diff(text []byte) ([]string, error) {
	have, err := objects(text)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range m.Objects {
		id := identity(o.node)
		n, ok := have[id]
		if !ok { // without a namespace it is applied to kubectl's own
			n, ok = have[identityIn(o.node, "")]
		}
		if !ok {
			out = append(out, id+": is missing")
			continue
		}
		c := comparison{id: id, kind: o.Kind, secrets: m.secrets}
		c.differ("", n, o.node)
		if len(c.lines) > maxDifferences {
			c.lines = append(c.lines[:maxDifferences], fmt.Sprintf("%s: %d more", id, len(c.lines)-maxDifferences))
		}
		out = append(out, c.lines...)
	}
	hide := comparison{secrets: m.secrets}
	for _, id := range m.leftovers(have) {
		out = append(out, hide.redacted(id)+": is only in yours, and this heald.yaml has no use for it")
	}
	return out, nil
}

// objects are those of a file, by identity.
func objects(text []byte) (map[string]*yaml.Node, error) {
	out := map[string]*yaml.Node{}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	for i := 1; ; i++ {
		var doc yaml.Node
		err := decoder.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i, err)
		}
		if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
			continue
		}
		if err := collect(out, doc.Content[0]); err != nil {
			return nil, fmt.Errorf("document %d: %w", i, err)
		}
	}
}

func collect(out map[string]*yaml.Node, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: no Kubernetes object", n.Line)
	}
	if items := child(n, "items"); items != nil && strings.HasSuffix(text(n, "kind"), "List") {
		for _, item := range items.Content {
			if err := collect(out, item); err != nil {
				return err
			}
		}
		return nil
	}
	id := identity(n)
	if _, twice := out[id]; twice {
		return fmt.Errorf("line %d: %s is there twice", n.Line, id)
	}
	out[id] = n
	return nil
}

// identity is what tells one object from another: kind, namespace, name. The
// version does not: v1 and v1beta1 are the same object.
func identity(n *yaml.Node) string { return identityIn(n, text(n, "metadata", "namespace")) }

func identityIn(n *yaml.Node, namespace string) string {
	group, _, _ := strings.Cut(text(n, "apiVersion"), "/")
	if !strings.Contains(group, ".") {
		group = ""
	} else {
		group = "." + group
	}
	name := text(n, "metadata", "name")
	if namespace != "" {
		name = namespace + "/" + name
	}
	return text(n, "kind") + group + " " + name
}

// hopHeader is the header whose values are never printed.
const hopHeader = "x-heald-hop"

// comparison lists how an object differs from the wanted one.
type comparison struct {
	id, kind string
	secrets  []string // known ones, replaced wherever they stand
	lines    []string
}

func (c *comparison) add(path, format string, args ...any) {
	c.lines = append(c.lines, c.id+": "+c.redacted(strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...)))
}

func (c *comparison) differ(path string, have, want *yaml.Node) {
	have, want = resolved(have), resolved(want)
	switch {
	case have.Kind != want.Kind:
		c.add(path, "is %s, should be %s", c.short(path, have), c.short(path, want))
	case want.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(want.Content); i += 2 {
			key := want.Content[i].Value
			if x := child(have, key); x != nil {
				c.differ(path+"."+key, x, want.Content[i+1])
			} else {
				c.add(path+"."+key, "is missing, should be %s", c.short(path+"."+key, want.Content[i+1]))
			}
		}
		for i := 0; i+1 < len(have.Content); i += 2 {
			key := have.Content[i].Value
			if child(want, key) == nil && !added(path, key) && !isDefault(c.kind, path+"."+key, have.Content[i+1]) {
				c.add(path+"."+key, "is %s, should not be there", c.short(path+"."+key, have.Content[i+1]))
			}
		}
	case want.Kind == yaml.SequenceNode && named(have) && named(want):
		c.byName(path, have, want)
	case want.Kind == yaml.SequenceNode:
		for i := range min(len(have.Content), len(want.Content)) {
			at := path + "[" + entry(want.Content[i], i) + "]"
			if strings.HasPrefix(text(have.Content[i], "name"), hopHeader) {
				at = path + "[" + entry(have.Content[i], i) + "]" // its value is a secret
			}
			c.differ(at, have.Content[i], want.Content[i])
		}
		for i := len(want.Content); i < len(have.Content); i++ {
			c.add(path+"["+entry(have.Content[i], i)+"]", "is %s, should not be there", c.short(path, have.Content[i]))
		}
		for i := len(have.Content); i < len(want.Content); i++ {
			c.add(path+"["+entry(want.Content[i], i)+"]", "is missing, should be %s", c.short(path, want.Content[i]))
		}
	case have.Value == want.Value && have.ShortTag() == want.ShortTag():
	case strings.Contains(path, hopHeader):
		c.add(path, "is another secret than hop_secret of heald.yaml") // and neither is printed
	case have.Value == want.Value:
		c.add(path, "is %s as %s, should be %s", c.short(path, have), typeOf(have), typeOf(want))
	default:
		c.add(path, "is %s, should be %s", c.short(path, have), c.short(path, want))
	}
}

// byName compares lists whose entries have names, so that one that is missing
// does not have all after it differ.
func (c *comparison) byName(path string, have, want *yaml.Node) {
	var places []int
	for i, w := range want.Content {
		at := path + "[" + entry(w, i) + "]"
		j := slices.IndexFunc(have.Content, func(h *yaml.Node) bool { return text(h, "name") == text(w, "name") })
		if j < 0 {
			c.add(at, "is missing, should be %s", c.short(at, w))
			continue
		}
		places = append(places, j)
		c.differ(at, have.Content[j], w)
	}
	for i, h := range have.Content {
		if !slices.ContainsFunc(want.Content, func(w *yaml.Node) bool { return text(h, "name") == text(w, "name") }) {
			at := path + "[" + entry(h, i) + "]"
			c.add(at, "is %s, should not be there", c.short(at, h))
		}
	}
	if !slices.IsSorted(places) {
		c.add(path, "is in another order, should be %s", strings.Join(names(want), ", "))
	}
}

// named says that all entries of a list have names, each its own.
func named(n *yaml.Node) bool {
	all := names(n)
	slices.Sort(all)
	return len(all) > 0 && all[0] != "" && len(slices.Compact(all)) == len(n.Content)
}

func names(n *yaml.Node) []string {
	var out []string
	for _, x := range n.Content {
		out = append(out, text(x, "name"))
	}
	return out
}

func typeOf(n *yaml.Node) string {
	switch n.ShortTag() {
	case "!!str":
		return "text"
	case "!!bool":
		return "a boolean"
	case "!!null":
		return "nothing"
	}
	return "a number"
}

func resolved(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// added are the fields that a cluster, or those who apply manifests, add.
func added(path, key string) bool {
	switch path {
	case "":
		return key == "status"
	case ".metadata":
		return slices.Contains([]string{"annotations", "labels", "creationTimestamp", "generation", "managedFields", "resourceVersion", "uid", "ownerReferences", "finalizers"}, key)
	}
	return false
}

// entry names an entry of a list: by its name if it has one.
func entry(n *yaml.Node, i int) string {
	if name := text(n, "name"); n.Kind == yaml.MappingNode && name != "" { // of a header, too
		return strconv.Itoa(i) + " " + name
	}
	return strconv.Itoa(i)
}

// short is a value on one line, without what it holds, and "a secret" for the
// hop secret.
func (c *comparison) short(path string, n *yaml.Node) string {
	if strings.Contains(path, hopHeader) {
		return "a secret"
	}
	switch n.Kind {
	case yaml.MappingNode:
		var keys []string
		for i := 0; i+1 < len(n.Content) && i < 12; i += 2 {
			keys = append(keys, n.Content[i].Value)
		}
		return "{" + strings.Join(keys, ", ") + "}"
	case yaml.SequenceNode:
		return fmt.Sprintf("a list of %d", len(n.Content))
	}
	s := strconv.Quote(c.redacted(n.Value)) // before quotes change it, and before it is cut
	if len(s) > 120 {
		s = strings.ToValidUTF8(s[:117], "") + `..."`
	}
	return s
}

func (c *comparison) redacted(s string) string {
	for _, secret := range c.secrets {
		s = strings.ReplaceAll(s, secret, "(hop_secret)")
	}
	return s
}
