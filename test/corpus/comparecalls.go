package main

import (
	"regexp"
	"slices"
	"sort"
	"strings"
)

// pair is a call and its result.
type pair struct {
	call     item
	answer   item
	answered bool
}

// noResult is what a call without a result is answered with.
const noResult = "tool result missing"

// pairs finds the result of each call, and the results that have none. An id
// counts until the next call of the same id, and the last result wins. Without
// ids results belong to calls in their order; a result with one belongs to a call
// of its name without.
func pairs(items []item) (out []pair, orphans []item) {
	open := map[string]int{} // by id: index into out
	queue := []int{}         // calls without id
	for _, i := range items {
		switch i.kind {
		case call:
			if i.id == "" {
				queue = append(queue, len(out))
			} else {
				open[i.id] = len(out)
			}
			out = append(out, pair{call: i})
		case result:
			n, ok := open[i.id]
			if i.id == "" && len(queue) > 0 {
				n, queue, ok = queue[0], queue[1:], true
			}
			if !ok { // its call may have lost the id
				at := slices.IndexFunc(queue, func(q int) bool { return out[q].call.name == i.name })
				if ok = at >= 0; ok {
					n, queue = queue[at], slices.Delete(queue, at, at+1)
				}
			}
			if !ok {
				orphans = append(orphans, i)
				continue
			}
			out[n].answer, out[n].answered = i, true
		}
	}
	return out, orphans
}

// calls compares calls, in order, each with its result.
func (c *comparison) calls() {
	want, orphans := pairs(c.want.items)
	got, _ := pairs(c.got.items)
	if len(want) != len(got) {
		c.fault("calls: want %d, got %d", len(want), len(got))
		return
	}
	for i, w := range want {
		g := got[i]
		if !c.renamed(w.call.name, g.call.name) {
			c.fault("call %d: %q became %q", i, w.call.name, g.call.name)
		}
		if w.call.text != g.call.text {
			c.fault("call %d (%s): arguments %s became %s", i, w.call.name, short(w.call.text), short(g.call.text))
		}
		c.answer(i, w, g)
	}
	for _, o := range orphans {
		o.kind = text
		if o.pieces == nil {
			o.pieces = []string{o.text}
		}
		c.pieces(o)
	}
}

func (c *comparison) answer(i int, w, g pair) {
	switch {
	case !g.answered:
		c.fault("call %d (%s): has no answer", i, w.call.name)
	case !w.answered && (!g.answer.failed || g.answer.text != noResult):
		c.fault("call %d (%s): the answer %s was invented", i, w.call.name, short(g.answer.text))
	case !w.answered:
	case w.answer.failed != g.answer.failed:
		c.fault("call %d (%s): failed is %t, was %t", i, w.call.name, g.answer.failed, w.answer.failed)
	case w.answer.pieces != nil:
		for _, p := range w.answer.pieces {
			if !strings.Contains(g.answer.text, p) {
				c.fault("call %d (%s): the result lost %s", i, w.call.name, short(p))
			}
		}
	default:
		rest, ok := strings.CutPrefix(g.answer.text, w.answer.text)
		if !ok {
			c.fault("call %d (%s): result %s became %s", i, w.call.name, short(w.answer.text), short(g.answer.text))
		}
		c.appended(i, w, rest)
	}
}

// appended checks that what follows a result is text that was injected.
func (c *comparison) appended(i int, w pair, rest string) {
	for rest != "" {
		rest = strings.TrimPrefix(rest, "\n\n")
		cut := false
		for _, it := range c.want.items {
			if !it.injected || it.text == "" {
				continue
			}
			for _, form := range []string{it.text, "<system-reminder>\n" + it.text + "\n</system-reminder>"} {
				if after, ok := strings.CutPrefix(rest, form); ok && !cut {
					rest, cut = after, true
				}
			}
		}
		if keptFile.MatchString(rest) {
			return
		}
		if !cut {
			c.fault("call %d (%s): %s was added to the result", i, w.call.name, short(rest))
			return
		}
	}
}

// files compares all files, wherever they stand.
func (c *comparison) files() {
	want, got := allMedia(c.want.items), allMedia(c.got.items)
	for _, m := range want {
		i := slices.Index(got, m)
		if i < 0 { // a picture that was declared wrongly is set right
			i = slices.IndexFunc(got, func(g media) bool { return g.data == m.data && picture(g.mime) && picture(m.mime) })
		}
		if i < 0 && c.inWords(m) {
			continue
		}
		if i < 0 {
			c.fault("file %s %s is lost", m.mime, short(m.data))
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	for _, m := range got {
		c.fault("file %s %s was invented", m.mime, short(m.data))
	}
}

// picture reports whether Gemini takes pictures of a type.
func picture(mime string) bool {
	return mime == "image/png" || mime == "image/jpeg" || mime == "image/webp"
}

// inWords reports whether a text may replace a file: one of a type that Gemini
// does not take, or one that the original service keeps and a result names.
func (c *comparison) inWords(m media) bool {
	return slices.ContainsFunc(c.got.items, func(g item) bool {
		if m == (media{}) {
			return keptFile.MatchString(g.text)
		}
		return strings.HasPrefix(g.text, "["+m.mime) || strings.HasPrefix(m.mime, "application/vnd.") && officeLine.MatchString(g.text)
	})
}

var (
	// keptFile is a part that names a file of the original service, as JSON.
	keptFile   = regexp.MustCompile(`^\{[^{}]*"file_id":[^{}]*\}$`)
	officeLine = regexp.MustCompile(`^\[an? (Word document|Excel workbook|PowerPoint presentation)\b.*: left out, `)
)

func allMedia(items []item) []media {
	var out []media
	for _, i := range items {
		out = append(out, i.media...)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].mime+out[i].data < out[j].mime+out[j].data })
	return out
}

// limits compares settings, as far as the target knows them.
func (c *comparison) limits() {
	w, g := c.want.limits, c.got.limits
	if n := min(w.maxTokens, outputLimit); n > 0 && g.maxTokens != n {
		c.fault("max tokens: want %d, got %d", n, g.maxTokens)
	}
	if c.target.sampling {
		c.number("temperature", w.temperature, g.temperature, 2)
		c.number("top_p", w.topP, g.topP, 1)
		c.number("top_k", w.topK, g.topK, 1e9)
	}
	if n := min(len(w.stop), 5); !slices.Equal(w.stop[:n], g.stop) {
		c.fault("stop sequences: want %q, got %q", w.stop, g.stop)
	}
	if w.json != g.json {
		c.fault("JSON output: want %t, got %t", w.json, g.json)
	}
	c.words("answer", w.words, g.words, "")
	c.choice(w.choice, g.choice)
}

func (c *comparison) number(name string, want, got *float64, most float64) {
	switch {
	case want == nil && got == nil:
	case want == nil || got == nil || min(*want, most) != *got:
		c.fault("%s: want %v, got %v", name, show(want), show(got))
	}
}

func show(f *float64) any {
	if f == nil {
		return "none"
	}
	return *f
}

// choice compares tool choices. Automatic choice is what no choice means, and
// without tools there is nothing to choose.
func (c *comparison) choice(want, got string) {
	if name, ok := strings.CutPrefix(want, "named:"); ok {
		if made := c.names[name]; made != "" {
			want = "named:" + made
		}
	}
	for _, p := range []*string{&want, &got} {
		if *p == "auto" {
			*p = ""
		}
	}
	if want != got && len(c.want.tools) > 0 {
		c.fault("tool choice: want %q, got %q", want, got)
	}
}
