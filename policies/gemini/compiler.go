package gemini

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"sync"

	"github.com/heald-proxy/heald/policies/conversation"
)

const (
	// DefaultCompilerSize is a good size for NewCompiler, in bytes: clients send
	// the same few dozen tools of 1 to 4 KB with every request.
	DefaultCompilerSize = 4 << 20
	// entryCost is approximately what an entry takes besides its schema, in bytes.
	entryCost = 256
	// minCached is the shortest schema that is remembered, in bytes: compiling
	// a shorter one costs no more than looking it up.
	minCached = 32
)

// Compiler compiles schemas and caches the results that were used last. It is
// safe for concurrent use; nil compiles and caches nothing.
type Compiler struct {
	limit int

	mu      sync.Mutex
	size    int
	entries map[schemaKey]*list.Element
	recent  list.List // of *compiled, the latest used first
}

// schemaKey names a schema and the way it is compiled.
type schemaKey struct {
	sum  [sha256.Size]byte
	opts schemaOptions
}

type compiled struct {
	key schemaKey
	// same says that the schema stayed as it was; out is what it became
	// otherwise.
	same bool
	out  conversation.Raw
	told []string // the warning of compileSchema
	work int      // what it cost, of a budget
}

func (c *compiled) cost() int {
	cost := entryCost + len(c.out)
	for _, name := range c.told {
		cost += len(name)
	}
	return cost
}

// NewCompiler makes a compiler that keeps up to limit bytes.
func NewCompiler(limit int) *Compiler {
	return &Compiler{limit: limit, entries: make(map[schemaKey]*list.Element)}
}

// compile is compileSchema with the cache. Its result may be shared and must not
// be changed. A cached result costs the budget what it cost at first: whether a
// request is accepted does not depend on what others sent before.
func (c *Compiler) compile(raw conversation.Raw, opts schemaOptions, budget *schemaBudget) (out conversation.Raw, told []string, err error) {
	if c == nil || len(raw) < minCached {
		return compileSchema(raw, opts, budget)
	}
	key := schemaKey{sum: sha256.Sum256(raw), opts: opts}
	if entry := c.get(key); entry != nil {
		switch {
		case !budget.spend(entry.work):
			return nil, nil, errSchemaSize
		case entry.same:
			return raw, nil, nil
		}
		return entry.out, entry.told, nil
	}
	before := budget.left
	out, told, err = compileSchema(raw, opts, budget)
	if err != nil {
		return nil, nil, err
	}
	entry := &compiled{key: key, same: bytes.Equal(out, raw), told: told, work: before - budget.left}
	if !entry.same {
		entry.out = bytes.Clone(out) // it may be a slice of the request
	}
	c.put(entry)
	return out, told, nil
}

func (c *Compiler) get(key schemaKey) *compiled {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.entries[key]
	if at == nil {
		return nil
	}
	c.recent.MoveToFront(at)
	return at.Value.(*compiled)
}

func (c *Compiler) put(entry *compiled) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[entry.key] != nil || entry.cost() > c.limit {
		return
	}
	c.entries[entry.key] = c.recent.PushFront(entry)
	c.size += entry.cost()
	for c.size > c.limit {
		oldest := c.recent.Remove(c.recent.Back()).(*compiled)
		delete(c.entries, oldest.key)
		c.size -= oldest.cost()
	}
}
