package exchange

import (
	"sync"

	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
)

// lasting are the repairs that say something about a model at a backend, not
// about one request: they are remembered, so that the next request need not
// fail first.
const lasting = heal.OmitIDs | heal.OmitPenalties | heal.OmitLogprobs | heal.RaiseThinking | heal.NoTrailingModel

// learnedLimit bounds what is remembered: model names come from clients.
const learnedLimit = 1000

// learned remembers what models refused, for as long as the process lives.
type learned struct {
	mu    sync.Mutex
	known map[learnedKey]heal.Repairs
}

type learnedKey struct{ backend, model string }

// of returns the repairs that the model needs at the backend.
func (l *learned) of(backend, model string) heal.Repairs {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.known[learnedKey{backend, model}]
}

// add notes that an attempt with these repairs was answered.
func (l *learned) add(backend, model string, r heal.Repairs) {
	if r &= lasting; r == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= learnedLimit {
		l.known = map[learnedKey]heal.Repairs{}
	}
	l.known[learnedKey{backend, model}] |= r
}

// tableWith is what is known of models, corrected by what one has refused.
func tableWith(model string, r heal.Repairs) gemini.Table {
	table := gemini.DefaultTable
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
