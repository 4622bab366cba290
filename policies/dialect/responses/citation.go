package responses

import (
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// citations places annotations. The upstream's offsets are in bytes of the
// whole answer's text, this API's in characters of one message. So the length
// of earlier messages is kept, but only if a search was requested.
type citations struct {
	on      bool
	before  int    // bytes of the messages that are complete
	foreign bool   // the open message is not of the answer's text
	list    []byte // annotations of the open message, comma-separated
	count   int
}

// next is called with the text of a message that is complete, a JSON string.
func (c *citations) next(text []byte) {
	if c.on && !c.foreign {
		plain, _ := jsontext.AppendUnquote(nil, text)
		c.before += len(plain)
	}
	c.foreign, c.list, c.count = false, c.list[:0], 0
}

// onSources annotates the open message, then writes the search, which the
// upstream reports only after the text that used it.
func (m *machine) onSources(dst []byte, s *conversation.Sources) []byte {
	if s == nil {
		return dst
	}
	if m.state == inText && m.cites.on {
		dst = m.annotate(dst, s)
	}
	found := s.Found()
	if m.told || len(s.Queries)+len(found) == 0 {
		return dst
	}
	var queries []conversation.Text
	for _, q := range s.Queries {
		queries = append(queries, conversation.Quote(q))
	}
	return m.search(dst, searchAction(queries, found))
}

func (m *machine) annotate(dst []byte, s *conversation.Sources) []byte {
	plain, _ := jsontext.AppendUnquote(nil, append(append([]byte{'"'}, m.text...), '"'))
	at, chars := 0, 0 // how many characters there are before an offset
	for _, cite := range s.Cited {
		start, end := cite.Start-m.cites.before, cite.End-m.cites.before
		if start < 0 || end <= start || end > len(plain) {
			continue // in another message
		}
		if start < at {
			at, chars = 0, 0 // citations come in the order of the text
		}
		chars += utf8.RuneCount(plain[at:start])
		at = start
		from := chars
		to := from + utf8.RuneCount(plain[start:end])
		for _, page := range cite.Pages {
			if page >= 0 && page < len(s.Pages) {
				dst = m.cite(dst, s.Pages[page], from, to)
			}
		}
	}
	if m.cites.count == 0 { // they cite the answer as a whole
		for _, p := range s.Pages {
			dst = m.cite(dst, p, 0, 0)
		}
	}
	return dst
}

func (m *machine) cite(dst []byte, p conversation.Page, from, to int) []byte {
	b := jsonwalk.AppendString([]byte(`{"type":"url_citation","url":`), p.URL)
	b = jsonwalk.AppendString(append(b, `,"title":`...), p.Title)
	b = strconv.AppendInt(append(b, `,"start_index":`...), int64(from), 10)
	b = append(strconv.AppendInt(append(b, `,"end_index":`...), int64(to), 10), '}')
	c := &m.cites
	if c.count > 0 {
		c.list = append(c.list, ',')
	}
	c.list = append(c.list, b...)
	number := strconv.AppendInt([]byte(`,"annotation_index":`), int64(c.count), 10)
	c.count++
	return m.sink.part(dst, "response.output_text.annotation.added", m.at(firstContent), number, []byte(`,"annotation":`), b)
}
