package exchange

import (
	"crypto/sha256"
	"strconv"
	"sync"

	"github.com/heald-proxy/heald/policies/account"
	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// lasting are the repairs that say something about a model at a backend, not
// about one request: they are remembered, so that the next request need not
// fail first.
const lasting = heal.OmitIDs | heal.OmitPenalties | heal.OmitLogprobs | heal.RaiseThinking | heal.NoTrailingModel

// learnedLimit bounds what is remembered: model names come from clients.
const learnedLimit = 1000

// learned remembers what models refused, for as long as the process lives and
// its configuration stays.
type learned struct {
	mu    sync.Mutex
	known map[learnedKey]heal.Repairs
	// heard is what only the text of an error said, by the request that met it.
	heard map[heardKey]account.RequestSum
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
	schemas        schemaSum
}

// of returns the repairs that the model needs at the backend. schemas is only
// asked where some were refused.
func (l *learned) of(backend, model string, schemas func() schemaSum) heal.Repairs {
	known := l.get(learnedKey{backend: backend, model: model})
	if !known.Has(heal.RelaxSchema) {
		return known
	}
	return known&^heal.RelaxSchema | l.get(learnedKey{backend, model, schemas()})
}

func (l *learned) get(k learnedKey) heal.Repairs {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[k]
}

// learn remembers the repairs with which the model has answered. The texts of
// errors on requests that have upstream run tools do not count, however often
// they come: they may be those of a server that the client chose.
func (a *attempt) learn() {
	repairs, structured := a.repairs(), a.memory.LastingAt(a.backend.Name, a.model)
	if a.tools {
		repairs &= structured
	}
	a.x.learned.add(a.backend.Name, a.model, repairs, structured, a.sum, a.schemas)
}

// add notes that a request was answered with these repairs. For those among
// them that are structured, upstream named the field. Of others only the text of
// an error spoke, and texts can quote what a client wrote: they are remembered
// once a second, different request needed the same.
func (l *learned) add(backend, model string, r, structured heal.Repairs, sum account.RequestSum, schemas func() schemaSum) {
	if r &= lasting | heal.RelaxSchema; r == 0 {
		return
	}
	k := learnedKey{backend: backend, model: model}
	if r.Has(heal.RelaxSchema) {
		of := learnedKey{backend, model, schemas()}
		if structured.Has(heal.RelaxSchema) || l.again(heardKey{of, heal.RelaxSchema}, sum) {
			l.put(of, heal.RelaxSchema)
		} else {
			r &^= heal.RelaxSchema
		}
	}
	for bit := heal.Repairs(1); bit != 0; bit <<= 1 {
		if r&lasting&^structured&bit != 0 && !l.again(heardKey{k, bit}, sum) {
			r &^= bit
		}
	}
	l.put(k, r)
}

// again reports whether another request has heard the same before.
func (l *learned) again(k heardKey, sum account.RequestSum) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if before, known := l.heard[k]; known {
		return before != sum
	}
	if l.heard == nil || len(l.heard) >= learnedLimit {
		l.heard = map[heardKey]account.RequestSum{}
	}
	l.heard[k] = sum
	return false
}

func (l *learned) put(k learnedKey, r heal.Repairs) {
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

// schemaSum tells the schemas of requests apart.
type schemaSum [sha256.Size]byte

// schemaTeller is a direct dialect that can tell the schemas of a body.
type schemaTeller interface{ Schemas(body []byte) [][]byte }

// schemasOf sums the schemas of a request up.
func (a *attempt) schemasOf(body []byte) schemaSum {
	var list [][]byte
	if d, ok := a.dialect.(schemaTeller); ok {
		list = d.Schemas(body)
	} else {
		list = neutralSchemas(a.req)
	}
	h := sha256.New()
	for _, s := range list {
		h.Write(strconv.AppendInt(nil, int64(len(s)), 10))
		h.Write([]byte{':'})
		h.Write(s)
	}
	return schemaSum(h.Sum(nil))
}

func neutralSchemas(req *conversation.Request) (list [][]byte) {
	for i := range req.Tools {
		list = append(list, req.Tools[i].Schema)
	}
	if req.Format != nil {
		list = append(list, req.Format.Schema)
	}
	return list
}

// tableWith is what is known of models, corrected by what one has refused.
func tableWith(table gemini.Table, model string, r heal.Repairs) gemini.Table {
	if !r.Has(heal.RaiseThinking | heal.NoTrailingModel) {
		return table
	}
	can := table.Capabilities(model)
	if r.Has(heal.NoTrailingModel) {
		can.NoTrailingModel = true
	}
	if r.Has(heal.RaiseThinking) {
		if len(can.Levels) > 1 {
			can.Levels = can.Levels[1:]
		} else {
			can.Thinking = gemini.NoControl
		}
	}
	return table.With(gemini.Row{Model: model, Capability: can})
}
