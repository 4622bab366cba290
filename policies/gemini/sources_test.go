package gemini

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/heald-proxy/heald/policies/conversation"
)

// sourcesOf decodes payloads and returns the sources.
func sourcesOf(t *testing.T, d *Decoder, payloads ...string) *conversation.Sources {
	t.Helper()
	var out *conversation.Sources
	take := func(events []conversation.Event) {
		for i, ev := range events {
			if ev.Kind == conversation.EventSources {
				if out != nil || i+1 < len(events) && events[i+1].Kind != conversation.EventFinish {
					t.Error("sources come once, right before the finish")
				}
				out = ev.Sources
			}
		}
	}
	for _, p := range payloads {
		events, _, err := d.Frame(nil, []byte(p))
		if err != nil {
			t.Fatal(err)
		}
		take(events)
	}
	take(d.End(nil))
	return out
}

func grounded(members string) string {
	return `{"candidates":[{"groundingMetadata":{` + members + `},"finishReason":"STOP"}]}`
}

const twoPages = `"groundingChunks":[{"web":{"uri":"https://a","title":"A"}},{"web":{"uri":"https://b","title":"B"}}]`

func supports(segments ...string) string {
	var list []string
	for _, s := range segments {
		list = append(list, `{"segment":{`+s+`},"groundingChunkIndices":[0]}`)
	}
	return `"groundingSupports":[` + strings.Join(list, ",") + `]`
}

func TestSources(t *testing.T) {
	a, b := conversation.Page{URL: "https://a", Title: "A"}, conversation.Page{URL: "https://b", Title: "B"}
	for _, c := range []struct {
		name string
		in   []string
		want *conversation.Sources
	}{
		{"none", []string{parts(`{"text":"a"}`), grounded(``)}, nil},
		{"queries only", []string{grounded(`"webSearchQueries":["x","x","y",""]`)}, &conversation.Sources{Queries: []string{"x", "y"}}},
		{"cited over two frames", []string{parts(`{"text":"Grü"}`), parts(`{"text":"ße. Yes"}`), grounded(twoPages + `,"groundingSupports":[{"segment":{"startIndex":0,"endIndex":7,"text":"Grüße"},"groundingChunkIndices":[0,1,7,-1,0]}]`)},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{End: 7, Text: "Grüße", Pages: []int{0, 1}}}}},
		{"in the second part", []string{parts(`{"text":"one"},{"text":"two"}`), grounded(twoPages + "," + supports(`"partIndex":1,"endIndex":3,"text":"two"`))},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{Start: 3, End: 6, Text: "two", Pages: []int{0}}}}},
		{"in the second part, untold", []string{parts(`{"text":"one"},{"text":"two"}`), grounded(twoPages + "," + supports(`"partIndex":1,"endIndex":3`))},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{Start: 3, End: 6, Text: "two", Pages: []int{0}}}}},
		{"after code, counted from the text", []string{parts(`{"executableCode":{}}`), parts(`{"text":"on"}`), parts(`{"text":"e two"}`), grounded(twoPages + "," + supports(`"startIndex":4,"endIndex":7,"text":"two"`))},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{Start: 4, End: 7, Text: "two", Pages: []int{0}}}}},
		{"after a thought, counted by part", []string{parts(`{"text":"hm","thought":true},{"text":"one"}`), grounded(twoPages + "," + supports(`"partIndex":1,"endIndex":3`))},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{End: 3, Text: "one", Pages: []int{0}}}}},
		{"offsets that are wrong", []string{parts(`{"text":"one two"}`), grounded(twoPages + "," + supports(`"startIndex":1,"endIndex":4,"text":"two"`))},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{Start: 4, End: 7, Text: "two", Pages: []int{0}}}}},
		{"not in the text", []string{parts(`{"text":"é"}`), grounded(twoPages + "," + supports(`"endIndex":3,"text":"two"`, `"endIndex":1`, `"startIndex":2,"endIndex":9`, `"startIndex":-1,"endIndex":1`))},
			&conversation.Sources{Pages: []conversation.Page{a, b}}},
		{"overlaps are trimmed", []string{parts(`{"text":"0123456789"}`), grounded(twoPages + `,"groundingSupports":[
			{"segment":{"startIndex":3,"endIndex":8},"groundingChunkIndices":[1]},{"segment":{"endIndex":5},"groundingChunkIndices":[0]},{"segment":{"startIndex":4,"endIndex":7},"groundingChunkIndices":[0]}]`)},
			&conversation.Sources{Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{End: 5, Text: "01234", Pages: []int{0}}, {Start: 5, End: 8, Text: "567", Pages: []int{0, 1}}}}},
		{"other chunks", []string{grounded(`"groundingChunks":[{},{"maps":{"uri":"https://m","title":"M","placeId":"x"}},{"retrievedContext":{"title":"T","text":"long"}},{"retrievedContext":{"text":"x"}},null]`)},
			&conversation.Sources{Pages: []conversation.Page{{URL: "https://m", Title: "M"}, {Title: "T"}}}},
		{"told twice", []string{parts(`{"text":"one"}`), grounded(`"webSearchQueries":["x"],` + twoPages + "," + supports(`"endIndex":3`)), grounded(`"webSearchQueries":["x"],` + twoPages + "," + supports(`"endIndex":3`))},
			&conversation.Sources{Queries: []string{"x"}, Pages: []conversation.Page{a, b}, Cited: []conversation.Cited{{End: 3, Text: "one", Pages: []int{0}}}}},
		{"told in pieces", []string{grounded(`"groundingChunks":[{"web":{"uri":"https://b","title":"B"}}]`), grounded(twoPages)}, &conversation.Sources{Pages: []conversation.Page{b, a}}},
		{"fetched pages", []string{`{"candidates":[{"urlContextMetadata":{"urlMetadata":[{"retrievedUrl":"https://x","urlRetrievalStatus":"URL_RETRIEVAL_STATUS_ERROR"},{"retrievedUrl":"https://a","urlRetrievalStatus":"URL_RETRIEVAL_STATUS_SUCCESS"},{"retrievedUrl":"https://c"}]}}]}`, grounded(twoPages)},
			&conversation.Sources{Pages: []conversation.Page{a, b, {URL: "https://c"}}}},
		{"recited", []string{parts(`{"text":"Grüße von"}`), `{"candidates":[{"citationMetadata":{"citationSources":[{"startIndex":0,"endIndex":7,"uri":"https://a","license":"mit"},{"startIndex":3,"endIndex":99,"uri":"https://b"},{"endIndex":7}]},"groundingMetadata":{` + twoPages + "," + supports(`"startIndex":8,"endIndex":11`) + `},"finishReason":"STOP"}]}`},
			&conversation.Sources{Pages: []conversation.Page{a, b, {URL: "https://a", Recited: true}, {URL: "https://b", Recited: true}}, Cited: []conversation.Cited{{End: 7, Text: "Grüße", Pages: []int{2}}, {Start: 8, End: 11, Text: "von", Pages: []int{0}}}}},
		{"recited at Vertex AI, in snake case", []string{parts(`{"text":"one"}`), `{"candidates":[{"citation_metadata":{"citations":[{"start_index":0,"end_index":3,"title":"Book","uri":""}]}}]}`},
			&conversation.Sources{Pages: []conversation.Page{{Title: "Book", Recited: true}}, Cited: []conversation.Cited{{End: 3, Text: "one", Pages: []int{0}}}}},
		{"snake case", []string{`{"candidates":[{"content":{"parts":[{"text":"one"}]},"finish_reason":"STOP","grounding_metadata":{"web_search_queries":["x"],"grounding_chunks":[{"web":{"uri":"https://a","title":"A"}}],"grounding_supports":[{"segment":{"start_index":0,"end_index":3},"grounding_chunk_indices":[0]}]},"url_context_metadata":{"url_metadata":[{"retrieved_url":"https://c","url_retrieval_status":1}]}}]}`},
			&conversation.Sources{Queries: []string{"x"}, Pages: []conversation.Page{a, {URL: "https://c"}}, Cited: []conversation.Cited{{End: 3, Text: "one", Pages: []int{0}}}}},
	} {
		if diff := cmp.Diff(c.want, sourcesOf(t, NewDecoder(nil), c.in...)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, diff)
		}
	}
}

// Without the answer's text nothing is tied to it.
func TestSourcesWithoutCitations(t *testing.T) {
	got := sourcesOf(t, NewDecoderOf(Expect{}), parts(`{"text":"one"}`), grounded(twoPages+","+supports(`"endIndex":3`)))
	if got == nil || len(got.Pages) != 2 || got.Cited != nil {
		t.Errorf("got %v", got)
	}
}

// soundSources reports what must hold of sources whatever the upstream says.
func soundSources(s *conversation.Sources, text string) bool {
	at := 0
	for _, c := range s.Cited {
		if c.Start < at || c.End <= c.Start || c.End > len(text) || text[c.Start:c.End] != c.Text || len(c.Pages) == 0 {
			return false
		}
		if slices.ContainsFunc(c.Pages, func(p int) bool { return p < 0 || p >= len(s.Pages) }) {
			return false
		}
		at = c.End
	}
	return len(s.Queries)+len(s.Pages) > 0
}

// All that was recorded of sources arrives: every query, every page that has an
// address, and every support that has one is tied to the text.
func TestSourcesRecorded(t *testing.T) {
	seen := 0
	check := func(r row, events []conversation.Event, body string) {
		if !strings.Contains(body, `"groundingSupports"`) {
			return
		}
		seen++
		text := ""
		var got *conversation.Sources
		for _, ev := range events {
			switch ev.Kind {
			case conversation.EventText:
				text += ev.Text.String()
			case conversation.EventSources:
				got = ev.Sources
			}
		}
		for _, key := range []string{"uri", "retrievedUrl"} {
			for _, url := range stringsOf(t, body, key) {
				if got == nil || !slices.ContainsFunc(got.Pages, func(p conversation.Page) bool { return p.URL == url }) && !strings.Contains(body, "STATUS_ERROR") {
					t.Errorf("%s: page %s is lost", r.ID, url)
				}
			}
		}
		if got == nil {
			return
		}
		if !soundSources(got, text) {
			t.Errorf("%s: not sound: %+v", r.ID, got)
		}
		if len(got.Pages) > 0 && len(got.Cited) == 0 && strings.Contains(body, `"web"`) {
			t.Errorf("%s: nothing is cited", r.ID)
		}
	}
	for _, r := range recorded(t, "gemini_stream_responses") {
		_, events := fold(t, r.Body, len(r.Body)+1, true)
		check(r, events, r.Body)
	}
	for _, r := range recorded(t, "gemini_unary_responses") {
		_, events := fold(t, r.Body, 0, false)
		check(r, events, r.Body)
	}
	if seen < 15 {
		t.Errorf("only %d answers with sources", seen)
	}
}

// stringsOf returns the strings that a member has anywhere in a body.
func stringsOf(t *testing.T, body, key string) (out []string) {
	t.Helper()
	for _, at := range strings.Split(body, `"`+key+`":`)[1:] {
		var s string
		if err := json.NewDecoder(strings.NewReader(at)).Decode(&s); err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

func TestSourcesAreBounded(t *testing.T) {
	chunks := strings.Repeat(`{"web":{"uri":"u"}},`, 3*maxPages)
	many := strings.Repeat(`{"segment":{"endIndex":1},"groundingChunkIndices":[`+strings.Repeat("0,", 2*maxCited)+`0]},`, maxSupports+10)
	d := NewDecoder(nil)
	for range 3 {
		if _, _, err := d.Frame(nil, []byte(grounded(`"groundingChunks":[`+chunks+`{}],"groundingSupports":[`+many+`{}]`))); err != nil {
			t.Fatal(err)
		}
	}
	g := d.first().grounding
	if len(g.pages) != 1 || len(g.supports) != maxSupports || !reflect.DeepEqual(g.supports[0].chunks, []int{0}) {
		t.Errorf("%d pages, %d supports, %v", len(g.pages), len(g.supports), g.supports[0].chunks)
	}
}

// A request without sources gets no recitations.
func TestRecitedUnasked(t *testing.T) {
	payload := `{"candidates":[{"content":{"parts":[{"text":"one"}]},"citationMetadata":{"citations":[{"endIndex":3,"uri":"https://a"}]}}]}`
	if got := sourcesOf(t, NewDecoderOf(Expect{}), payload); got != nil {
		t.Errorf("got %+v", got)
	}
	if got := sourcesOf(t, NewDecoderOf(Expect{Citations: true}), payload); got == nil || len(got.Cited) != 1 {
		t.Errorf("asked for, got %+v", got)
	}
}

// Each citation repeats its page, so long addresses bound their number.
func TestCitationsFit(t *testing.T) {
	pages := []conversation.Page{{URL: strings.Repeat("a", maxCitedBytes/3)}}
	cited := make([]conversation.Cited, 5)
	for i := range cited {
		cited[i].Pages = []int{0}
	}
	if got := len(fitting(cited, pages)); got != 2 {
		t.Errorf("%d citations, want 2", got)
	}
	if got := len(fitting(cited, []conversation.Page{{URL: "https://a"}})); got != len(cited) {
		t.Errorf("%d of short addresses", got)
	}
}
