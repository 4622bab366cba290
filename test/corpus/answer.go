package main

import (
	"fmt"
	"slices"
	"strings"
)

// answer is what a reply says, in whatever API's form.
type answer struct {
	texts    []string // pieces of text, in order
	thoughts string
	calls    []reply
	files    []media
	ran      []string // code that the upstream ran, and its output
	finish   finish
	usage    usage
	guessed  bool   // the upstream sent no usage, so the client's is an estimate
	failed   string // what its error says; "" for none
}

// reply is a tool call of an answer.
type reply struct {
	id, name, args string
	loose          bool // the arguments came in pieces that this test does not join
}

func (a *answer) text() string { return strings.Join(a.texts, "") }

func (a *answer) content() bool {
	return a.text() != "" || a.thoughts != "" || len(a.calls)+len(a.files)+len(a.ran) > 0
}

// finish is why an answer ended.
type finish string

const (
	unfinished finish = ""
	stopped    finish = "stopped"
	called     finish = "called"  // stopped, with calls
	length     finish = "length"  // of the answer
	refusing   finish = "refused" // by a filter
	pausing    finish = "pausing"
	malformed  finish = "malformed"
	strange    finish = "strange"
)

// usage counts tokens as OpenAI does: input with what was cached and what
// tools brought, output with thoughts.
type usage struct{ input, cached, output, thoughts int }

// differ reports how a client's answer differs from the upstream's. Some APIs
// have no place for files, so a text replaces them.
func differ(want, got *answer) []string {
	var faults []string
	fault := func(what string, want, got any) {
		faults = append(faults, fmt.Sprintf("%s: want %v, got %v", what, want, got))
	}
	switch {
	case len(want.files)+len(want.ran) > 0:
		rest := got.text()
		for _, t := range want.texts {
			before, after, ok := strings.Cut(rest, t)
			if _ = before; !ok {
				fault("text", short(t), short(rest))
				break
			}
			rest = after
		}
	case want.text() != got.text():
		fault("text", short(want.text()), short(got.text()))
	}
	if want.thoughts != got.thoughts {
		fault("thoughts", short(want.thoughts), short(got.thoughts))
	}
	faults = append(faults, differCalls(want.calls, got.calls)...)
	if want.finish != got.finish {
		fault("finish", want.finish, got.finish)
	}
	switch {
	case want.failed != "":
	case want.guessed && want.content():
		if got.usage.output == 0 && !got.guessed { // native clients get what there is
			fault("usage", "an estimate", got.usage)
		}
	case want.usage != got.usage:
		fault("usage", want.usage, got.usage)
	}
	if (want.failed == "") != (got.failed == "") {
		fault("error", short(want.failed), short(got.failed))
	}
	return faults
}

func differCalls(want, got []reply) []string {
	if len(want) != len(got) {
		return []string{fmt.Sprintf("calls: want %d, got %d", len(want), len(got))}
	}
	var faults []string
	ids := []string{}
	for i, w := range want {
		g := got[i]
		if w.name != g.name || !w.loose && w.args != g.args {
			faults = append(faults, fmt.Sprintf("call %d: want %s(%s), got %s(%s)", i, w.name, short(w.args), g.name, short(g.args)))
		}
		if g.id != "" && slices.Contains(ids, g.id) {
			faults = append(faults, fmt.Sprintf("call %d: id %q is used twice", i, g.id))
		}
		ids = append(ids, g.id)
	}
	return faults
}
