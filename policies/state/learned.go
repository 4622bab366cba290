package state

import (
	"crypto/sha256"
	"sync"

	"github.com/heald-proxy/heald/policies/heal"
)

// lasting are the repairs that say something about a model at a backend, not
// about one request: they are remembered, so that the next request need not
// fail first.
const lasting = heal.OmitIDs | heal.OmitPenalties | heal.OmitLogprobs | heal.RaiseThinking | heal.NoTrailingModel

// learnedLimit bounds what is remembered: model names come from clients.
const learnedLimit = 1000

// Learned remembers what models refused. It is of one replica, and ends with
// whoever holds it. The zero value knows nothing. It is safe for concurrent use.
type Learned struct {
	mu    sync.Mutex
	known map[learnedKey]heal.Repairs
	// heard is what only the text of an error said, by the request that met it.
	heard map[heardKey]uint64
}

// heardKey is one repair of a model at a backend.
type heardKey struct {
	learnedKey
	repair heal.Repairs
}

// learnedKey is a model at a backend. RelaxSchema also needs the schemas: other
// ones may be simple enough. Without them it says that there are some.
type learnedKey struct {
	backend, model string
	schemas        SchemaSum
}

// SchemaSum tells the schemas of requests apart.
type SchemaSum [sha256.Size]byte

// Of returns the repairs that the model needs at the backend. schemas is only
// asked where some were refused.
func (l *Learned) Of(backend, model string, schemas func() SchemaSum) heal.Repairs {
	known := l.get(learnedKey{backend: backend, model: model})
	if !known.Has(heal.RelaxSchema) {
		return known
	}
	return known&^heal.RelaxSchema | l.get(learnedKey{backend, model, schemas()})
}

func (l *Learned) get(k learnedKey) heal.Repairs {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[k]
}

// Add notes that a request was answered with these repairs. For those among
// them that are structured, upstream named the field. Of others only the text of
// an error spoke, and texts can quote what a client wrote: they are remembered
// once a second, different request needed the same. request tells requests apart.
func (l *Learned) Add(backend, model string, r, structured heal.Repairs, request uint64, schemas func() SchemaSum) {
	if r &= lasting | heal.RelaxSchema; r == 0 {
		return
	}
	k := learnedKey{backend: backend, model: model}
	if r.Has(heal.RelaxSchema) {
		of := learnedKey{backend, model, schemas()}
		if structured.Has(heal.RelaxSchema) || l.again(heardKey{of, heal.RelaxSchema}, request) {
			l.put(of, heal.RelaxSchema)
		} else {
			r &^= heal.RelaxSchema
		}
	}
	for bit := heal.Repairs(1); bit != 0; bit <<= 1 {
		if r&lasting&^structured&bit != 0 && !l.again(heardKey{k, bit}, request) {
			r &^= bit
		}
	}
	l.put(k, r)
}

// again reports whether another request has heard the same before.
func (l *Learned) again(k heardKey, request uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, known := l.heard[k]; known {
		return before != request
	}
	if l.heard == nil || len(l.heard) >= learnedLimit {
		l.heard = map[heardKey]uint64{}
	}
	l.heard[k] = request
	return false
}

func (l *Learned) put(k learnedKey, r heal.Repairs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r == 0 {
		return
	}
	if l.known == nil || len(l.known) >= learnedLimit {
		l.known = map[learnedKey]heal.Repairs{}
	}
	l.known[k] |= r
}

// Len is how much is remembered: what models refused, and what only the text of an
// error said of them.
func (l *Learned) Len() (known, heard int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.known), len(l.heard)
}
