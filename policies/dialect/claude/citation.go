package claude

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/dialect/internal/jsonwalk"
)

// maxCited is how many characters of the text a citation repeats, as at the
// original service.
const maxCited = 150

// textLength is how many bytes of UTF-8 a text has, unescaped.
func (m *machine) textLength(t conversation.Text) int {
	inner := t.Inner()
	if bytes.IndexByte(inner, '\\') < 0 {
		return len(inner)
	}
	m.plain, _ = jsontext.AppendUnquote(m.plain[:0], t)
	return len(m.plain)
}

// onSources writes the upstream's searches: a call for each query, and the
// pages as the result of the last. They come after the text that used them:
// holding the text back would be worse.
func (m *machine) onSources(dst []byte, s *conversation.Sources) []byte {
	if s == nil {
		return dst
	}
	dst = m.cite(dst, s)
	found := s.Found()
	if len(s.Queries)+len(found) == 0 {
		return dst
	}
	m.searches += max(len(s.Queries), 1)
	for i, q := range s.Queries {
		if i > 0 {
			dst = m.serverResult(dst, "web_search_tool_result", []byte("[]"))
		}
		dst = m.serverCall(dst, "web_search", append(jsonwalk.AppendString([]byte(`{"query":`), q), '}'), "")
	}
	pages := []byte{'['}
	for i, p := range found {
		if i > 0 {
			pages = append(pages, ',')
		}
		pages = appendPage(pages, p, "", "")
	}
	return m.serverResult(dst, "web_search_tool_result", append(pages, ']'))
}

// cite ties the open text block to pages. Sources come when the answer is
// complete, so its last text is still open, and deltas are added to it; a block
// that was closed takes no more of them.
func (m *machine) cite(dst []byte, s *conversation.Sources) []byte {
	if m.state != inText {
		return dst
	}
	for _, c := range s.Cited {
		if c.Start < m.from || c.Start >= min(c.End, m.said) {
			continue // in another block, or behind a stop sequence
		}
		for _, page := range c.Pages {
			if page >= 0 && page < len(s.Pages) {
				dst = m.sink.cite(dst, appendCitation(nil, s.Pages[page], c.Text))
			}
		}
	}
	return dst
}

// appendCitation writes a citation. The original service quotes the page, whose
// text the upstream does not send; the piece of the answer stands in for it, so
// that a client can find it in the block. Nothing is encrypted.
func appendCitation(dst []byte, p conversation.Page, text string) []byte {
	dst = jsonwalk.AppendString(append(dst, `{"type":"web_search_result_location","cited_text":`...), firstRunes(text, maxCited))
	dst = jsonwalk.AppendString(append(dst, `,"url":`...), p.URL)
	// Vercel's AI SDK fails on a title that is null.
	dst = jsonwalk.AppendString(append(dst, `,"title":`...), p.Title)
	return append(dst, `,"encrypted_index":""}`...)
}

// firstRunes returns at most so many characters of text.
func firstRunes(text string, most int) string {
	for i := range text {
		if most == 0 {
			return text[:i]
		}
		most--
	}
	return text
}
