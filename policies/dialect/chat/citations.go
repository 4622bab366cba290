package chat

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// citations turns sources into annotations. The upstream counts bytes of the
// answer's text, this API characters of the message's content, which holds
// more: code that was run, for one. So the text is kept, but only if a search
// was asked for.
type citations struct {
	on      bool
	answer  []byte // the answer's text, unescaped
	inserts []insertion
}

// insertion is content that is not part of the upstream's answer text.
type insertion struct {
	at    int // in bytes of the answer
	chars int
}

func (c *citations) text(t conversation.Text) {
	if c.on {
		c.answer, _ = jsontext.AppendUnquote(c.answer, t)
	}
}

func (c *citations) insert(t conversation.Text) {
	if c.on {
		c.inserts = append(c.inserts, insertion{len(c.answer), utf8.RuneCountInString(t.String())})
	}
}

// annotations returns the elements of the annotations array.
func (c *citations) annotations(s *conversation.Sources) []byte {
	if s == nil {
		return nil
	}
	var list []byte
	cited := false
	chars := c.characters(s.Cited)
	for i, cite := range s.Cited {
		for _, page := range cite.Pages {
			if c.on && page >= 0 && page < len(s.Pages) {
				list = appendAnnotation(list, s.Pages[page], chars[2*i], chars[2*i+1])
				cited = true
			}
		}
	}
	if cited {
		return list
	}
	for _, p := range s.Pages { // it cites the answer as a whole
		list = appendAnnotation(list, p, 0, 0)
	}
	return list
}

// characters returns the places of start and end of each citation in the
// content. They are found in one pass over the text.
func (c *citations) characters(cited []conversation.Cited) []int {
	places := make([]int, 2*len(cited))
	order := make([]int, len(places))
	for i := range order {
		order[i] = i
	}
	offset := func(i int) int {
		cite := &cited[i/2]
		if i%2 == 0 {
			return min(max(cite.Start, 0), len(c.answer))
		}
		return min(max(cite.End, cite.Start, 0), len(c.answer))
	}
	slices.SortFunc(order, func(a, b int) int {
		// Ends before starts: text that was inserted at this offset is between the
		// two.
		return cmp.Or(cmp.Compare(offset(a), offset(b)), cmp.Compare(b%2, a%2))
	})
	at, chars := 0, 0
	inserts := c.inserts // in the order of the text, too
	for _, i := range order {
		chars += utf8.RuneCount(c.answer[at:offset(i)])
		at = offset(i)
		for start := i%2 == 0; len(inserts) > 0 && (inserts[0].at < at || inserts[0].at == at && start); inserts = inserts[1:] {
			chars += inserts[0].chars
		}
		places[i] = chars
	}
	return places
}

func appendAnnotation(list []byte, p conversation.Page, start, end int) []byte {
	if len(list) > 0 {
		list = append(list, ',')
	}
	list = appendInt(append(list, `{"type":"url_citation","url_citation":{"start_index":`...), start)
	list = appendInt(append(list, `,"end_index":`...), end)
	list = jsonwalk.AppendString(append(list, `,"url":`...), p.URL)
	list = jsonwalk.AppendString(append(list, `,"title":`...), p.Title)
	return append(list, `}}`...)
}
