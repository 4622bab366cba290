package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// compare reports what of a client's request is missing, changed or invented in
// the Gemini request. It allows the changes that the translation is meant to
// make and no other:
//
//   - empty texts and foreign thoughts go; names of functions are made to fit;
//   - a call without a result gets one that says so, a result without a call
//     becomes text, of two results the last counts;
//   - system text in mid-conversation is marked as a reminder; a reminder
//     beside results moves into the last one;
//   - a model turn at the end becomes a wish of the user where it must;
//   - files that a result cannot hold follow it, with a label;
//   - a first turn of the model gets one of the user before it.
func compare(want, got *said, t target) []string {
	c := &comparison{want: want, got: got, target: t, used: make([]bool, len(got.items)), names: map[string]string{}}
	c.tools()
	c.calls()
	c.texts()
	c.leftover()
	c.files()
	c.limits()
	c.thinking()
	return c.faults
}

type comparison struct {
	want, got *said
	target    target
	used      []bool // of got.items
	names     map[string]string
	faults    []string
}

func (c *comparison) fault(format string, args ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, args...))
}

// short quotes the beginning of a text.
func short(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

var functionName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// renamed checks that got is the name for want, the same each time.
func (c *comparison) renamed(want, got string) bool {
	if functionName.MatchString(want) {
		return want == got
	}
	if known, ok := c.names[want]; ok {
		return known == got
	}
	for _, other := range c.names {
		if other == got {
			return false
		}
	}
	c.names[want] = got
	return functionName.MatchString(got)
}

func (c *comparison) tools() {
	if slices.Sort(c.want.builtins); true {
		slices.Sort(c.got.builtins)
		if w, g := slices.Compact(c.want.builtins), slices.Compact(c.got.builtins); !slices.Equal(w, g) {
			c.fault("built-in tools: want %v, got %v", w, g)
		}
	}
	met := map[string]bool{}
	i := 0
	for _, w := range c.want.tools {
		if met[w.name] {
			continue // declared twice: the first counts
		}
		met[w.name] = true
		if i == len(c.got.tools) {
			c.fault("tool %q is missing", w.name)
			continue
		}
		g := c.got.tools[i]
		i++
		if !c.renamed(w.name, g.name) {
			c.fault("tool %q is called %q", w.name, g.name)
		}
		if !strings.HasPrefix(g.description, w.description) {
			c.fault("tool %q: description %s became %s", w.name, short(w.description), short(g.description))
		}
		c.words("tool "+w.name, w.words, g.words, g.description)
	}
	if i < len(c.got.tools) {
		c.fault("tool %q was invented", c.got.tools[i].name)
	}
}

// words checks that a schema lost no property and no choice. What it lost may
// be in a description.
func (c *comparison) words(where string, want, got map[string]bool, described string) {
	for _, w := range slices.Sorted(maps.Keys(want)) {
		_, word, _ := strings.Cut(w, " ")
		if !got[w] && !strings.Contains(described, word) {
			c.fault("%s: the schema lost %s", where, w)
		}
	}
}

// texts finds every text of the client.
func (c *comparison) texts() {
	from := 0 // index after the last text found in its place
	for _, w := range c.want.items {
		if w.kind != text || w.pieces != nil || w.text == "" {
			continue
		}
		at := c.find(from, func(g item) bool { return g.slot == w.slot && g.text == w.text })
		if at < 0 && !w.injected {
			if at = c.find(0, func(g item) bool { return g.slot == w.slot && g.text == w.text }); at >= 0 {
				c.fault("order: %s text %s stands before one that it followed", w.slot, short(w.text))
			}
		}
		if at >= 0 {
			c.used[at], from = true, at+1
			continue
		}
		if !c.moved(w) {
			c.fault("%s text is lost: %s", w.slot, short(w.text))
		}
	}
	for _, w := range c.want.items {
		if w.kind == text {
			c.pieces(w)
		}
	}
}

// find returns the index of the first unused text from an index on.
func (c *comparison) find(from int, ok func(item) bool) int {
	for i := from; i < len(c.got.items); i++ {
		if g := c.got.items[i]; g.kind == text && !c.used[i] && ok(g) {
			return i
		}
	}
	return -1
}

// moved finds a text that may stand elsewhere or be wrapped.
func (c *comparison) moved(w item) bool {
	if w.injected {
		for i, g := range c.got.items {
			if g.slot == user && (g.kind == result || !c.used[i] && isReminder(g.text) || g.text == w.text) && strings.Contains(g.text, w.text) {
				c.used[i] = c.used[i] || g.kind == text
				return true
			}
		}
	}
	return w.slot == model && !c.target.trailing && c.continued(w.text)
}

// continuation begins the wish that a model turn at the end became.
const continuation = "Continue your previous message, which so far reads:"

func (c *comparison) continued(text string) bool {
	last := c.got.items[len(c.got.items)-1]
	return strings.HasPrefix(last.text, continuation) && strings.Contains(last.text, text)
}

// pieces finds texts that were put in other words, in one text or in several.
func (c *comparison) pieces(w item) {
	for _, p := range w.pieces {
		if strings.TrimSpace(p) == "" {
			continue
		}
		found := false
		for i, g := range c.got.items {
			if (g.slot == w.slot || g.slot == user) && (strings.Contains(g.text, p) || strings.Contains(g.text, quoted(p))) {
				c.used[i], found = c.used[i] || g.kind == text, true
			}
		}
		if !found {
			c.fault("%s text is lost: %s", w.slot, short(p))
		}
	}
}

// quoted is a text as it stands within JSON.
func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always encodes
	return strings.Trim(string(b), `"`)
}

// labels begin the texts that the translation may add.
var labels = []string{
	"(conversation continues)", "[document: ", "[files of tool result ", "[tool result ", continuation,
	"[calls ", "[toolCall] ", "[toolResponse] ", // of the service itself, in words
	"[application/", "[image/", // files that Gemini does not take, as their text
	"[a Word document", "[an Excel workbook", "[a PowerPoint presentation", // or left out
	"[container_upload]", // a file for a container of the original service
}

// leftover finds texts that the client did not write.
func (c *comparison) leftover() {
	for i, g := range c.got.items {
		if g.kind == text && !c.used[i] && strings.TrimSpace(g.text) != "" && !slices.ContainsFunc(labels, func(l string) bool { return strings.HasPrefix(g.text, l) }) {
			c.fault("%s text was invented: %s", g.slot, short(g.text))
		}
	}
}
