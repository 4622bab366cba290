package gemini

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Limits on what one call's streamed arguments may build: an index may skip a
// few elements, which become null, but a large one must not allocate memory.
const (
	maxArgGap   = 1000
	maxArgNodes = 100_000
	maxArgBytes = 32 << 20
)

var errArgsLimit = errors.New("more streamed arguments than one call may have")

// argPiece is one partialArgs item of Vertex AI: a value, or a further piece
// of a string, at a path.
type argPiece struct {
	path  string
	value jsontext.Value // nil if the item has none
}

func (p *argPiece) read(w *walker) error {
	var null bool
	err := w.object(func(name []byte) error {
		switch string(name) {
		case "jsonPath", "json_path":
			return w.string(&p.path)
		case "stringValue", "string_value", "numberValue", "number_value", "boolValue", "bool_value":
			if k := w.kind(); k == '{' || k == '[' {
				return w.skip()
			}
			return w.value(&p.value)
		case "nullValue", "null_value":
			null = true
		}
		return w.skip() // also willContinue: see partialArgs
	})
	if p.value == nil && null {
		p.value = jsontext.Value("null")
	}
	return err
}

// partialArgs assembles streamed arguments. Its output is the pieces of one
// JSON object, written as they come:
//
//	$.a "x"  →  {"a":"x        a string stays open: the next item may go on
//	$.a "y"  →  y
//	$.b[0] 1 →  ","b":[1       another path closes what is not on its way
//	close    →  ]}
//
// A model writes its arguments in order, so that is usually all. An item for a
// value that was closed before cannot be added to the written text. It is kept
// in the tree, and on close the top-level member it belongs to is written
// again, whole: the last of two equal names counts in every JSON parser clients
// use.
//
// An item's own willContinue is not needed: recorded streams end each string
// by an empty piece without it, and Google's own clients append every string
// that follows on the same path.
type partialArgs struct {
	root  *argNode
	open  []openNode // open values of the written text, outermost first
	nodes int
	bytes int // taken in so far
}

// argNode is a value of the tree.
type argNode struct {
	kind  byte   // '{', '[', '"', or 0 for any complete value
	text  []byte // '"': the escaped characters; 0: the value
	half  []byte // '"': the escape of a first surrogate that ended a piece
	names []string
	nodes []*argNode
	index map[string]int // '{': by name
	open  bool           // can be added to in the written text
	stale bool           // the written text is not what the tree says
}

type openNode struct {
	node *argNode
	kind byte // as written; the tree may have another node there by now
}

// add appends to dst what is to be written for p.
func (a *partialArgs) add(dst []byte, p argPiece) ([]byte, error) {
	if p.value == nil {
		return dst, nil
	}
	steps, err := parsePath(p.path)
	if err != nil {
		return dst, err
	}
	if a.bytes += len(p.value); a.bytes > maxArgBytes {
		return dst, errArgsLimit
	}
	a.begin(&dst)
	n, top, live := a.root, (*argNode)(nil), true
	for i, s := range steps {
		kind := kindAt(steps[i+1:], p.value)
		child := n.child(s)
		switch {
		case child == nil:
			if child, err = a.grow(&dst, n, s, kind, live); err != nil {
				return dst, err
			}
			if kind == 0 {
				a.setValue(&dst, child, p.value, live)
			}
		case kind == 0 && child.kind == 0 && bytes.Equal(child.text, p.value):
		case kind == 0 || child.kind != kind:
			live = false
			child = &argNode{kind: kind}
			if kind == 0 {
				a.setValue(&dst, child, p.value, live)
			}
			n.replace(s, child)
		default:
			live = live && child.open
		}
		if i == 0 {
			top = child
		}
		n = child
	}
	if n.kind == '"' {
		n.extend(&dst, p.value, live)
	}
	top.stale = top.stale || !live
	return dst, nil
}

// kindAt is the kind of a node, given the rest of the path below it.
func kindAt(rest []step, value jsontext.Value) byte {
	switch {
	case len(rest) > 0 && rest[0].indexed:
		return '['
	case len(rest) > 0:
		return '{'
	case value.Kind() == '"':
		return '"'
	}
	return 0
}

// merge appends what is to be written for args that came whole while pieces
// had been written. What is written stays; members that differ from args are
// written again on close.
func (a *partialArgs) merge(dst []byte, args conversation.Raw) ([]byte, error) {
	a.begin(&dst)
	var w walker
	w.open(args)
	err := w.object(func(name []byte) error {
		v, err := w.dec.ReadValue()
		if err != nil {
			return err
		}
		value := v.Clone() // the tree outlives the frame
		s := step{name: conversation.Text(`"` + string(name) + `"`).String()}
		if a.bytes += len(value); a.bytes > maxArgBytes {
			return errArgsLimit
		}
		old := a.root.child(s)
		if old == nil {
			child, err := a.grow(&dst, a.root, s, 0, true)
			if err == nil {
				a.setValue(&dst, child, value, true)
			}
			return err
		}
		if !sameJSON(old.appendTo(nil), value) {
			a.root.replace(s, &argNode{text: value, stale: true})
		}
		return nil
	})
	return dst, err
}

// close appends what completes the object.
func (a *partialArgs) close(dst []byte) []byte {
	a.begin(&dst)
	a.closeTo(&dst, a.root)
	for i, n := range a.root.nodes {
		if n.stale {
			dst = append(dst, ',')
			dst = appendName(dst, a.root.names[i])
			dst = n.appendTo(dst)
		}
	}
	*a = partialArgs{}
	return append(dst, '}')
}

func (a *partialArgs) begin(dst *[]byte) {
	if a.root == nil {
		a.root = &argNode{kind: '{', open: true}
		a.open = append(a.open[:0], openNode{a.root, '{'})
		*dst = append(*dst, '{')
	}
}

// grow adds a value of the given kind at s, which n does not have yet. Elements
// that its index skips become null.
func (a *partialArgs) grow(dst *[]byte, n *argNode, s step, kind byte, live bool) (*argNode, error) {
	skip := 0
	if s.indexed {
		skip = s.index - len(n.nodes)
	}
	if a.nodes += skip + 1; skip > maxArgGap || a.nodes > maxArgNodes {
		return nil, errArgsLimit
	}
	if live {
		a.closeTo(dst, n)
	}
	for range skip {
		null := n.adopt("", &argNode{})
		a.comma(dst, n, live)
		a.setValue(dst, null, []byte("null"), live)
	}
	child := n.adopt(s.name, &argNode{kind: kind, open: live && kind != 0})
	a.comma(dst, n, live)
	if !live {
		return child, nil
	}
	if !s.indexed {
		*dst = appendName(*dst, s.name)
	}
	if kind != 0 {
		*dst = append(*dst, kind)
		a.open = append(a.open, openNode{child, kind})
	}
	return child, nil
}

// comma writes the separator before the value just added to n.
func (a *partialArgs) comma(dst *[]byte, n *argNode, live bool) {
	if live && len(n.nodes) > 1 {
		*dst = append(*dst, ',')
	}
}

func (a *partialArgs) setValue(dst *[]byte, n *argNode, value []byte, live bool) {
	n.text = bytes.Clone(value)
	if live {
		*dst = append(*dst, value...)
	}
}

// closeTo closes everything that is open inside n.
func (a *partialArgs) closeTo(dst *[]byte, n *argNode) {
	for i := len(a.open) - 1; a.open[i].node != n; i-- {
		o := a.open[i]
		if o.kind == '"' && len(o.node.half) > 0 {
			*dst = append(*dst, halfMark...)
		}
		*dst = append(*dst, closers[o.kind])
		o.node.open = false
		a.open = a.open[:i]
	}
}

var closers = [...]byte{'{': '}', '[': ']', '"': '"'}

// halfMark stands for half a surrogate pair whose other half never came.
const halfMark = `\ufffd`

// extend adds the characters of a string literal to a string. Half a surrogate
// pair at the end waits for the next piece.
func (n *argNode) extend(dst *[]byte, literal []byte, live bool) {
	piece := append(n.half, literal[1:len(literal)-1]...)
	n.half = nil
	if at := len(piece) - 6; at >= 0 && !escaped(piece[:at]) {
		if r, ok := hex4(piece[at:]); ok && utf16.IsSurrogate(r) && r < 0xDC00 {
			n.half = bytes.Clone(piece[at:])
			piece = piece[:at]
		}
	}
	clean := cleanText(append(append([]byte{'"'}, piece...), '"')).Inner()
	n.text = append(n.text, clean...)
	if live {
		*dst = append(*dst, clean...)
	}
}

// escaped reports whether b ends in an odd number of backslashes, so that the
// next character is not what it looks like.
func escaped(b []byte) bool {
	return (len(b)-len(bytes.TrimRight(b, `\`)))%2 == 1
}

func (n *argNode) child(s step) *argNode {
	if !s.indexed {
		if i, ok := n.index[s.name]; ok {
			return n.nodes[i]
		}
	} else if s.index < len(n.nodes) {
		return n.nodes[s.index]
	}
	return nil
}

func (n *argNode) adopt(name string, child *argNode) *argNode {
	if n.kind == '{' {
		if n.index == nil {
			n.index = map[string]int{}
		}
		n.index[name] = len(n.nodes)
		n.names = append(n.names, name)
	}
	n.nodes = append(n.nodes, child)
	return child
}

func (n *argNode) replace(s step, child *argNode) {
	if i, ok := n.index[s.name]; ok && !s.indexed {
		n.nodes[i] = child
	} else {
		n.nodes[s.index] = child
	}
}

// appendTo writes the tree as JSON.
func (n *argNode) appendTo(dst []byte) []byte {
	if n.kind == 0 {
		return append(dst, n.text...)
	}
	dst = append(append(dst, n.kind), n.text...)
	if len(n.half) > 0 {
		dst = append(dst, halfMark...)
	}
	for i, c := range n.nodes {
		if i > 0 {
			dst = append(dst, ',')
		}
		if n.kind == '{' {
			dst = appendName(dst, n.names[i])
		}
		dst = c.appendTo(dst)
	}
	return append(dst, closers[n.kind])
}

func appendName(dst []byte, name string) []byte {
	dst = append(dst, conversation.Quote(name)...)
	return append(dst, ':')
}

// sameJSON reports whether two values are equal but for spacing and the order
// of members.
func sameJSON(a, b jsontext.Value) bool {
	x, one := Canonical(a)
	y, other := Canonical(b)
	return one && other && bytes.Equal(x, y)
}

// argsError names the call whose arguments cannot be used.
func argsError(name string, err error) error {
	return fmt.Errorf("functionCall %.64q: partialArgs: %w", name, err)
}
