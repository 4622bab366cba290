package exchange

import (
	"strings"

	"sync"

	"github.com/heald-proxy/heald/policies/redact"
)

const (
	// pathLimit bounds the path in records, in bytes.
	pathLimit = 200
	// pathsKept bounds the cache of paths. Clients use few; a path that a client
	// makes up costs it the search.
	pathsKept = 256
)

// paths caches paths without credentials, as records may contain them. Searching
// one for credentials takes far longer than the rest of a record.
type paths struct {
	mu    sync.Mutex
	known map[string]string
}

// text is a path without credentials.
func (p *paths) text(x *Exchange, path string) string {
	path = redact.Bound(pathOf(path), pathLimit)
	p.mu.Lock()
	text, ok := p.known[path]
	p.mu.Unlock()
	if ok {
		return text
	}
	path = strings.Clone(path) // it is kept, and the headers that it is a part of are not
	text = x.forLog(path)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil {
		p.known = map[string]string{}
	}
	if len(p.known) < pathsKept {
		p.known[path] = text
	}
	return text
}
