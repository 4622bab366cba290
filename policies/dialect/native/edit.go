package native

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// rewriter walks a body and collects the changes to it. Nothing is written until
// all are known; a body without changes is not copied.
type rewriter struct {
	scan
	edits []edit
	stack []item // of the objects and arrays that are being read

	name    []byte // of the member read last
	entries int    // elements of arrays so far; negative if there may be more
}

// Limits on what is walked, since each entry takes more memory than its bytes.
const (
	// maxEntries bounds the elements of all arrays together.
	maxEntries = conversation.MaxMessages + conversation.MaxParts + conversation.MaxTools
	// maxMembers bounds the members of one object; of those of the API a
	// schema's properties may be the most.
	maxMembers = 10_000
)

// edit replaces text[from:to]; an edit of no bytes is an insertion.
type edit struct {
	from, to int
	with     string
}

// outcome says whether a member or element is kept.
type outcome bool

const (
	keep outcome = true
	cut  outcome = false
)

// item is a member of an object, name included, or an element of an array.
type item struct {
	from, to int
	outcome  outcome
}

// items are those of one object or array, in order.
type items struct {
	open int // behind the opening bracket
	list []item
}

// end is where something can be appended; full says that a comma is needed.
func (it items) end() (at int, full bool) {
	at = it.open
	for _, m := range it.list {
		at, full = m.to, full || m.outcome == keep
	}
	return at, full
}

// replace records a change.
func (w *rewriter) replace(from, to int, with string) {
	w.edits = append(w.edits, edit{from, to, with})
}

// members reads an object of the API, calling each with the API's name of a
// member. A list in its place is refused: upstream would read what it holds,
// unchecked.
func (w *rewriter) members(each func(i int, name []byte) (outcome, error), done func(it items)) error {
	if w.kind() == '[' {
		name := cmp.Or(string(jsonwalk.Shorten(w.name)), "body")
		return &conversation.Error{Kind: conversation.ErrInvalid, Param: name,
			Message: fmt.Sprintf("%s: a list stands where an object belongs (byte %d of the request)", name, w.at())}
	}
	return w.free(func(i int, name []byte) (outcome, error) {
		name = canonical(name)
		w.name = name
		return each(i, name)
	}, done)
}

// free reads an object with arbitrary names. each reads the value of member i
// and decides on it; done, if not nil, may change the outcomes before they are
// applied. A value of another typeis skipped.
func (w *rewriter) free(each func(i int, name []byte) (outcome, error), done func(it items)) error {
	if w.kind() != '{' {
		return w.skip()
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	open, base := w.at(), len(w.stack)
	for i := 0; w.kind() != '}'; i++ {
		name, err := w.value()
		if err != nil {
			return err
		}
		if i == maxMembers {
			return jsonwalk.TooMany(string(jsonwalk.Shorten(jsonwalk.Unquote(name))), maxMembers, "fields in one object")
		}
		w.stack = append(w.stack, item{from: w.at() - len(name)})
		f, err := each(i, jsonwalk.Unquote(name))
		if err != nil {
			return err
		}
		m := &w.stack[base+i]
		m.to, m.outcome = w.at(), f
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return err
	}
	w.settle(items{open, w.stack[base:]}, done)
	w.stack = w.stack[:base]
	return nil
}

// elements reads an array in the same way. An object in place of a list of one
// stays, whatever each says.
func (w *rewriter) elements(each func(i int) (outcome, error), done func(it items)) error {
	if w.kind() != '[' {
		if w.kind() == '{' {
			_, err := each(0)
			return err
		}
		return w.skip()
	}
	i, base, open := 0, len(w.stack), 0
	err := w.array(func() error {
		if open == 0 {
			open = w.at()
		}
		if w.entries++; w.entries > maxEntries {
			return jsonwalk.TooMany("contents", maxEntries, "entries in all lists together")
		}
		w.stack = append(w.stack, item{})
		f, err := each(i)
		w.stack[base+i] = item{w.start(i, base, open), w.at(), f}
		i++
		return err
	})
	if err != nil {
		return err
	}
	if open == 0 {
		open = w.at() - 1 // empty: before the bracket that closes
	}
	w.settle(items{open, w.stack[base:]}, done)
	w.stack = w.stack[:base]
	return nil
}

// start finds where element i starts: behind the comma after the one before,
// or the opening bracket, and space.
func (w *rewriter) start(i, base, open int) int {
	at := open
	if i > 0 {
		at = w.stack[base+i-1].to
		at += bytes.IndexByte(w.text[at:], ',') + 1
	}
	for at < len(w.text) && bytes.IndexByte([]byte(" \t\r\n"), w.text[at]) >= 0 {
		at++
	}
	return at
}

// settle applies the outcomes, commas included.
func (w *rewriter) settle(it items, done func(it items)) {
	if done != nil {
		done(it)
	}
	end, kept := it.open, false
	for _, m := range it.list {
		switch {
		case m.outcome == keep && !kept:
			if m.from > it.open && end > it.open {
				w.replace(it.open, m.from, "")
			}
			kept = true
		case m.outcome == cut && kept:
			w.replace(end, m.to, "")
		}
		end = m.to
	}
	if !kept && end > it.open {
		w.replace(it.open, end, "")
	}
}

// result applies the edits. Of two that overlap, the outer one counts.
func (w *rewriter) result() []byte { return w.applied(0, len(w.text), w.edits) }

// applied is text[from:to] with the edits within it.
func (w *rewriter) applied(from, to int, edits []edit) []byte {
	if len(edits) == 0 {
		return w.text[from:to]
	}
	slices.SortStableFunc(edits, func(a, b edit) int {
		inserts := func(e edit) int {
			if e.from == e.to {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(inserts(a), inserts(b)), cmp.Compare(b.to, a.to))
	})
	size := to - from
	for _, e := range edits {
		size += len(e.with)
	}
	out, at := make([]byte, 0, size), from
	for _, e := range edits {
		if e.from < at {
			continue // within an outer edit
		}
		out = append(append(out, w.text[at:e.from]...), e.with...)
		at = e.to
	}
	return append(out, w.text[at:to]...)
}
