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
// what is there and what it should be. Objects of other kinds and names in it,
// comments, and what a cluster adds (status, uid, managedFields) do not matter.
func (m *Manifests) Diff(text []byte) ([]string, error) {
	have, err := objects(text)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, o := range m.Objects {
		id := identity(o.node)
		n, ok := have[id]
		if !ok {
			out = append(out, id+": is missing")
			continue
		}
		var lines []string
		differ(&lines, id+": ", "", n, o.node)
		if len(lines) > maxDifferences {
			lines = append(lines[:maxDifferences], fmt.Sprintf("%s: %d more", id, len(lines)-maxDifferences))
		}
		out = append(out, lines...)
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
func identity(n *yaml.Node) string {
	group, _, _ := strings.Cut(text(n, "apiVersion"), "/")
	if !strings.Contains(group, ".") {
		group = ""
	} else {
		group = "." + group
	}
	name := text(n, "metadata", "name")
	if ns := text(n, "metadata", "namespace"); ns != "" {
		name = ns + "/" + name
	}
	return text(n, "kind") + group + " " + name
}

// differ lists how have differs from want. What a cluster adds to metadata and
// status is no difference.
func differ(out *[]string, id, path string, have, want *yaml.Node) {
	have, want = resolved(have), resolved(want)
	add := func(path, format string, args ...any) {
		*out = append(*out, id+strings.TrimPrefix(path, ".")+": "+fmt.Sprintf(format, args...))
	}
	if have.Kind != want.Kind {
		add(path, "is %s, should be %s", short(have), short(want))
		return
	}
	switch want.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(want.Content); i += 2 {
			key := want.Content[i].Value
			if x := child(have, key); x != nil {
				differ(out, id, path+"."+key, x, want.Content[i+1])
			} else {
				add(path+"."+key, "is missing, should be %s", unless(path+"."+key, want.Content[i+1]))
			}
		}
		for i := 0; i+1 < len(have.Content); i += 2 {
			key := have.Content[i].Value
			if child(want, key) == nil && !added(path, key) {
				add(path+"."+key, "is %s, should not be there", unless(path+"."+key, have.Content[i+1]))
			}
		}
	case yaml.SequenceNode:
		for i := range min(len(have.Content), len(want.Content)) {
			differ(out, id, path+"["+entry(want.Content[i], i)+"]", have.Content[i], want.Content[i])
		}
		for i := len(want.Content); i < len(have.Content); i++ {
			add(path+"["+entry(have.Content[i], i)+"]", "is %s, should not be there", short(have.Content[i]))
		}
		for i := len(have.Content); i < len(want.Content); i++ {
			add(path+"["+entry(want.Content[i], i)+"]", "is missing, should be %s", short(want.Content[i]))
		}
	default:
		switch {
		case have.Value == want.Value:
		case strings.Contains(path, "x-heald-hop"):
			add(path, "is another secret than hop_secret of heald.yaml") // and neither is printed
		default:
			add(path, "is %s, should be %s", short(have), short(want))
		}
	}
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
	if n.Kind == yaml.MappingNode {
		if name := text(n, "name"); name != "" { // of a header, too
			return strconv.Itoa(i) + " " + name
		}
	}
	return strconv.Itoa(i)
}

// unless is a value on one line, unless it is the hop secret.
func unless(path string, n *yaml.Node) string {
	if strings.Contains(path, "x-heald-hop") {
		return "a secret"
	}
	return short(n)
}

// short is a value on one line, without what it holds.
func short(n *yaml.Node) string {
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
	s := strconv.Quote(n.Value)
	if len(s) > 120 {
		s = s[:117] + `..."`
	}
	return s
}
