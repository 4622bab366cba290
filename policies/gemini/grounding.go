package gemini

import (
	"slices"

	"github.com/heald-proxy/heald/policies/conversation"
)

// Limits on what is kept of an answer's sources. Recorded answers have up to
// 20 pages.
const (
	maxQueries  = 128
	maxPages    = 1024
	maxSupports = 1024
	maxCited    = 64 // pages of one support
)

// groundingFrame is what one frame says of the sources of an answer:
// groundingMetadata, urlContextMetadata and citationMetadata.
type groundingFrame struct {
	queries  []string
	chunks   []conversation.Page // a page without address and title is skipped
	supports []support
	fetched  []string // addresses that were read
	recited  []recitation
}

// recitation is a piece of the answer that repeats a published text.
type recitation struct {
	support
	page conversation.Page
}

// support links a piece of the answer to chunks.
type support struct {
	// part is the index of the part in the content; start and end are offsets
	// in it, in bytes.
	part, start, end int
	text             string
	chunks           []int
}

func (g *groundingFrame) read(w *walker) error {
	return w.object(func(name []byte) error {
		switch string(name) {
		case "webSearchQueries", "web_search_queries":
			return w.array(func() error {
				var query string
				err := w.string(&query)
				if query != "" && len(g.queries) < maxQueries {
					g.queries = append(g.queries, query)
				}
				return err
			})
		case "groundingChunks", "grounding_chunks":
			return w.array(func() error {
				page, err := readChunk(w)
				if len(g.chunks) < maxPages {
					g.chunks = append(g.chunks, page)
				}
				return err
			})
		case "groundingSupports", "grounding_supports":
			return w.array(func() error {
				var s support
				err := s.read(w)
				if len(g.supports) < maxSupports {
					g.supports = append(g.supports, s)
				}
				return err
			})
		}
		return w.skip()
	})
}

// readChunk reads a chunk of any kind: web, maps, retrievedContext, image.
func readChunk(w *walker) (conversation.Page, error) {
	var page conversation.Page
	err := w.object(func([]byte) error {
		return w.object(func(name []byte) error {
			switch string(name) {
			case "uri", "sourceUri", "source_uri":
				return w.string(&page.URL)
			case "title":
				return w.string(&page.Title)
			}
			return w.skip()
		})
	})
	return page, err
}

func (s *support) read(w *walker) error {
	return w.object(func(name []byte) error {
		switch string(name) {
		case "segment":
			return w.object(func(name []byte) error {
				switch string(name) {
				case "partIndex", "part_index":
					return w.int(&s.part)
				case "startIndex", "start_index":
					return w.int(&s.start)
				case "endIndex", "end_index":
					return w.int(&s.end)
				case "text":
					return w.string(&s.text)
				}
				return w.skip()
			})
		case "groundingChunkIndices", "grounding_chunk_indices":
			return w.array(func() error {
				index := -1
				err := w.int(&index)
				if len(s.chunks) < maxCited {
					s.chunks = append(s.chunks, index)
				}
				return err
			})
		}
		return w.skip()
	})
}

// readFetched reads a urlContextMetadata: the pages that the upstream fetched
// because they were named to it.
func (g *groundingFrame) readFetched(w *walker) error {
	return w.object(func(name []byte) error {
		if s := string(name); s != "urlMetadata" && s != "url_metadata" {
			return w.skip()
		}
		return w.array(func() error {
			var url, status string
			err := w.object(func(name []byte) error {
				switch string(name) {
				case "retrievedUrl", "retrieved_url":
					return w.string(&url)
				case "urlRetrievalStatus", "url_retrieval_status":
					return w.scalar(&status)
				}
				return w.skip()
			})
			if url != "" && fetchedWell(status) && len(g.fetched) < maxPages {
				g.fetched = append(g.fetched, url)
			}
			return err
		})
	})
}

// readCitations reads a citationMetadata. The two APIs name its list
// differently.
func (g *groundingFrame) readCitations(w *walker) error {
	return w.object(func(name []byte) error {
		switch string(name) {
		case "citationSources", "citation_sources", "citations":
		default:
			return w.skip()
		}
		return w.array(func() error {
			r := recitation{page: conversation.Page{Recited: true}}
			err := w.object(func(name []byte) error {
				switch string(name) {
				case "startIndex", "start_index":
					return w.int(&r.start)
				case "endIndex", "end_index":
					return w.int(&r.end)
				case "uri":
					return w.string(&r.page.URL)
				case "title":
					return w.string(&r.page.Title)
				}
				return w.skip()
			})
			if len(g.recited) < maxSupports && (r.page.URL != "" || r.page.Title != "") {
				g.recited = append(g.recited, r)
			}
			return err
		})
	})
}

// fetchedWell reports whether a page was read; its status may be a number.
func fetchedWell(status string) bool {
	return status == "" || status == "URL_RETRIEVAL_STATUS_SUCCESS" || status == "1"
}

// grounding is what all frames said. Most streams have it all in the last
// frame; pieces and repetitions are merged.
type grounding struct {
	queries  []string
	pages    []conversation.Page
	index    map[conversation.Page]int
	supports []support // chunks are indexes into pages
	fetched  []string
	seen     map[string]bool // of fetched
}

func (g *grounding) add(f *groundingFrame) {
	for _, q := range f.queries {
		if len(g.queries) < maxQueries && !slices.Contains(g.queries, q) {
			g.queries = append(g.queries, q)
		}
	}
	pages := make([]int, len(f.chunks))
	for i, page := range f.chunks {
		pages[i] = g.page(page)
	}
	for _, s := range f.supports {
		var cited []int
		for _, chunk := range s.chunks {
			if chunk >= 0 && chunk < len(pages) && pages[chunk] >= 0 && !slices.Contains(cited, pages[chunk]) {
				cited = append(cited, pages[chunk])
			}
		}
		if s.chunks = cited; len(cited) > 0 && len(g.supports) < maxSupports {
			g.supports = append(g.supports, s)
		}
	}
	for _, r := range f.recited {
		if at := g.page(r.page); at >= 0 && len(g.supports) < maxSupports {
			r.chunks = []int{at}
			g.supports = append(g.supports, r.support)
		}
	}
	for _, url := range f.fetched {
		if len(g.fetched) == maxPages || g.seen[url] {
			continue
		}
		if g.seen == nil {
			g.seen = map[string]bool{}
		}
		g.seen[url] = true
		g.fetched = append(g.fetched, url)
	}
}

// page returns the index of p in pages; -1 if it has no name or no room.
func (g *grounding) page(p conversation.Page) int {
	if at, ok := g.index[p]; ok {
		return at
	}
	if p == (conversation.Page{}) || len(g.pages) >= maxPages {
		return -1
	}
	if g.index == nil {
		g.index = make(map[conversation.Page]int)
	}
	g.index[p] = len(g.pages)
	g.pages = append(g.pages, p)
	return g.index[p]
}
