package main

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// said is the content of a request, for any API.
type said struct {
	items  []item
	tools  []tool
	limits limits
	// mayRefuse are the things it asks for that have no equivalent at Gemini
	// or that a gateway without state cannot do: with one of them a refusal
	// is right.
	mayRefuse []string
	builtins  []string // tools of the upstream: search, fetch, code
}

func (s *said) add(i item) { s.items = append(s.items, i) }

func (s *said) refusable(why string) { s.mayRefuse = append(s.mayRefuse, why) }

// settle applies the rules for a complete conversation: system text with
// nothing after it is the user's, and a conversation without content is not
// sent.
func (s *said) settle() {
	empty, alone := true, !spoken(s.items)
	for i := range s.items {
		it := &s.items[i]
		if alone {
			it.slot = user
		}
		empty = empty && it.text == "" && it.pieces == nil && it.media == nil
	}
	if empty {
		s.refusable("nothing is said")
	}
}

func spoken(items []item) bool {
	return slices.ContainsFunc(items, func(i item) bool { return i.slot != system })
}

// slot is the speaker of an item.
type slot string

const (
	system slot = "system"
	user   slot = "user"
	model  slot = "model"
)

// kind is the kind of an item.
type kind uint8

const (
	text   kind = iota // text, or pieces
	call               // id, name, text: the arguments, canonical
	result             // id, name, text, failed, media
	file               // media[0]
)

// item is one piece of content, in order.
type item struct {
	slot slot
	kind kind
	text string
	// pieces must all occur in the text, in any wording: server tool results,
	// documents with a heading. Set instead of text.
	pieces []string
	// injected text is not from its slot's speaker: system text within the
	// conversation, or a reminder that a client put beside results.
	injected bool

	id, name string
	failed   bool
	media    []media
}

// media is a file: its type, and its base64 or address.
type media struct{ mime, data string }

// newMedia makes the media of base64 data, whatever line breaks it has.
func newMedia(mime, data string) media {
	data = strings.Join(strings.Fields(data), "")
	sum := sha256.Sum256([]byte(data))
	mime, _, _ = strings.Cut(strings.ToLower(mime), ";")
	return media{mime, hex.EncodeToString(sum[:8])}
}

// dataURL splits a data: address; ok is false for any other.
func dataURL(s string) (m media, ok bool) {
	rest, ok := strings.CutPrefix(s, "data:")
	head, data, comma := strings.Cut(rest, ",")
	if !ok || !comma {
		return media{}, false
	}
	return newMedia(head, data), true
}

// tool is a declared function.
type tool struct {
	name, description string
	// words are the property names and string choices of the schema.
	words map[string]bool
}

// limits are settings; nil or "" means not set.
type limits struct {
	maxTokens         int // 0: not set
	temperature, topP *float64
	topK              *float64
	seed              *float64
	stop              []string
	think             string // a level, none, "budget N", or "" for the model's own choice
	choice            string // auto, any, none, named:NAME, or ""
	json              bool   // the answer shall be JSON
	words             map[string]bool
}

func float(v value) *float64 {
	f, ok := v.number()
	if !ok {
		return nil
	}
	return &f
}
