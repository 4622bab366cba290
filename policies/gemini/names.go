package gemini

import (
	"crypto/sha256"
	"encoding/hex"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"github.com/heald-proxy/heald/policies/conversation"
)

// maxNameLength is the shortest of the limits that Google publishes for
// function names (64 in the API's definition, 128 in SDKs).
const maxNameLength = 64

// Names maps the client's names of tools to names that the API accepts, and
// back. Clients' tools have dots, colons, blanks, leading digits and more than
// 64 characters in their names (MCP servers' above all).
//
// It is filled while a request is rendered and must not be changed after, so
// that replies may read it.
type Names struct {
	rendered map[string]string // by the client's name
	original map[string]string // by the rendered name
	declared []string          // the client's names of what may be called
}

// Rendered returns the upstream's name of a tool; "" if the request did not
// name the tool.
func (n *Names) Rendered(client string) string { return n.rendered[client] }

// inventedPrefixes are prefixes that models add to the names of tools, as in
// code that calls them.
var inventedPrefixes = []string{"default_api:", "default_api."}

// Original returns the client's name of a tool. A name that the model invented
// is returned as it is, but for a prefix before the name of a declared tool:
// else the client would refuse the call, and the model repeat it.
func (n *Names) Original(rendered string) string {
	for _, prefix := range inventedPrefixes {
		if rest, ok := strings.CutPrefix(rendered, prefix); ok && n.declares(rest) && !n.declares(rendered) {
			return n.original[rest]
		}
	}
	if name, ok := n.original[rendered]; ok {
		return name
	}
	return rendered
}

func (n *Names) declares(rendered string) bool {
	name, ok := n.original[rendered]
	return ok && slices.Contains(n.declared, name)
}

// newNames names the tools that req declares and those that its history
// mentions. Declared tools choose first, so that their names stay the same
// while the history grows; among each, names that are valid stay as they are.
func newNames(req *conversation.Request) *Names {
	n := &Names{rendered: make(map[string]string), original: make(map[string]string)}
	declared := make([]string, 0, len(req.Tools))
	for _, tool := range req.Tools {
		if tool.Kind == conversation.Function {
			declared = append(declared, tool.Name)
		}
	}
	n.add(declared)
	n.declared = declared
	var mentioned []string
	for _, m := range req.Messages {
		for i := range m.Parts {
			if p := &m.Parts[i]; p.Kind == conversation.KindCall {
				mentioned = append(mentioned, p.Call.Name)
			}
		}
	}
	n.add(mentioned)
	return n
}

func (n *Names) add(names []string) {
	for _, name := range names {
		if validName(name) {
			n.set(name, name)
		}
	}
	for _, name := range names {
		n.set(name, sanitized(name))
	}
}

// set maps name to rendered, or to a name with a hash if rendered is too long
// or taken.
func (n *Names) set(name, rendered string) {
	if _, ok := n.rendered[name]; ok {
		return
	}
	if n.taken(rendered) || len(rendered) > maxNameLength {
		plain := rendered
		rendered = hashed(plain, name)
		// Names with the same hash of 32 bits are easy to find. They get a longer
		// one, for which nobody can find two.
		for sum := sha256.Sum256([]byte(name)); n.taken(rendered); sum = sha256.Sum256(sum[:]) {
			rendered = withSum(plain, sum[:12])
		}
	}
	n.rendered[name], n.original[rendered] = rendered, name
}

func (n *Names) taken(rendered string) bool {
	_, ok := n.original[rendered]
	return ok
}

// hashed is the first 55 characters of rendered and a hash of name.
func hashed(rendered, name string) string {
	h := fnv.New32a()
	h.Write([]byte(name))
	return withSum(rendered, h.Sum(nil))
}

// withSum is as much of rendered as leaves room for a sum.
func withSum(rendered string, sum []byte) string {
	kept := maxNameLength - len("_") - hex.EncodedLen(len(sum))
	return rendered[:min(kept, len(rendered))] + "_" + hex.EncodeToString(sum)
}

// validName reports whether name matches ^[A-Za-z_][A-Za-z0-9_.-]{0,63}$.
func validName(name string) bool {
	return name != "" && len(name) <= maxNameLength && name == sanitized(name)
}

// nativeName is what Google's definition of the API says of names, with the
// first letter that its refusals ask for.
var nativeName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$`)

// NativeName reports whether the upstream may take a name that cannot be changed.
func NativeName(name string) bool { return nativeName.MatchString(name) }

// sanitized returns name with every character that is not allowed replaced;
// it may be too long.
func sanitized(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		}
		return '_'
	}, name)
	if clean == "" || clean[0] >= '0' && clean[0] <= '9' || clean[0] == '.' || clean[0] == '-' {
		return "_" + clean
	}
	return clean
}
