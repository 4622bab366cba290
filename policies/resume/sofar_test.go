package resume

import (
	"strings"
	"testing"

	"github.com/heald-proxy/heald/policies/conversation"
)

func said(kind conversation.EventKind, s string) conversation.Event {
	return conversation.Event{Kind: kind, Text: conversation.Quote(s)}
}

func TestSoFar(t *testing.T) {
	var (
		start   = conversation.Event{Kind: conversation.EventStart}
		thought = said(conversation.EventThought, "hm")
		one     = said(conversation.EventText, "one \n\"")
		two     = said(conversation.EventText, "two")
		empty   = said(conversation.EventText, "")
		sign    = conversation.Event{Kind: conversation.EventSignature, Signature: "s"}
		other   = conversation.Event{Kind: conversation.EventText, Candidate: 1, Text: conversation.Quote("x")}
	)
	for _, c := range []struct {
		name   string
		events []conversation.Event
		text   string
		ok     bool
	}{
		{"nothing", nil, "", false},
		{"begun", []conversation.Event{start}, "", false},
		{"text", []conversation.Event{start, one, two}, "one \n\"two", true},
		{"text after a thought", []conversation.Event{start, thought, sign, one, empty, two}, "one \n\"two", true},
		{"text and its signature", []conversation.Event{start, one, sign}, "one \n\"", true},
		{"inside a thought", []conversation.Event{start, thought}, "", false},
		{"a thought after text", []conversation.Event{start, one, thought}, "one \n\"", false},
		{"text on both sides of a thought", []conversation.Event{start, one, thought, two}, "one \n\"two", true},
		{"inside a call", []conversation.Event{start, one, {Kind: conversation.EventCallStart}}, "", false},
		{"text after a call", []conversation.Event{start, {Kind: conversation.EventCallStart}, {Kind: conversation.EventCallEnd}, one}, "", false},
		{"media", []conversation.Event{start, one, {Kind: conversation.EventMedia}}, "", false},
		{"a server's tool", []conversation.Event{start, {Kind: conversation.EventServerCall}, one}, "", false},
		{"several answers", []conversation.Event{start, one, other}, "", false},
		{"256 KiB", []conversation.Event{start, said(conversation.EventText, strings.Repeat("x", 256<<10))}, strings.Repeat("x", 256<<10), true},
		{"one byte more", []conversation.Event{start, said(conversation.EventText, strings.Repeat("x", 256<<10+1))}, "", false},
		{"too long", []conversation.Event{start, said(conversation.EventText, strings.Repeat("x", textLimit)), two}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s SoFar
			for _, ev := range c.events {
				s.Note([]conversation.Event{ev})
			}
			if text, ok := s.Text(), s.EndsInText(); text != c.text || ok != c.ok || s.Size() != len(text) {
				t.Errorf("got %q, %d bytes, %t; want %q, %t", text, s.Size(), ok, c.text, c.ok)
			}
		})
	}
}
