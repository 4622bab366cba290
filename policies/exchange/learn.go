package exchange

import (
	"crypto/sha256"
	"strconv"

	"github.com/heald-proxy/heald/policies/conversation"
	"github.com/heald-proxy/heald/policies/gemini"
	"github.com/heald-proxy/heald/policies/heal"
	"github.com/heald-proxy/heald/policies/state"
)

// learn remembers the repairs with which the model has answered. Error texts do
// not count for requests that have upstream run tools, however often they come:
// they may be those of a server that the client chose.
func (a *attempt) learn() {
	repairs, structured := a.repairs(), a.memory.LastingAt(a.backend.Name, a.model)
	if a.tools {
		repairs &= structured
	}
	a.x.learned.Add(a.backend.Name, a.model, repairs, structured, uint64(a.sum), a.schemas)
}

// unlearn ends learned repairs after an empty answer, if this request was never
// refused without them: they may have emptied it.
func (a *attempt) unlearn(reason string) {
	if a.taught == 0 {
		return
	}
	a.x.learned.Unlearn(a.backend.Name, a.model, a.taught, a.sentAt, "an answer under it was empty: "+reason, a.schemas)
	a.taught = 0
}

// empty reports a reason that means that an answer finished without content, or
// with thoughts alone.
func empty(reason string) bool {
	return reason == heal.ReasonPeekNoContent || reason == heal.ReasonPeekThoughts || reason == heal.ReasonPeekEOF
}

// unlearnPassed is unlearn for an answer that the client has, as a stream is
// passed on with its first thought.
func (a *attempt) unlearnPassed(outcome string) {
	if outcome != "passed" || a.answer == nil || a.resumption != nil {
		return
	}
	if g := a.answer.peeked(true); g.Finish == conversation.FinishStop && !g.Answer {
		a.unlearn(heal.ReasonPeekThoughts)
	}
}

// schemasOf is the checksum of a request's schemas.
func (a *attempt) schemasOf(body []byte) state.SchemaSum {
	var list [][]byte
	if d := a.features.Direct; d != nil {
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
	return state.SchemaSum(h.Sum(nil))
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

// tableWith is the capability table, corrected by what a model has refused.
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
